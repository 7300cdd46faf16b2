"""What can go wrong, as one small tree.

SoundstageError
├── NotRunning      the state folder holds no running platform
├── StartFailed     a process did not come up in time
├── UnknownFault    no file of that name on the shelf
├── BadTarget       a fault was aimed at something it cannot break
└── BadSetting      something was asked for that the platform cannot be
"""


class SoundstageError(Exception):
    """Something in soundstage failed; the message says what and what to do."""


class NotRunning(SoundstageError):
    """The state folder holds no running platform."""


class StartFailed(SoundstageError):
    """A process did not come up in time."""


class UnknownFault(SoundstageError):
    """No fault of that name is on the shelf."""


class BadTarget(SoundstageError):
    """The fault cannot break that target, or one of its parameters is wrong."""


class BadSetting(SoundstageError):
    """Something was asked for that the platform cannot be."""
