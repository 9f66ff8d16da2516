from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twtop.core.filter import parse
from twtop.lab.host import endpoint
from twtop.sources.live import LiveSource
from twtop.sources.observer import Frame, Observer
from twtop.sources.sifting import sifted
from twtop.sources.watch import ALL, Watch

if TYPE_CHECKING:
    from twtop.lab.lab import Lab


def test_only_what_matches_is_kept_with_all_that_is_said_of_it(lab: Lab) -> None:
    with lab.client.entered():
        listener = lab.client.listen(0)
        lab.client.listen(0)
        with LiveSource() as source:
            observer = Observer(source.host)
            frame = observer.observe(source.take())
    wanted = parse(f"sport = :{endpoint(listener)[1]}")
    kept = sifted(frame, wanted, ())
    assert isinstance(kept, Frame)
    snapshot, before = kept.moment.snapshot, frame.moment.snapshot
    assert len(before.sockets) >= 2
    assert snapshot.sockets.local_port.tolist() == [endpoint(listener)[1]]
    row = int(np.flatnonzero(wanted.mask(before.sockets))[0])
    assert snapshot.server.tolist() == [before.server[row]]
    assert snapshot.left_ms.tolist() == [before.left_ms[row]]
    assert snapshot.cookies.find(before.sockets.cookie[[row]])[1].all()
    assert len(kept.moment.born) == len(kept.moment.known_s) == 1
    assert snapshot.sysctls == before.sysctls


def test_it_is_kept_of_every_namespace(lab: Lab) -> None:
    with lab.client.entered():
        listener = lab.client.listen(0)
        with Watch(ALL) as watch:
            looked = watch.look()
    port = endpoint(listener)[1]
    kept = sifted(looked, parse(f"sport = :{port} and state listening"), ())
    assert set(kept.moment.snapshot.sockets.local_port.tolist()) == {port}
    assert not kept.findings
