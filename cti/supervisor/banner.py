"""What `hotline run` says once the hotline takes calls."""

from cti.asterisk.options import RuntimeOptions
from cti.supervisor.plan import CALLER
from cti.supervisor.settings import RunSettings


def banner(settings: RunSettings, options: RuntimeOptions, server_pid: int) -> str:
    """Return the text: number to dial, accounts, addresses, where to look, how to stop."""
    layout = settings.layout
    web = f"http://{settings.http_host}:{settings.http_port}"
    sip = f"{settings.sip_host}:{settings.sip_port}"
    accounts = "\n".join(f"    {phone.name:<10} {phone.password}" for phone in options.phones if phone.name != CALLER)
    caller = next(phone for phone in options.phones if phone.name == CALLER)
    return f"""
The hotline takes calls.

  Dial          {" or ".join(options.numbers)}  with a SIP phone (UDP) at {sip}
  Demo caller   {caller.name}  password {caller.password}  shows {caller.number}: docs/demo.md says who that is
  Agents        log in with *45, pause with *46, callers waiting *47; account and password:
{accounts}

  API           {web}/api/status    token in {layout.secrets / "api-token"}
  Docs          {web}/docs
  Flows         {web}/flows
  Metrics       {web}/metrics
  Health        {web}/healthz  {web}/readyz
  Logs          {layout.root / "server.log"}  {layout.log / "messages.log"}

  Try           kill -9 {server_pid}   while you are on the phone: you stay on the line
  Stop          Ctrl-C
"""
