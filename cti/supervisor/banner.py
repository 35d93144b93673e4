"""What `hotline run` says once the hotline takes calls."""

from pathlib import Path

from cti.asterisk.options import RuntimeOptions
from cti.supervisor.plan import CALLER
from cti.supervisor.settings import RunSettings
from cti.users.file import FILE


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
  Wallboard     {web}/wallboard{_log_in_hint(layout.root)}
  Docs          {web}/docs
  Flows         {web}/flows
  Metrics       {web}/metrics
  Health        {web}/healthz  {web}/readyz
  Logs          {layout.root / "server.log"}  {layout.log / "messages.log"}

  Try           kill -9 {server_pid}   while you are on the phone: you stay on the line
  Stop          Ctrl-C
"""


def _log_in_hint(run_dir: Path) -> str:
    """Return how the first user is made, while there is none."""
    return "" if (run_dir / FILE).exists() else "    first: .venv/bin/hotline user add NAME --role operations_manager"
