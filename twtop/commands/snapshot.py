"""``twtop snapshot``: print one instant."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from typing import TYPE_CHECKING

from twtop.commands.choices import chosen_view
from twtop.commands.recorded import is_recorded, recording_of
from twtop.core.signs import ASCII, UNICODE
from twtop.core.table.view import view
from twtop.export.csv_ import groups_csv, sockets_csv
from twtop.export.json_ import json_text, owners_lack
from twtop.export.output import emit, remark
from twtop.export.records import Origin
from twtop.export.table import OF_ONE_INSTANT, groups_table, sockets_table
from twtop.kernel.host import read_host
from twtop.kernel.namespaces.choice import choose_namespace
from twtop.kernel.namespaces.listing import own_namespace
from twtop.kernel.sockdiag.bytecode import compile_filter
from twtop.kernel.sysctl import WATCHED
from twtop.sources.labels import read_user_labels
from twtop.sources.namespaces.source import open_source
from twtop.sources.panorama import Panorama
from twtop.sources.replay.recording import narrowed
from twtop.sources.snapshots import Taken, lacks_of, moments, take_all, together
from twtop.sources.watch import ALL
from twtop.ui.terminal.capabilities import capabilities

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Sequence

    from twtop.core.table.view import View
    from twtop.kernel.host import HostInfo


def print_snapshot(arguments: Namespace) -> int:
    """Take one snapshot and print it in the chosen format; return the exit status.

    Raises:
        UsageError: the arguments contradict each other, or one cannot be understood.
        RecordingError: what is read instead of this host cannot be read.
        KernelError: the kernel gives no list of sockets.
        HostError: standard output cannot be written.
    """
    if is_recorded(arguments):
        return _print_recorded(arguments)
    spec = chosen_view(arguments, (field.name for field in OF_ONE_INSTANT))
    owners = arguments.owners or spec.names_owners
    # JSON tells of the ports of all sockets, whatever the filter. The owner of what nobody holds is told by
    # other sockets: listeners, and connections to the same end.
    wanted = None if owners or arguments.format == "json" else compile_filter(spec.filter)
    if arguments.netns == ALL:
        taken = take_all(wanted, read_user_labels())
        host = read_host()._replace(namespace_label=ALL)
        return _print(view(together(taken, owners=owners), spec), host, arguments, taken)
    namespace = own_namespace() if arguments.netns is None else choose_namespace(arguments.netns)
    with closing(open_source(namespace)) as source:
        snapshot = source.take(wanted).labelled(read_user_labels())
        (moment,) = moments([snapshot], owners=owners)
        return _print(view(moment, spec), source.host, arguments)


def _print_recorded(arguments: Namespace) -> int:
    """Print a look of a recording as if it were taken now."""
    with recording_of(arguments) as recording:
        looked = narrowed(recording.look(recording.row(arguments.at), alone=True), arguments.netns)
        origin = Origin.of(recording.tape)
    arguments.netns = ALL if isinstance(looked, Panorama) else None
    shown = view(looked.moment, chosen_view(arguments, (field.name for field in OF_ONE_INSTANT)))
    taken = [
        Taken(place.namespace, None if place.frame is None else place.frame.moment.snapshot, place.problem)
        for place in (looked.places if isinstance(looked, Panorama) else ())
    ]
    return _print(shown, looked.host, arguments, taken, origin)


def _print(
    shown: View,
    host: HostInfo,
    arguments: Namespace,
    taken: Sequence[Taken] = (),
    recorded: Origin | None = None,
) -> int:
    if arguments.format == "json":
        emit(
            json_text(
                shown,
                host,
                WATCHED,
                sockets=arguments.sockets,
                limit=arguments.limit,
                namespaces=taken,
                recording=recorded,
            )
        )
        return 0
    snapshot = shown.moment.snapshot
    remark(*(recorded.lacks if recorded is not None else ()))
    remark(*(lacks_of(taken) if taken else snapshot.lacks))
    wants_owners = shown.spec.names_owners
    lack = owners_lack(snapshot, recorded=recorded is not None) if wants_owners else snapshot.owners_lack
    remark(*([lack] if lack else ()))
    emit(_csv(shown, arguments) if arguments.format == "csv" else _table(shown, arguments))
    return 0


def _csv(shown: View, arguments: Namespace) -> Iterator[str]:
    return (sockets_csv if arguments.sockets else groups_csv)(shown, arguments.limit)


def _table(shown: View, arguments: Namespace) -> Iterator[str]:
    width = shutil.get_terminal_size((80, 24)).columns
    if arguments.sockets:
        return sockets_table(shown, width, arguments.limit)
    signs = UNICODE if capabilities(os.environ).unicode else ASCII
    return groups_table(shown, signs, width, arguments.limit)
