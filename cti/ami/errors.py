"""Errors of the AMI adapter.

AmiError
├── LinkDown            the action could not be sent, or the link was lost before its answer: the outcome is unknown
├── ActionTimeout       no answer within the deadline: the outcome is unknown
├── ActionRefused       Asterisk answered `Response: Error`
├── LoginRefused        wrong account or secret, or an ACL
└── UnsafeValue         a value that would break out of its header line; nothing was sent

OwnershipLost           no fault of the link: this server may not act any more
"""


class AmiError(Exception):
    """Base of everything the adapter raises."""


class LinkDown(AmiError):
    """The link is down or was lost before the answer. Read the channels, then decide; never repeat blindly."""


class ActionTimeout(AmiError):
    """Asterisk did not answer within the deadline. The outcome is unknown, as with LinkDown."""


class ActionRefused(AmiError):
    """Asterisk refused the action; the text is its own `Message`."""


class LoginRefused(AmiError):
    """Asterisk refused the login. Compare the user and secret with manager.conf, and its permit lines with this host."""


class UnsafeValue(AmiError):
    """A header value with a line break, a NUL or more than 1,000 bytes. Encode or shorten it."""


class OwnershipLost(Exception):
    """Another server owns the calls, or this one was paused. The process must end with status 3 and touch nothing."""
