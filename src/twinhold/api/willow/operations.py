"""The operations of the Willow API that Twinhold has, and those that it adds, marked as ours.

Each resource's module has its handlers and, at its end, its operations. Where the vendor's pages
name an operation, that is its name here. Source: spec/willow.md 2 to 6.
"""

from dataclasses import replace

from twinhold.api.kit.operations import Dialect
from twinhold.api.willow import errors, models, oauth, queries, relationships, time_series, twins

PREFIX = "/api/v3"

OPERATIONS = (
    twins.AT_THE_ROOT,
    *(
        replace(operation, path=PREFIX + operation.path)
        for resource in (oauth, models, twins, queries, relationships, time_series)
        for operation in resource.OPERATIONS
    ),
)

DIALECT = Dialect(
    name="willow",
    title="Willow",
    prefix=f"{PREFIX}/",
    operations=OPERATIONS,
    error=errors.ProblemDetails,
    render_error=errors.render,
    limited_groups=(f"{PREFIX}/time-series", f"{PREFIX}/twins"),
)
