"""A snapshot as JSON, written as a stream: one object, one group, destination or socket per line.

``schema``              1; new members may be added to a schema, none is renamed, moved or removed
``host``                ``name``, ``kernel`` (its release), ``namespace`` (``host``, its name, or its number)
``recording``           only with ``--from``: ``name`` of the file, and ``filter``, which selected the sockets
                        that were recorded, null where all were
``time``                end of the dump, ISO 8601 in UTC with milliseconds
``filter``              the filter in its canonical words, null without one
``by``                  the keys of ``groups``, outermost first
``states``              matching sockets by state, all eleven states as ``ss`` names them, zeros too
``time_wait_ms``        the length of TIME-WAIT on this kernel
``groups``              matching sockets by ``key`` (an object: name of the key to its text), in the order of
                        the screen; of each: ``sockets``; ``soon``, of these ended by the clock within 10 s;
                        ``time_left_ms`` (``shortest``, ``longest``) or null where no clock ends any;
                        ``histogram``, 8 numbers of sockets by time left, each an eighth of ``time_wait_ms``
                        (the last one holds everything longer); ``rqueue`` and ``wqueue``, totals. With
                        ``--limit`` only the first so many of each level, and of ``sockets``
``ports``               ephemeral ports, always of all sockets, whatever the filter:
  ``range``             ``low`` and ``high``, both included
  ``capacity``          how many connect() can choose from towards a new destination; ``half``: beyond
                        these it is slow
  ``reserved``          ports left out by ip_local_reserved_ports
  ``bound``             ports left out because they are listened on or only bound
  ``bound_first``       ports left out because their sockets were bound before they connected
  ``udp_used``          ports of the range that UDP uses, from its own pool; null where unknown
  ``destinations``      every ``source`` and ``remote`` (``address``, ``port``), most ``used`` ports first;
                        ``time_wait``, of these in TIME-WAIT; ``capacity``; ``half_reached``; of the first
                        32 also ``budget``, null of the others: ``bound_first`` (bind() chose most of the
                        ports, from a pool of its source); ``full_at`` and ``slow_at`` (null: no such
                        mark), in ports; ``held``, used ports that connect() cannot take over;
                        ``growth_per_s`` of these; ``slow_in_s`` and ``full_in_s``, null where not
                        within 10 minutes; ``sustainable_per_s``, new connections that there are ports
                        for in the long run
  ``pools``             up to 16 ``source`` addresses with sockets bound before they connect; ports ``used``
                        there, and the ``capacity`` of the pool
``namespaces``          only with ``--netns all``: of every network namespace ``name``, ``number`` (the
                        inode of ``/proc/PID/ns/net``), ``problem`` (why it cannot be read, or null; then
                        the rest is missing), ``sockets``, ``states``, ``ports``, ``sysctls``,
                        ``sysctls_unreadable`` and ``degraded`` as here, all sockets, whatever the filter;
                        ``ports``, ``sysctls`` and ``sysctls_unreadable`` of the document are null then,
                        ``host.namespace`` is ``all``, and every socket has a ``namespace``
``sysctls``             dotted name to text, null where this kernel or namespace has none of that name
``sysctls_unreadable``  dotted name to the reason
``degraded``            what this snapshot lacks and why, in sentences
``owners_lack``         of how many sockets that somebody holds the owner is unknown, and why; null if of
                        none. Owners are looked for with ``--owners``, or if ``by`` or ``filter`` needs them
``sockets``             only with ``--sockets``: the matching sockets, in the order of the groups; of each:
  ``family``            ``inet`` or ``inet6``, as the kernel reports the socket
  ``state``             as ``ss`` names it
  ``local``, ``remote``  ``address`` as ``ss`` writes it, without brackets (an IPv4 peer of an IPv6 socket is
                        ``::ffff:a.b.c.d``), and ``port``; without a peer (LISTEN, UNCONN) the remote address
                        is ``0.0.0.0`` or ``::``, the port 0
  ``timer``             ``kind`` as ``ss`` names it, ``remaining_ms`` until it fires, ``retrans``; or null
  ``time_left_ms``      until the clock ends the socket, through all its phases; null where no clock does
  ``rqueue``            bytes not read; of LISTEN connections not accepted
  ``wqueue``            bytes not acknowledged; of LISTEN the limit of the accept queue
  ``inode``, ``uid``    null where unknown: mini-sockets, orphans, connections not accepted
  ``cookie``            the kernel's number for the connection, the same in all its states; up to 64 bits
  ``interface``         index of the interface the socket is bound to, or null
  ``role``              ``server`` if the local port has a listener, else ``client``
  ``label``             what the user calls the peer; null where he calls it nothing
  ``owner``             ``pid``, ``command``, ``user``, ``unit`` (or container, or pod) and ``cgroup`` (its
                        path), each null where unknown, and ``certainty``: ``held`` now; ``was``: of this
                        very connection, before; ``earlier``: of one between the same ends; ``listener``: on
                        its local port; ``likely``: alone has others to that end. Null where nobody is known
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from twtop.core.filter import filter_text
from twtop.core.owners.owner import NO_OWNERS
from twtop.core.ports.usage import port_usage
from twtop.core.states import IN_LIFE_ORDER
from twtop.export.ports import destinations, port_pools, port_range
from twtop.export.records import group_records, owner_record, socket_records
from twtop.export.times import utc_text
from twtop.sources.snapshots import lacks_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from twtop.core.snapshot import Snapshot
    from twtop.core.sysctls import Sysctls
    from twtop.core.table.view import View
    from twtop.export.records import GroupRecord, Origin, SocketRecord
    from twtop.kernel.host import HostInfo
    from twtop.sources.snapshots import Taken

SCHEMA: Final = 1
_NOT_LOOKED: Final = "owners were not looked for; --owners looks for them"
_NOT_RECORDED: Final = "owners were not looked for when this was recorded"

_encode = json.JSONEncoder(separators=(",", ":")).encode


def json_text(
    view: View,
    host: HostInfo,
    watched: Iterable[str],
    *,
    sockets: bool,
    limit: int | None = None,
    namespaces: Sequence[Taken] = (),
    recording: Origin | None = None,
) -> Iterator[str]:
    """Yield the document described above; ``watched`` are the sysctls it names.

    ``limit`` is how many groups of each level, and how many sockets, it has at most; None for all.
    ``namespaces`` is what was read of each, where the view is of several; ``recording``: where it comes from.
    """
    watched = tuple(watched)
    snapshot, spec = view.moment.snapshot, view.spec
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "host": host_json(host),
        **({} if recording is None else {"recording": recording_json(recording)}),
        "time": utc_text(snapshot.wall_s),
        "filter": filter_text(spec.filter) or None,
        "by": spec.keys,
        "states": {state.label: view.state_matches[state] for state in IN_LIFE_ORDER},
        "time_wait_ms": snapshot.life_ms,
        "groups": map(group_json, group_records(view, limit)),
        "ports": None if namespaces else _ports(snapshot),
        "sysctls": None if namespaces else _sysctls(snapshot.sysctls, watched),
        "sysctls_unreadable": None if namespaces else dict(snapshot.sysctls.unreadable),
        "degraded": lacks_of(namespaces) if namespaces else snapshot.lacks,
        "owners_lack": owners_lack(snapshot, recorded=recording is not None),
    }
    if namespaces:
        document["namespaces"] = (_namespace(taken, watched) for taken in namespaces)
    if sockets:
        document["sockets"] = map(_socket, socket_records(view, limit))
    yield from _stream(document)
    yield "\n"


def owners_lack(snapshot: Snapshot, *, recorded: bool = False) -> str | None:
    """Return the member of that name."""
    if snapshot.sockets.owners is not NO_OWNERS:
        return snapshot.owners_lack
    return _NOT_RECORDED if recorded else _NOT_LOOKED


def _namespace(taken: Taken, watched: Iterable[str]) -> dict[str, Any]:
    told: dict[str, Any] = {"name": taken.namespace.name, "number": taken.namespace.number}
    snapshot = taken.snapshot
    if snapshot is None:
        return {**told, "problem": taken.problem}
    counts, ports = snapshot.state_counts(), _ports(snapshot)
    ports["destinations"] = list(ports["destinations"])
    return {
        **told,
        "problem": None,
        "sockets": len(snapshot.sockets),
        "states": {state.label: int(counts[state]) for state in IN_LIFE_ORDER},
        "ports": ports,
        "sysctls": _sysctls(snapshot.sysctls, watched),
        "sysctls_unreadable": dict(snapshot.sysctls.unreadable),
        "degraded": snapshot.lacks,
    }


def _stream(value: Any) -> Iterator[str]:
    """Encode iterators item by item, a line each, and the objects that hold them member by member."""
    if isinstance(value, Iterator):
        yield "["
        separator = "\n"
        for item in value:
            yield separator + _encode(item)
            separator = ",\n"
        yield "]"
    elif isinstance(value, dict) and any(isinstance(member, Iterator | dict) for member in value.values()):
        separator = "{"
        for name, member in value.items():
            yield f"{separator}\n{_encode(name)}:"
            yield from _stream(member)
            separator = ","
        yield "}"
    else:
        yield _encode(value)


def host_json(host: HostInfo) -> dict[str, str]:
    """Return what is told of the host."""
    return {"name": host.hostname, "kernel": host.kernel, "namespace": host.namespace_label}


def recording_json(recording: Origin) -> dict[str, str | None]:
    """Return what is told of the recording that something is from."""
    return {"name": recording.name, "filter": recording.filter or None}


def group_json(group: GroupRecord) -> dict[str, Any]:
    """Return a member of ``groups``."""
    left = None
    if group.shortest_ms is not None:
        left = {"shortest": group.shortest_ms, "longest": group.longest_ms}
    return {
        "key": group.key,
        "sockets": group.sockets,
        "soon": group.soon,
        "time_left_ms": left,
        "histogram": group.histogram,
        "rqueue": group.rqueue,
        "wqueue": group.wqueue,
    }


def _ports(snapshot: Snapshot) -> dict[str, Any]:
    ports = port_usage(snapshot)
    return {
        **port_range(ports),
        "destinations": destinations(ports, snapshot),
        "pools": port_pools(ports),
    }


def _sysctls(sysctls: Sysctls, watched: Iterable[str]) -> dict[str, str | None]:
    return {name: sysctls.get(name) for name in watched if name not in sysctls.unreadable}


def _socket(socket: SocketRecord) -> dict[str, Any]:
    timer = None
    if socket.timer is not None:
        timer = {"kind": socket.timer, "remaining_ms": socket.remaining_ms, "retrans": socket.retrans}
    return {
        "family": socket.family,
        "state": socket.state,
        "local": {"address": socket.local_address, "port": socket.local_port},
        "remote": {"address": socket.remote_address, "port": socket.remote_port},
        "timer": timer,
        "time_left_ms": socket.time_left_ms,
        "rqueue": socket.rqueue,
        "wqueue": socket.wqueue,
        "inode": socket.inode,
        "uid": socket.uid,
        "cookie": socket.cookie,
        "interface": socket.interface,
        "role": socket.role,
        "label": socket.label,
        "owner": _owner(socket),
        **({} if socket.namespace is None else {"namespace": socket.namespace}),
    }


def _owner(socket: SocketRecord) -> dict[str, Any] | None:
    owner = owner_record(socket)
    return None if owner is None else owner._asdict()
