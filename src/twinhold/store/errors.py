"""What can go wrong in a store, whichever engine it runs on."""


class StoreError(Exception):
    """Base of everything a store raises on purpose; the text is for the operator."""


class StoreUnavailableError(StoreError):
    """The engine does not answer now (database away, disk full); what was asked is not promised.

    When the connection breaks while PostgreSQL commits, only the database knows what happened.
    """


class StoreInUseError(StoreError):
    """Another process has this data directory open."""


class AccessChangedError(StoreError):
    """Users, roles or secrets have changed since the principal was loaded: load it anew."""


class SchemaTooNewError(StoreError):
    """The store was written by a later Twinhold than this one."""


class SchemaTooOldError(StoreError):
    """No server of this Twinhold has opened the store yet."""
