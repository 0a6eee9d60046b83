"""The operations of Trusted Twin that Twinhold has, and those that it adds, marked as ours.

Source: spec/trusted-twin.md section 14.

"""

from twinhold.api.kit.operations import Dialect, Operation, Parameter
from twinhold.api.trusted_twin import accounts, errors, twins, whoami, wire

OPERATIONS = (
    Operation(
        name="create_account",
        method="POST",
        path="/accounts",
        handler=accounts.create_account,
        summary="Make an account with its administrator; ours, operator only.",
        status=201,
        request=wire.AccountInput,
        response=wire.AccountCredentials,
    ),
    Operation(
        name="who_am_i",
        method="GET",
        path="/whoami",
        handler=whoami.who_am_i,
        summary="Tell account, user and role of the credential.",
        response=wire.WhoAmI,
    ),
    Operation(
        name="scan_twins",
        method="GET",
        path="/twins",
        handler=twins.scan_twins,
        summary="Scan the twins that the caller's account owns, in the order of their creation.",
        query=(
            Parameter("cursor", str, "", "The cursor of the last page; without it from the start."),
            Parameter("count", int, 100, "How many twins to look at, 1 to 1000."),
            Parameter("match", str, None, "A rule; only twins that match it are returned."),
            Parameter("details", bool, False, "Return whole twins instead of UUIDs."),
        ),
        response=wire.TwinPage,
    ),
    Operation(
        name="create_twin",
        method="POST",
        path="/twins",
        handler=twins.create_twin,
        summary="Create a twin.",
        status=201,
        request=wire.TwinInput,
        response=wire.Twin,
    ),
    Operation(
        name="get_twin",
        method="GET",
        path="/twins/{twin}",
        handler=twins.get_twin,
        summary="Read a twin.",
        query=(
            Parameter("show_terminated", bool, True, "With false a terminated twin is not found."),
        ),
        response=wire.Twin,
    ),
    Operation(
        name="update_twin",
        method="PATCH",
        path="/twins/{twin}",
        handler=twins.update_twin,
        summary="Replace the description of a twin; owner only.",
        request=wire.TwinInput,
        response=wire.Twin,
    ),
    Operation(
        name="terminate_twin",
        method="DELETE",
        path="/twins/{twin}",
        handler=twins.terminate_twin,
        summary="Terminate a twin for good; owner only.",
        response=wire.Twin,
    ),
)

DIALECT = Dialect(
    name="trusted_twin",
    title="Trusted Twin",
    prefix="/",
    operations=OPERATIONS,
    error=errors.ErrorBody,
    render_error=errors.render,
)
