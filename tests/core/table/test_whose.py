from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from tests.core.build import moment_of, table
from twtop.core.filter import parse
from twtop.core.owners.certainty import Certainty
from twtop.core.owners.owner import Owner
from twtop.core.owners.registry import Registry
from twtop.core.states import State
from twtop.core.table.keys import KEYS
from twtop.core.table.view import Spec, View, view
from twtop.core.table.whose import socket_whose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.core.sockets import Sockets

NGINX: Final = Owner(77, 1, "nginx", 33, "www-data", "/system.slice/nginx.service", "nginx.service")
PHP: Final = Owner(1822, 2, "php-fpm", 33, "www-data", "/system.slice/php.service", "php.service")
OTHER_PHP: Final = Owner(900, 3, "php-fpm", 33, "www-data", "/system.slice/php.service", "php.service")
SOMEBODY: Final = Owner(uid=1000, user="ann")
NOBODY: Final = Owner()

HELD, WAS, LIKELY = Certainty.HELD, Certainty.WAS, Certainty.LIKELY


def owned(held: Sequence[tuple[Owner, int]], state: int = State.TIME_WAIT) -> Sockets:
    """Sockets to one peer, each with its owner and how certain that is."""
    registry = Registry()
    count = len(held)
    sockets = table(state=[state] * count, local_port=range(count), remote_port=[80] * count)
    return replace(
        sockets,
        owner=np.array([registry.slot(owner) for owner, _ in held], np.uint32),
        certainty=np.array([certainty for _, certainty in held], np.uint8),
        owners=registry.table(),
    )


def shown(held: Sequence[tuple[Owner, int]], *keys: str, text: str = "") -> View:
    return view(moment_of(owned(held)), Spec(parse(text), keys))


def notes(seen: View, depth: int = -1) -> list[str]:
    depth %= len(seen.groups.levels)
    keys = seen.groups.keys[: depth + 1]
    groups = range(len(seen.groups.levels[depth]))
    return [seen.whose.group(keys, seen.groups.span_of(depth, index)) for index in groups]


@pytest.mark.parametrize(
    ("held", "note"),
    [
        ([(NGINX, WAS)] * 4, "nginx[77]"),
        ([(NGINX, WAS)] * 3 + [(PHP, WAS)], "nginx[77] 75%"),
        ([(NGINX, WAS)] * 999 + [(PHP, WAS)], "nginx[77] 99%"),
        ([(NGINX, WAS)] * 2 + [(PHP, WAS)] * 2, ""),
        ([(PHP, WAS), (OTHER_PHP, LIKELY)], "php-fpm"),
        ([(PHP, WAS), (OTHER_PHP, WAS), (NOBODY, 0)], "php-fpm 66%"),
        ([(PHP, WAS), (NOBODY, 0), (NOBODY, 0)], ""),
        ([(NOBODY, 0)] * 3, ""),
        ([(SOMEBODY, HELD)] * 3, "user ann"),
        ([(PHP, LIKELY), (OTHER_PHP, LIKELY)], "likely php-fpm"),
    ],
)
def test_a_group_names_who_has_most_of_it(held: list[tuple[Owner, int]], note: str) -> None:
    assert notes(shown(held, "state", "peer")) == [note]


def test_groups_of_owners_say_how_that_is_known() -> None:
    held = [(NGINX, WAS)] * 5 + [(NGINX, HELD)] * 2 + [(PHP, HELD)] * 3 + [(OTHER_PHP, LIKELY), (NOBODY, 0)]
    assert notes(shown(held, "state", "owner")) == ["5 was, 2 held", "", "", "likely"]
    assert notes(shown(held, "owner", "state"), 1) == [""] * 4


def test_groups_of_owners_add_up_and_equal_ones_are_in_the_order_of_their_names() -> None:
    held = [(NOBODY, 0), (PHP, WAS), (OTHER_PHP, WAS), (NGINX, WAS), (NGINX, LIKELY), (SOMEBODY, HELD)]
    expected = {
        "owner": ["nginx[77]", "?", "php-fpm[900]", "php-fpm[1822]", "user ann"],
        "command": ["?", "nginx", "php-fpm"],
        "user": ["www-data", "?", "ann"],
        "unit": ["?", "nginx.service", "php.service"],
    }
    for key, texts in expected.items():
        seen = shown(held, key)
        level = seen.groups.levels[0]
        sockets = seen.moment.snapshot.sockets
        assert [KEYS[key].text(sockets, row, False) for row in level.row.tolist()] == texts
        assert int(level.measures.sockets.sum()) == len(held)


def test_groups_of_commands_count_processes() -> None:
    held = [(PHP, WAS), (OTHER_PHP, LIKELY), (PHP, WAS), (NGINX, HELD)]
    assert notes(shown(held, "command")) == ["2 processes", ""]
    assert notes(shown(held, "command", "state"), 1) == ["php-fpm[1822] 66%", "nginx[77]"]


def test_what_is_filtered_out_does_not_count() -> None:
    held = [(PHP, WAS)] * 3 + [(NGINX, HELD)]
    assert notes(shown(held, "state", text="proc = nginx")) == ["nginx[77]"]
    assert notes(shown(held, "state", text="proc = postgres")) == []


def test_a_socket_says_whose_it_is_and_how_that_is_known() -> None:
    sockets = owned([(NGINX, HELD), (PHP, WAS), (NGINX, Certainty.LISTENER), (PHP, LIKELY), (NOBODY, 0)])
    said = [socket_whose(sockets, row, ("state", "peer")) for row in range(5)]
    assert said == ["nginx[77]", "was php-fpm[1822]", "listener nginx[77]", "likely php-fpm[1822]", "?"]
    assert [socket_whose(sockets, row, ("owner",)) for row in range(5)] == [
        "",
        "was",
        "listener",
        "likely",
        "",
    ]


def test_nothing_is_said_where_nobody_looked() -> None:
    sockets = table(state=[State.ESTAB])
    assert socket_whose(sockets, 0, ("state",)) == ""
    assert notes(view(moment_of(sockets), Spec(keys=("state", "owner")))) == [""]


@pytest.mark.parametrize(
    ("keys", "text", "whose"),
    [
        (("state", "peer"), "dport = :80", False),
        (("state", "unit"), "", True),
        (("state",), "not proc = nginx", True),
    ],
)
def test_whether_a_view_needs_owners(keys: tuple[str, ...], text: str, whose: bool) -> None:
    assert Spec(parse(text), keys).names_owners == whose


def test_whose_many_sockets_are_is_told_from_their_counts() -> None:
    rng = np.random.default_rng(3)
    owners = [Owner(pid, pid, f"worker{pid % 3}") for pid in range(1, 2000)]
    held = [(owners[0], WAS)] * 3000 + [(owners[at], WAS) for at in rng.integers(0, 1999, 2000).tolist()]
    share = 100 * sum(owner is owners[0] for owner, _ in held) // len(held)
    assert notes(shown(held, "state")) == [f"worker1[1] {share}%"]
