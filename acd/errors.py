"""Errors of this package.

AcdError
 +- UnknownCall        a question about a call nobody remembers
 +- UnknownStrategy    a queue names a ranking that is not registered
 +- InvalidTransition  the engine tried an illegal move (a bug): carries the story so far

`Engine.handle` raises none of the first two: whatever is told late, twice or wrongly becomes the fact `EventIgnored`.
"""

from __future__ import annotations


class AcdError(Exception):
    """Base of all errors of the routing engine."""


class UnknownCall(AcdError):
    """Nothing is known about this call (never queued, or ended too long ago)."""


class UnknownStrategy(AcdError):
    """A queue names a ranking strategy that is not registered."""


class InvalidTransition(AcdError):
    """An illegal move was tried; the message carries the last events."""
