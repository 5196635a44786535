"""Errors of the plumbing.

CoreError
├── SettingsError       the environment is incomplete or contradicts itself
├── MoneyError          a float, a mix of currencies, an unknown currency
└── PhoneError          text that is no phone number
"""


class CoreError(Exception):
    """The base of core's errors; `code` is what other layers translate into words or HTTP."""

    code = "core_error"


class SettingsError(CoreError):
    """The process must not start; the message names every setting that is wrong."""

    code = "settings"


class MoneyError(CoreError):
    """An amount that cannot be represented exactly, or two that cannot be added."""

    code = "money"


class PhoneError(CoreError):
    """The text is not a phone number that could exist."""

    code = "phone"
