"""The operations of the Willow API that Twinhold has, and those that it adds, marked as ours.

Each resource's module has its handlers and, at its end, its operations. Where the vendor's pages
name an operation, that is its name here. Source: spec/willow.md 2 to 6.
"""

import re
from dataclasses import replace

from twinhold.api.kit.forms import TwinId
from twinhold.api.kit.operations import Dialect
from twinhold.api.willow import errors, models, oauth, queries, relationships, time_series, twins

PREFIX = "/api/v3"
ANY_JSON = re.compile(rb"(?:application|text)/(?:[\w.-]+\+)?json\s*(?:;|\Z)", re.IGNORECASE)
"""`application/json`, `text/json` and `application/*+json` (spec/willow.md 1)."""

OPERATIONS = (
    replace(twins.AT_THE_ROOT, accepts=ANY_JSON),
    *(
        replace(
            operation,
            path=PREFIX + operation.path,
            accepts=None if operation.request is None or operation.public else ANY_JSON,
        )
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
    path_types={"id": TwinId, "twinId": TwinId},
    null_is_absent=True,
    limited_groups=(f"{PREFIX}/time-series", f"{PREFIX}/twins"),
)
