"""The domain: twins, accounts and who may do what; knows no HTTP and no SQL.

Use cases are async functions whose first argument is the store's transaction. Each reads top to
bottom as the sentence one would say aloud: who asks, may they, is it possible, do it.
"""

from twinhold.registry.registry import Registry

__all__ = ["Registry"]
