"""Statements about the registry's own keys."""

from twinhold.store.statement import Statement

ALONE = Statement("{migration_lock}")
"""Waits until no other process starts up on this store, and lets none until the commit."""

SELECT_KEYS = Statement("SELECT purpose, key FROM registry_keys")

INSERT_KEY = Statement("INSERT INTO registry_keys (purpose, key) VALUES (:purpose, :key)")
