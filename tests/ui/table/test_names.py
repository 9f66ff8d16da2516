"""Which names stand beside the numbers of a line, and which of them have room."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from tests.ui.frames import Recorded, frames
from tests.ui.screen import options, screen
from twtop.core.address import address_text
from twtop.core.filter import parse
from twtop.core.names.labels import Labels
from twtop.core.table.view import Lines, Spec, view
from twtop.ui.app import TwtopApp
from twtop.ui.table.names import LineNames, beside, line_names

LABELS = Labels.of([(ip_network("10.0.0.5"), "db primary"), (ip_network("192.0.2.0/24"), "crawlers")])
SERVICES = {
    443: "https",
    5432: "postgresql",
    8080: "http-alt",
    33001: "never",
    36001: "bound",
    40001: "never",
}


def names(text: str, keys: tuple[str, ...]) -> list[LineNames]:
    """The names of each line, all groups unfolded."""
    moment = frames()[-1].moment
    labelled = replace(moment, snapshot=moment.snapshot.labelled(LABELS))
    shown = view(labelled, Spec(parse(text), keys))
    lines = Lines(shown, {int(number): "all" for level in shown.groups.levels for number in level.identity})
    called = (lines[at] for at in range(len(lines)))
    return [
        line_names(lines, line, SERVICES, lambda high, low: f"host-{address_text(high, low)}")
        for line in called
    ]


NOTHING = LineNames()
DATABASE = LineNames("db primary", "host-10.0.0.5", "postgresql")
CRAWLER = LineNames("crawlers", "host-192.0.2.40", "http-alt")


@pytest.mark.parametrize(
    ("text", "keys", "expected"),
    [
        # The group names its peer; its sockets need not do so again.
        ("estab dport = 5432", ("state", "peer"), [NOTHING, DATABASE, NOTHING]),
        ("estab dport = 5432", ("state",), [NOTHING, DATABASE]),
        ("estab dport = 5432", ("remote", "state"), [DATABASE, NOTHING]),
        ("estab dport = 5432", ("remote-address", "remote"), [
            DATABASE._replace(service=""), LineNames(service="postgresql"), NOTHING,
        ]),
        ("estab dport = 5432", ("label", "peer"), [NOTHING, DATABASE._replace(label=""), NOTHING]),
        ("estab dport = 5432", ("remote-port",), [
            LineNames(service="postgresql"), DATABASE._replace(service=""),
        ]),
        # A server's port is its own, and its client's is nobody's.
        ("dport = 33001", ("peer",), [CRAWLER, NOTHING]),
        ("dport = 33001", ("remote",), [CRAWLER._replace(service=""), LineNames(service="http-alt")]),
        ("dport = 33001", ("remote-port",), [NOTHING, CRAWLER]),
        ("dport = 33001", ("local-port",), [LineNames(service="http-alt"), CRAWLER._replace(service="")]),
        ("dport = 40001", ("state", "remote-network"), [
            NOTHING, NOTHING, LineNames(host="host-198.51.100.7", service="https"),
        ]),
        ("listening sport = 443", ("peer",), [LineNames(service="https"), NOTHING]),
        ("listening sport = 443", ("remote",), [NOTHING, LineNames(service="https")]),
        ("state closed", ("local",), [LineNames(service="bound"), NOTHING]),
    ],
)  # fmt: skip
def test_a_line_names_what_none_above_it_does(
    text: str, keys: tuple[str, ...], expected: list[LineNames]
) -> None:
    found = names(text, keys)
    assert found[: len(expected)] == expected


@pytest.mark.parametrize(
    ("name", "room", "ellipsis", "shown"),
    [
        ("postgresql", 12, "", "  postgresql"),
        ("postgresql", 11, "", ""),
        ("db-1.example.com", 18, "…", "  db-1.example.com"),
        ("db-1.example.com", 17, "…", "  db-1.example.c…"),
        ("db-1.example.com", 14, "…", "  db-1.exampl…"),
        ("db-1.example.com", 13, "…", ""),
        # What is left must not be taken for an address.
        ("100.100.100.100.example", 14, "…", ""),
        ("100.100.100.100.example", 19, "…", ""),
        ("100.100.100.100.example", 21, "…", "  100.100.100.100.ex…"),
        ("", 80, "…", ""),
    ],
)
def test_a_name_is_whole_or_cut_where_it_still_says_something(
    name: str, room: int, ellipsis: str, shown: str
) -> None:
    assert beside(name, room, ellipsis) == shown


async def rows(width: int) -> list[str]:
    chosen = replace(options("dst 10.0.0.5 or dst 192.0.2.41"), services=SERVICES)
    frame = frames()[-1]
    moment = replace(frame.moment, snapshot=frame.moment.snapshot.labelled(LABELS))
    app = TwtopApp(chosen, Recorded(chosen, replace(frame, moment=moment)))
    async with screen(app=app, size=(width, 24)) as user:
        return user.lines_of("#table")


async def test_names_have_the_room_that_warnings_leave() -> None:
    narrow, middle, wide = await rows(80), await rows(200), await rows(240)
    assert any(row.endswith("10.0.0.5:5432  50%") for row in narrow)
    assert any(row.endswith("10.0.0.5:5432  db primary  50% of ports") for row in middle)
    assert any(row.endswith("10.0.0.5:5432  db primary  postgresql  50% of ports") for row in wide)
    assert any(row.endswith(":8080<192.0.2.41  crawlers  http-alt  close() missing") for row in wide)
