"""The keys that sockets can be grouped by; each is declared once, with its columns and its text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.address import MAPPED_PREFIX, address_text, endpoint_text, is_ipv4
from twtop.core.roles import is_alone
from twtop.core.states import State, state_label
from twtop.core.table.key import Key
from twtop.core.table.owner_keys import OWNER_KEYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from twtop.core.sockets import U64, Mask, Sockets

_NET4: Final = np.uint64(MAPPED_PREFIX | 0xFFFFFF00)
_NOBODY: Final = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
_NO_PEER: Final = np.uint32(0xFFFF_FFFF)


def _local(sockets: Sockets, row: int) -> tuple[int, int, int]:
    return int(sockets.local_hi[row]), int(sockets.local_lo[row]), int(sockets.local_port[row])


def _remote(sockets: Sockets, row: int) -> tuple[int, int, int]:
    return int(sockets.remote_hi[row]), int(sockets.remote_lo[row]), int(sockets.remote_port[row])


def has_remote(state: int) -> bool:
    """Tell whether a socket in this state has a peer at all."""
    return state not in (State.LISTEN, State.UNCONN)


def local_text(sockets: Sockets, row: int) -> str:
    """Write a socket's local endpoint; the wildcard address is written ``*``."""
    high, low, port = _local(sockets, row)
    return f"*:{port or '*'}" if high == 0 and low in (0, MAPPED_PREFIX) else endpoint_text(high, low, port)


def remote_text(sockets: Sockets, row: int) -> str:
    """Write a socket's remote endpoint, ``*`` where it has none."""
    return endpoint_text(*_remote(sockets, row)) if has_remote(int(sockets.state[row])) else "*"


def namespace_text(sockets: Sockets, row: int) -> str:
    """Return the name of a socket's network namespace, or its number."""
    number = int(sockets.netns[row])
    return sockets.namespaces.get(number, str(number) if number else "this one")


def _remote_address(sockets: Sockets) -> tuple[U64, U64]:
    """Return the halves of the remote addresses; all sockets without a peer share one that no peer has."""
    alone = is_alone(sockets.state)
    return np.where(alone, _NOBODY, sockets.remote_hi), np.where(alone, _NOBODY, sockets.remote_lo)


def _peer_columns(sockets: Sockets, server: Mask) -> Sequence[NDArray[np.unsignedinteger]]:
    """A client's peer is the remote endpoint; a server's is the remote address at the served port."""
    alone = is_alone(sockets.state)
    high = np.where(alone, sockets.local_hi, sockets.remote_hi)
    low = np.where(alone, sockets.local_lo, sockets.remote_lo)
    serving = server | alone
    port = np.where(serving, sockets.local_port, sockets.remote_port)
    return high, low, port, np.where(alone, np.uint8(2), server.view(np.uint8))


def _peer_text(sockets: Sockets, row: int, server: bool) -> str:
    if not has_remote(int(sockets.state[row])):
        return local_text(sockets, row)
    if server:
        return f":{int(sockets.local_port[row])}<{address_text(*_remote(sockets, row)[:2])}"
    return remote_text(sockets, row)


def _network_columns(sockets: Sockets, _: Mask) -> Sequence[NDArray[np.unsignedinteger]]:
    high, low = _remote_address(sockets)
    ipv4 = (high == 0) & (low >> np.uint64(32) == 0xFFFF)
    return high, np.where(ipv4, low & _NET4, np.uint64(0))


def _network_text(sockets: Sockets, row: int, _: bool) -> str:
    if not has_remote(int(sockets.state[row])):
        return "*"
    high, low, _port = _remote(sockets, row)
    if is_ipv4(high, low):
        return f"{address_text(high, low & int(_NET4))}/24"
    return f"{address_text(high, 0)}/64"


def _label_columns(sockets: Sockets, _: Mask) -> Sequence[NDArray[np.unsignedinteger]]:
    label = sockets.labels.find(sockets.remote_hi, sockets.remote_lo)
    return [np.where(is_alone(sockets.state), _NO_PEER, label)]


def _label_text(sockets: Sockets, row: int, _: bool) -> str:
    if not has_remote(int(sockets.state[row])):
        return "*"
    return sockets.labels.text(*_remote(sockets, row)[:2]) or "no label"


KEYS: Final[dict[str, Key]] = {
    key.name: key
    for key in (
        Key(
            "state",
            "state",
            lambda sockets, _: [sockets.state],
            lambda sockets, row, _: state_label(int(sockets.state[row])),
        ),
        Key("peer", "peer", _peer_columns, _peer_text),
        Key(
            "remote",
            "remote address:port",
            lambda sockets, _: [*_remote_address(sockets), sockets.remote_port],
            lambda sockets, row, _: remote_text(sockets, row),
            splits_bundles=True,
        ),
        Key(
            "remote-address",
            "remote address",
            lambda sockets, _: _remote_address(sockets),
            lambda sockets, row, _: (
                address_text(*_remote(sockets, row)[:2]) if has_remote(int(sockets.state[row])) else "*"
            ),
        ),
        Key("remote-network", "remote network", _network_columns, _network_text),
        Key(
            "remote-port",
            "remote port",
            lambda sockets, _: [sockets.remote_port],
            lambda sockets, row, _: f":{int(sockets.remote_port[row]) or '*'}",
            splits_bundles=True,
        ),
        Key(
            "local",
            "local address:port",
            lambda sockets, _: [sockets.local_hi, sockets.local_lo, sockets.local_port],
            lambda sockets, row, _: local_text(sockets, row),
            splits_bundles=True,
        ),
        Key(
            "local-address",
            "local address",
            lambda sockets, _: [sockets.local_hi, sockets.local_lo],
            lambda sockets, row, _: address_text(*_local(sockets, row)[:2]),
        ),
        Key(
            "local-port",
            "local port",
            lambda sockets, _: [sockets.local_port],
            lambda sockets, row, _: f":{int(sockets.local_port[row])}",
            splits_bundles=True,
        ),
        Key(
            "namespace",
            "network namespace",
            lambda sockets, _: [sockets.netns],
            lambda sockets, row, _: namespace_text(sockets, row),
        ),
        Key(
            "role",
            "role",
            lambda _, server: [server.view(np.uint8)],
            lambda _sockets, _row, server: "server" if server else "client",
        ),
        *OWNER_KEYS,
        Key("label", "label of the peer", _label_columns, _label_text),
    )
}

DEFAULT_KEYS: Final[tuple[str, ...]] = ("state", "peer")
DEFAULT_KEYS_OF_ALL: Final[tuple[str, ...]] = ("namespace", *DEFAULT_KEYS)
"""Where the sockets of several network namespaces are shown."""
