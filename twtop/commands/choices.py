"""What the command line chose, read where it is costly to read, and put before what a file says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twtop.core.filter import FilterError
from twtop.core.options.kinds import Name, OptionError
from twtop.core.options.screen import OPTIONS
from twtop.core.table.keys import DEFAULT_KEYS, DEFAULT_KEYS_OF_ALL
from twtop.core.table.view import Spec
from twtop.errors import UsageError
from twtop.kernel.services import service_port
from twtop.sources.watch import ALL

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable

    from twtop.core.options.kinds import Kind


def chosen_view(arguments: Namespace, fields: Iterable[str]) -> Spec:
    """Read ``--filter``, ``--by`` and ``--sort``; ``fields`` are the ones to sort by.

    Raises:
        UsageError: one of them cannot be understood.
    """
    default = DEFAULT_KEYS_OF_ALL if arguments.netns == ALL else DEFAULT_KEYS
    chosen = {"keys": default, **chosen_options(arguments, ("filter", "keys"))}
    names = tuple(fields)
    if arguments.sort is not None:
        chosen["sort"] = _read(Name("field", lambda: names, "FIELD"), "--sort", arguments.sort)
    return Spec(**chosen)


def chosen_options(arguments: Namespace, members: Iterable[str] = OPTIONS) -> dict[str, Any]:
    """Return what the command line says of options, by their members' names.

    Raises:
        UsageError: one of them cannot be understood.
    """
    chosen: dict[str, Any] = {}
    for member in members:
        option = OPTIONS[member]
        said = getattr(arguments, member, None)
        if said is not None and option.flag is not None:
            chosen[member] = said if option.kind.is_light else _read(option.kind, option.flag, said)
    return chosen


def _read(kind: Kind[Any], flag: str, text: str) -> Any:
    try:
        return kind.of_text(text, service_port)
    except FilterError as error:
        raise UsageError(error.pointed()) from error
    except OptionError as error:
        raise UsageError(f"{flag}: {error}") from error
