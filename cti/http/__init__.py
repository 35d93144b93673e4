"""The HTTP side: health, metrics, the API with its own description, and a page that shows it."""

from cti.http.app import make_app
from cti.http.deps import ApiDeps, LiveCall
from cti.http.serving import ListenError, serving

__all__ = ["ApiDeps", "ListenError", "LiveCall", "make_app", "serving"]
