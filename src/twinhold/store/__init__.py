"""Where twins are kept: statements written once, and the two engines that run them.

Knows no HTTP and no rule of access. A use case reaches the store through `Store.read` and
`Store.write`; both take an async function whose first argument is the `Transaction`.
"""

from twinhold.store.engine import Row, Store, Transaction
from twinhold.store.errors import (
    AccessChangedError,
    SchemaTooNewError,
    SchemaTooOldError,
    StoreError,
    StoreInUseError,
    StoreUnavailableError,
)
from twinhold.store.open import open_reading, open_store

__all__ = [
    "AccessChangedError",
    "Row",
    "SchemaTooNewError",
    "SchemaTooOldError",
    "Store",
    "StoreError",
    "StoreInUseError",
    "StoreUnavailableError",
    "Transaction",
    "open_reading",
    "open_store",
]
