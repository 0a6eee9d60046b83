"""The commands `twinhold account ...` and `twinhold keys ...`: for the operator."""

import argparse
import sys

import msgspec

from twinhold.commands import options
from twinhold.commands.options import THROUGH, Commands, Formatter, reached


def add_to(commands: Commands) -> None:
    """Add the commands."""
    account = options.group(commands, "account", "make accounts")
    create = account.add_parser(
        "create",
        formatter_class=Formatter,
        help="make an account",
        description="Make an account with its role, user and secret, and print them as JSON. "
        + THROUGH,
    )
    create.add_argument("name", metavar="NAME", help="the account's name")
    options.add_registry_options(create)
    create.set_defaults(run=create_account)

    keys = options.group(commands, "keys", "the registry's own keys")
    rotate = keys.add_parser(
        "rotate",
        formatter_class=Formatter,
        help="sign tokens with a new key",
        description="Sign tokens with a new key from now on; valid tokens stay valid. " + THROUGH,
    )
    options.add_registry_options(rotate)
    rotate.set_defaults(run=rotate_keys)


def create_account(flags: argparse.Namespace) -> None:
    """Make an account and print its credentials."""
    with reached(flags) as registry:
        made = registry.create_account(flags.name)
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(made)).decode() + "\n")


def rotate_keys(flags: argparse.Namespace) -> None:
    """Sign tokens with a new key."""
    with reached(flags) as registry:
        count = registry.rotate_keys()
    sys.stdout.write(f"Tokens are signed with a new key; {count} keys verify them.\n")
