"""The operations that every Twinhold has, whatever dialects it speaks."""

from twinhold.api.kit.metrics import MEDIA_TYPE, Metrics
from twinhold.api.kit.operations import Dialect, Operation
from twinhold.api.twinhold import errors, exchange, pages, wire

NAMES = ("health", "metrics", "openapi", "docs", *(one.name for one in exchange.OPERATIONS))


def dialect(metrics: Metrics, others: tuple[Dialect, ...]) -> Dialect:
    """Pages, imports and exports; the reference shows the other dialects and these."""

    def every() -> tuple[Dialect, ...]:
        return (*others, own)

    own = Dialect(
        name="twinhold",
        title="Twinhold",
        prefix="/",
        error=errors.ErrorBody,
        render_error=errors.render,
        operations=(
            *exchange.OPERATIONS,
            Operation(
                name="health",
                method="GET",
                path="/health",
                handler=pages.health,
                summary="Answer when the store answers.",
                response=wire.Health,
                public=True,
            ),
            Operation(
                name="metrics",
                method="GET",
                path="/metrics",
                handler=pages.metrics(metrics),
                summary="Counts and durations of requests, in the text format of Prometheus.",
                response_media=MEDIA_TYPE,
                public=True,
            ),
            Operation(
                name="openapi",
                method="GET",
                path="/openapi.json",
                handler=pages.openapi_document(every),
                summary="The OpenAPI 3.1 document.",
                public=True,
            ),
            Operation(
                name="docs",
                method="GET",
                path="/docs",
                handler=pages.reference_page(every),
                summary="The reference page.",
                response_media=pages.HTML,
                public=True,
            ),
        ),
    )
    return own
