"""What machine this is."""

import re
from pathlib import Path


def host_codename() -> str:
    """Return this machine's release code name, for example `bookworm`; empty where it has none."""
    try:
        text = Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return ""
    found = re.search(r"^VERSION_CODENAME=\"?([\w-]+)", text, re.MULTILINE)
    return found[1] if found else "sid"
