"""The voice menus: a pure interpreter of flow files. It imports neither `acd` nor `cti` and does nothing itself."""

from ivr.secret import Secret

__all__ = ["Secret"]
