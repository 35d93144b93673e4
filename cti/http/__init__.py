"""The HTTP side: health, metrics, the API with its own description, and a page that shows it."""

from cti.http.app import make_app
from cti.http.deps import ApiDeps, LiveCall
from cti.http.listening import serving

__all__ = ["ApiDeps", "LiveCall", "make_app", "serving"]
