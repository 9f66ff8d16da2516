"""The list of network namespaces, the table of all, and the ways between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.tenants import tenant
from tests.ui.keys import pressing
from tests.ui.screen import options, screen
from twtop.core.table.keys import DEFAULT_KEYS, DEFAULT_KEYS_OF_ALL
from twtop.lab.host import endpoint
from twtop.sources.collector import Collector
from twtop.sources.panorama import Panorama
from twtop.sources.watch import ALL, OWN
from twtop.ui.app import TwtopApp
from twtop.ui.frame_screen import FrameScreen
from twtop.ui.namespaces.screen import NamespaceDetail, NamespaceList, NamespacesScreen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.ui.screen import Screen
    from twtop.lab.host import Host
    from twtop.lab.lab import Lab
    from twtop.sources.panorama import Place


@pytest.fixture
def towns(lab: Lab) -> Iterator[Lab]:
    """Two hosts with a process each: a server with a listener and five connections, and its client."""
    listener = lab.server.listen(8080)
    for _ in range(5):
        lab.client.connect(*endpoint(listener))
        lab.server.accept(listener)
    lab.client.sysctl("net.ipv4.ip_local_port_range", "40000 40099")
    lab.client.connect(*endpoint(listener))
    lab.server.accept(listener)
    with tenant(lab.client), tenant(lab.server):
        yield lab


@pytest.fixture
async def user(towns: Lab) -> AsyncIterator[Screen]:
    """The table of all namespaces."""
    wanted = options(keys=("namespace",))
    async with screen(towns.server, app=TwtopApp(wanted, Collector(wanted, ALL))) as user:
        yield user


@pytest.fixture
async def at_home(towns: Lab) -> AsyncIterator[Screen]:
    """The table of the server alone."""
    async with screen(towns.server) as user:
        yield user


async def opened(user: Screen) -> NamespacesScreen:
    await user.press("N")
    await user.until(lambda: isinstance(user.app.screen, NamespacesScreen), "the list")
    view = user.app.screen
    assert isinstance(view, NamespacesScreen)
    await user.until(lambda: listed(user), "namespaces in the list")
    return view


def listed(user: Screen) -> list[Place]:
    return list(user.app.screen.query_one(NamespaceList).items)


def current(user: Screen) -> Place:
    place = user.app.screen.query_one(NamespaceList).current
    assert place is not None
    return place


async def select(user: Screen, host: Host) -> Place:
    """Go down to a namespace; others come and go on this machine meanwhile."""
    wanted = host.namespace.inode
    await user.until(lambda: wanted in [place.namespace.number for place in listed(user)], "it is listed")
    for _ in range(3 * len(listed(user))):
        if current(user).namespace.number == wanted:
            return current(user)
        await user.press("down")
    raise AssertionError(f"{wanted} is never reached")


def shown_number(user: Screen) -> int:
    """Whose sockets the table shows; 0 of one namespace alone."""
    assert user.table.view is not None
    numbers = set(user.table.view.moment.snapshot.sockets.netns.tolist())
    return numbers.pop() if len(numbers) == 1 else -1


def name_of(user: Screen, host: Host) -> str:
    looked = user.app._shown and user.app._shown.looked
    assert isinstance(looked, Panorama)
    (place,) = [each for each in looked.places if each.namespace.number == host.namespace.inode]
    return place.namespace.name


async def go_to(user: Screen, host: Host) -> str:
    """Put the cursor on a namespace, however others come, go and change places; return its name."""
    name = name_of(user, host)
    for _ in range(10):
        at = next((at for at, line in enumerate(user.names) if line.endswith(name)), 0)
        await user.press("home", *["down"] * at)
        if user.current.endswith(name):
            break
    await user.until(lambda: user.app._shown and user.app._shown.namespace == name, f"panels of {name}")
    return name


async def test_all_namespaces_in_one_table(user: Screen, towns: Lab) -> None:
    names = [name_of(user, host) for host in (towns.client, towns.server)]
    assert set(names) <= {name.strip(" ▾▸") for name in user.names}
    assert "ns all " in user.header[0]


async def test_panels_tell_of_the_namespace_under_the_cursor(user: Screen, towns: Lab) -> None:
    for host, low in ((towns.client, 40000), (towns.server, 32768)):
        name = await go_to(user, host)
        assert user.app._shown is not None
        assert user.app._shown.frame.ports.range.low == low
        assert user.app._shown.plots.namespace == name
        assert f"panels: {name}" in user.header[0]


async def test_the_range_on_the_panel_is_labelled(user: Screen, towns: Lab) -> None:
    name = await go_to(user, towns.client)
    await user.press("p")
    await user.until(lambda: any(f"ns {name}  range 40000-40099" in line for line in user.text), "the label")


async def test_the_explanation_names_the_namespace(user: Screen, towns: Lab) -> None:
    name = await go_to(user, towns.server)
    await user.press("e")
    await user.until(lambda: any(f"(ns {name})" in line for line in user.text), "the label")


async def test_views_are_of_one_namespace_and_say_of_which(user: Screen, towns: Lab) -> None:
    name = await go_to(user, towns.client)
    await user.press("b")
    await user.until(lambda: f"ns {name}" in user.text[-1], "the footer names it")


@pressing("app", "N")
async def test_the_list_opens_with_totals(key: str, at_home: Screen, towns: Lab) -> None:
    await at_home.press(key)
    await at_home.until(lambda: isinstance(at_home.app.screen, NamespacesScreen), "the list")
    place = await select(at_home, towns.client)
    assert place.sockets == 6
    assert at_home.app._alone == towns.server.namespace.inode
    line = next(line for line in at_home.text if place.namespace.name in line)
    assert line.split()[:2] == ["6", "6"]


async def test_what_is_shown_stays_while_the_list_is_open(at_home: Screen, towns: Lab) -> None:
    await opened(at_home)
    place = await select(at_home, towns.server)
    shown = at_home.app._shown
    assert shown is not None
    assert shown.several is None
    assert len(shown.view.moment.snapshot.sockets) == place.sockets


@pressing("namespaces", "up", "k", "down", "j")
async def test_the_cursor_moves(key: str, at_home: Screen) -> None:
    await opened(at_home)
    await at_home.until(lambda: len(listed(at_home)) > 1, "several")
    before = current(at_home).namespace.number
    await at_home.press(key)
    assert current(at_home).namespace.number != before


@pressing("namespaces", "enter")
async def test_one_alone(key: str, user: Screen, towns: Lab) -> None:
    await opened(user)
    place = await select(user, towns.client)
    await user.press(key)
    await user.until(lambda: shown_number(user) == 0, "one namespace in the table")
    assert not isinstance(user.app.screen, FrameScreen)
    await user.until(lambda: f"ns {place.namespace.name}" in user.header[0], "its name")
    assert user.app._spec.keys == ("namespace",)
    assert user.collector.chosen == place.namespace
    assert user.app._shown is not None
    assert user.app._shown.frame.ports.range.low == 40000


@pressing("namespaces", "a")
async def test_all_together(key: str, at_home: Screen, towns: Lab) -> None:
    await opened(at_home)
    await select(at_home, towns.client)
    await at_home.press(key)
    await at_home.until(lambda: any("ns all" in line for line in at_home.header), "all in the header")
    await at_home.until(lambda: shown_number(at_home) < 0, "several in the table")
    assert at_home.app._spec.keys == DEFAULT_KEYS_OF_ALL
    assert at_home.collector.chosen == ALL
    await opened(at_home)
    await select(at_home, towns.server)
    await at_home.press("enter")
    await at_home.until(lambda: shown_number(at_home) == 0, "one namespace again")
    assert at_home.app._spec.keys == DEFAULT_KEYS


@pressing("namespaces", "N")
async def test_closed_without_a_choice(key: str, at_home: Screen) -> None:
    await opened(at_home)
    assert at_home.collector.chosen == ALL
    await at_home.press(key)
    await at_home.until(lambda: not isinstance(at_home.app.screen, FrameScreen), "the table")
    back: object = at_home.collector.chosen
    assert back == OWN
    await at_home.until(lambda: not isinstance(at_home.app._newest, Panorama), "only one is read")


async def test_what_is_frozen_stays_so_until_the_user_lets_it_go_on(at_home: Screen, towns: Lab) -> None:
    await at_home.press("space", "N")
    await at_home.said("The screen is frozen: space lets it go on")
    assert at_home.app._frozen
    await at_home.press("space")
    await select(at_home, towns.client)
    await at_home.press("space", "enter")
    # All were read before it was frozen again.
    await at_home.until(lambda: f"ns {name_of(at_home, towns.client)}" in at_home.header[0], "its name")
    assert at_home.app._frozen


async def test_one_that_cannot_be_read_says_why(user: Screen, towns: Lab) -> None:
    with tenant(towns.client) as pid:
        assert pid
    view = await opened(user)
    place = await select(user, towns.client)
    gone = type(place)(place.namespace, None, "it is gone")
    view._list.put([gone])
    view._show_detail()
    detail = user.app.screen.query_one(NamespaceDetail)
    assert "It cannot be read: it is gone" in [detail.line(at, 100)[0][0] for at in range(detail.line_count)]
    view.action_choose()
    assert isinstance(user.app.screen, NamespacesScreen)
    assert user.collector.chosen == ALL


async def test_the_ss_command_enters_the_namespace(user: Screen, towns: Lab) -> None:
    for host, prefix in ((towns.server, "ss "), (towns.client, "nsenter --net=/proc/")):
        await go_to(user, host)
        await user.press("C")
        copied = user.app.clipboard
        assert copied.startswith(prefix)
        assert copied.endswith("ss -tan")


async def test_findings_of_all_name_their_namespace(towns: Lab) -> None:
    towns.client.sysctl("net.ipv4.tcp_rfc1337", 1)
    wanted = options(keys=DEFAULT_KEYS_OF_ALL)
    async with screen(towns.server, app=TwtopApp(wanted, Collector(wanted, ALL)), size=(160, 50)) as user:
        name = name_of(user, towns.client)
        await user.press("f")
        await user.until(lambda: any(f"{name}: tcp_rfc1337" in line for line in user.text), "the finding")


@pytest.mark.parametrize("size", [(80, 24), (200, 50), (20, 5)])
async def test_every_size(size: tuple[int, int], towns: Lab) -> None:
    wanted = options(keys=DEFAULT_KEYS_OF_ALL)
    async with screen(towns.server, app=TwtopApp(wanted, Collector(wanted, ALL)), size=size) as user:
        await opened(user)
        assert len(user.text) == size[1]
