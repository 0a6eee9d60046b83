"""The engine for several workers and machines: PostgreSQL, through asyncpg."""

from twinhold.store.postgres.engine import PostgresStore, connect, reading, write_alone

__all__ = ["PostgresStore", "connect", "reading", "write_alone"]
