"""What can go wrong while a program is sought or fetched."""


class ProvisionError(Exception):
    """A program cannot be had. The message says what is missing and how to mend it, ready to be shown to a person."""


class SettingError(ProvisionError):
    """What the user has set cannot be used, so trying again changes nothing; commands end with the status of bad input."""
