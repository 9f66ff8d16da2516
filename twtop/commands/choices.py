"""The options that say what to see: ``--filter``, ``--by`` and ``--sort``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twtop.core.filter import Everything, FilterError, parse
from twtop.core.table.fields import DEFAULT_SORT
from twtop.core.table.keys import DEFAULT_KEYS, parse_keys
from twtop.core.table.view import Spec
from twtop.errors import UsageError
from twtop.kernel.services import service_port

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable

    from twtop.core.filter import Expr


def chosen_view(arguments: Namespace, fields: Iterable[str]) -> Spec:
    """Read the three options; ``fields`` are the ones to sort by.

    Raises:
        UsageError: one of them cannot be understood.
    """
    sort = DEFAULT_SORT if arguments.sort is None else arguments.sort
    names = tuple(fields)
    if sort not in names:
        raise UsageError(f"--sort: there is no field {sort!r} here; the fields are {', '.join(names)}")
    keys = DEFAULT_KEYS if arguments.by is None else parse_keys(arguments.by)
    return Spec(filter=chosen_filter(arguments.filter), keys=keys, sort=sort)


def chosen_filter(text: str | None) -> Expr:
    """Read ``--filter``; raises UsageError if it cannot be understood."""
    if text is None:
        return Everything()
    try:
        return parse(text, service_port)
    except FilterError as error:
        pointer = error.pointer().replace("\n", "\n  ")
        raise UsageError(f"{error}\n  {pointer}") from error
