"""An open registry: the store, who is known to it, and its keys."""

import asyncio
import hashlib
from dataclasses import dataclass

from twinhold.blobs import Blobs
from twinhold.registry import keys
from twinhold.registry.attribute_indexes import Indexer
from twinhold.registry.authentication import Authenticator
from twinhold.registry.collecting import Collector
from twinhold.registry.cursors import Cursors
from twinhold.registry.downloads import Downloads
from twinhold.registry.ledgers.references import Refresher
from twinhold.registry.uploads import Arrivals
from twinhold.registry.validation import Validation
from twinhold.store import Store


@dataclass(frozen=True, slots=True)
class Registry:
    """What the dialects work on.

    Attributes:
        actions: every action that a statement may name.
        validation: how far twins and relationships that clients put must follow their models.
    """

    store: Store
    authenticator: Authenticator
    cursors: Cursors
    actions: frozenset[str]
    pin_key: bytes
    indexer: Indexer
    references: Refresher
    blobs: Blobs
    arrivals: Arrivals
    downloads: Downloads
    collector: Collector
    validation: Validation

    @classmethod
    async def open(
        cls,
        store: Store,
        actions: frozenset[str],
        blobs: Blobs,
        validation: Validation = "strict",
    ) -> "Registry":
        """A registry over an open store; makes its keys when they are missing."""
        kept = await store.write(keys.load)
        return cls(
            store=store,
            authenticator=Authenticator(store, kept.tokens),
            cursors=Cursors(kept.cursors),
            actions=actions,
            pin_key=kept.pins,
            indexer=Indexer(store),
            references=Refresher(store),
            blobs=blobs,
            arrivals=Arrivals(store, blobs),
            downloads=Downloads(kept.downloads),
            collector=Collector(store, blobs),
            validation=validation,
        )

    async def start(self) -> None:
        """Begin the work that goes on beside the requests."""
        await self.indexer.resume()
        await self.references.start()
        self.collector.start()

    async def close(self) -> None:
        """End it; what is left is done after the next start."""
        await asyncio.gather(self.indexer.close(), self.references.close(), self.collector.close())

    def pin_digest(self, account: str, pin: str) -> bytes:
        """What is kept of a PIN; its case does not count."""
        said = f"{account} {pin.upper()}".encode()
        return hashlib.blake2b(said, key=self.pin_key).digest()
