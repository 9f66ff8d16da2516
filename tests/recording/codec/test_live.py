"""Real sockets of every state, with their owners: what follows from looks at them follows from a replay."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.lab.scene import every_state
from tests.recording.codec.sameness import assert_same_moment
from twtop.core.filter import parse
from twtop.core.states import ALL_STATES
from twtop.core.table.view import Spec, view
from twtop.export.json_ import json_text
from twtop.lab.bulk import time_waits
from twtop.recording.codec.decoder import Decoder
from twtop.recording.codec.encoder import Encoder
from twtop.sources.live import LiveSource
from twtop.sources.observer import Observer
from twtop.sources.owners.finder import find_all_owners

if TYPE_CHECKING:
    from twtop.core.owners.holdings import Holdings
    from twtop.core.sockets import Sockets
    from twtop.lab.host import Host, Socket
    from twtop.lab.lab import Lab
    from twtop.sources.observer import Frame

SPECS = [
    Spec(),
    Spec(keys=("state", "owner")),
    Spec(keys=("state", "local-port"), filter=parse("state time-wait or dport > 1000")),
    Spec(keys=("remote-port",), filter=parse("not owner held")),
]
_RUNNING = {"remaining_ms", "time_left_ms", "shortest", "longest", "soon", "histogram", "time"}


class Both:
    """What a host shows, and what a recording of it shows."""

    def __init__(self, host: Host) -> None:
        self._host = host
        with host.entered():
            self._source = LiveSource()
        self._live = Observer(self._source.host)
        self._replayed = Observer(self._source.host)
        self._encoder = Encoder()
        self._decoder = Decoder()

    def close(self) -> None:
        """Close netlink: looks after it read /proc."""
        self._source.close()

    def look(self, *, key: bool = False) -> tuple[Frame, Frame]:
        with self._host.entered():
            taken = self._source.take()
        live = self._live.observe(taken, self._holdings(taken.sockets))
        body = self._encoder.encode(live.moment.snapshot, key=key)
        return live, self._replayed.observe(self._decoder.decode(body))

    def _holdings(self, sockets: Sockets) -> Holdings:
        with self._host.entered():
            return find_all_owners(sockets)


def assert_same_frame(live: Frame, replayed: Frame) -> None:
    assert_same_moment(live.moment, replayed.moment)
    assert live.facts == replayed.facts
    found = [[(each.rule, each.subject, each.severity) for each in one.findings] for one in (live, replayed)]
    assert found[0] == found[1]
    assert np.sort(live.ports.used).tolist() == np.sort(replayed.ports.used).tolist()
    for spec in SPECS:
        assert documented(live, spec) == documented(replayed, spec)


def documented(frame: Frame, spec: Spec) -> Any:
    """Return an export, in an order that does not depend on times."""
    lines = json_text(view(frame.moment, spec), frame.host, ["net.ipv4.tcp_fin_timeout"], sockets=True)
    document = json.loads("".join(lines), object_hook=_without_clocks)
    document["groups"].sort(key=json.dumps)
    document["sockets"].sort(key=lambda socket: (socket["cookie"], socket["state"]))
    document["ports"]["destinations"].sort(key=json.dumps)
    return document


def _without_clocks(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in _RUNNING}


@pytest.mark.usefixtures("namespaces")
def test_all_that_happens_to_sockets_of_every_state() -> None:
    with every_state() as (lab, made):
        hosts = [Both(lab.client), Both(lab.server)]
        try:
            first = [each.look(key=True) for each in hosts]
            for live, replayed in first:
                assert_same_frame(live, replayed)
            states = np.concatenate([live.moment.snapshot.sockets.state for live, _ in first])
            assert sum(1 << int(state) for state in np.unique(states)) == ALL_STATES
            _go_on(lab)
            second = [each.look() for each in hosts]
            for live, replayed in second:
                assert_same_frame(live, replayed)
            assert sum(np.count_nonzero(live.moment.born) for live, _ in second) > 200
            for end in (end for specimen in made.values() for end in specimen.kept):
                end.close()
            for key in (False, True):
                for each in hosts:
                    assert_same_frame(*each.look(key=key))
        finally:
            for each in hosts:
                each.close()


def test_cookies_that_are_made_of_addresses_and_ports(lab: Lab) -> None:
    both = Both(lab.client)
    assert_same_frame(*both.look())
    both.close()
    listener = lab.server.listen(8081)
    for _ in range(3):
        end_one(lab, listener)
        live, replayed = both.look()
        assert_same_frame(live, replayed)
        assert not replayed.moment.snapshot.exact_cookies


def _go_on(lab: Lab) -> None:
    time_waits(lab.client, 200)
    end_one(lab, lab.server.listen(8081))


def end_one(lab: Lab, listener: Socket) -> None:
    """Let the client end a connection that its peer does not."""
    kept = lab.client.connect(*listener.getsockname()[:2])
    lab.server.accept(listener)
    kept.close()
