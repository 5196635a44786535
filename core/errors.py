"""Errors of the plumbing.

CoreError
├── SettingsError       the environment is incomplete or contradicts itself
├── CryptoError         a sealed value that does not open
├── MoneyError          a float, a mix of currencies, an unknown currency
├── PhoneError          text that is no phone number
└── StorageError
    ├── StorageKeyRefused   a key that could lead out of the folder
    ├── StorageMissing      nothing was stored under the key
    ├── StorageConflict     other bytes are stored under the key
    └── StorageUnavailable  the place does not answer, or does not let us in
"""


class CoreError(Exception):
    """The base of core's errors; `code` is what other layers translate into words or HTTP."""

    code = "core_error"


class SettingsError(CoreError):
    """The process must not start; the message names every setting that is wrong."""

    code = "settings"


class CryptoError(CoreError):
    """A sealed value was changed or moved, or its key is not among the settings; the message says which."""

    code = "crypto"


class MoneyError(CoreError):
    """An amount that cannot be represented exactly, or two that cannot be added."""

    code = "money"


class PhoneError(CoreError):
    """The text is not a phone number that could exist."""

    code = "phone"


class StorageError(CoreError):
    """A document could not be stored or fetched; the message is the key, and what went wrong where that is known."""

    code = "storage"


class StorageKeyRefused(StorageError):
    """No key of ours looks like this, so nothing was touched."""

    code = "storage_key_refused"


class StorageMissing(StorageError):
    """Nothing was ever stored under the key."""

    code = "storage_missing"


class StorageConflict(StorageError):
    """Something else is stored under the key, and documents never change."""

    code = "storage_conflict"


class StorageUnavailable(StorageError):
    """Down, too slow, full, or our credentials are refused: nothing is known about the document. Try again later."""

    code = "storage_unavailable"
