"""Where fetched programs are kept."""

import os
from collections.abc import Mapping
from pathlib import Path

CACHE_VARIABLE = "HOTLINE_CACHE_DIR"
_FOLDER_NAME = "hotline-acd"


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the user's cache folder of this project (absolute; it may not exist yet).

    Order: HOTLINE_CACHE_DIR itself, then `hotline-acd` below XDG_CACHE_HOME, then `~/.cache/hotline-acd`.
    A relative XDG_CACHE_HOME is ignored, as the XDG base directory specification asks.
    """
    own = environment.get(CACHE_VARIABLE)
    if own:
        return Path(own).expanduser().absolute()
    xdg = Path(environment.get("XDG_CACHE_HOME") or "")
    if xdg.is_absolute():
        return xdg / _FOLDER_NAME
    home = Path(environment["HOME"]) if environment.get("HOME") else Path.home()
    return home / ".cache" / _FOLDER_NAME
