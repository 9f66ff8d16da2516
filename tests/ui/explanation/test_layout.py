"""Explanations as lines: how wide, how marked, and where they lead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.knowledge.hosts import host
from twtop.core.signature import RowSignature
from twtop.core.signs import ASCII, UNICODE
from twtop.core.states import State
from twtop.knowledge.explain import explain, explain_state, explain_sysctl
from twtop.knowledge.explanation import Explanation, Section
from twtop.knowledge.facts import HostFacts
from twtop.knowledge.topics import topics
from twtop.ui import styles
from twtop.ui.explanation.layout import NARROWEST, Page, lay_out
from twtop.ui.explanation.wrapping import wrap

STRANGE = st.text(st.sampled_from("ab -.1s\u3042\U0001f600e\u0301\u200d\x1b\n\t\u202e"), max_size=80)


def texts(page: Page) -> list[str]:
    return ["".join(piece.text for piece in line) for line in page.lines]


def page_text(explanation: Explanation, width: int = 200) -> str:
    return "\n".join(texts(lay_out(explanation, width, UNICODE)))


def sysctls(facts: HostFacts, state: State = State.FIN_WAIT_2) -> str:
    return page_text(explain_state(state, facts))


@given(STRANGE, st.integers(NARROWEST, 200), st.integers(0, 10))
def test_lines_fit_and_lose_nothing_but_blanks_at_their_ends(text: str, width: int, hanging: int) -> None:
    parts = [text[line] for line in wrap(text, width, hanging)]
    for number, part in enumerate(parts):
        assert cell_len(part) <= width - (hanging if number else 0)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_a_number_stays_with_its_unit() -> None:
    text = "gone after 60 s, not before"
    assert [text[line] for line in wrap(text, 13)] == ["gone after", "60 s, not", "before"]


def test_a_word_too_wide_is_cut_by_columns() -> None:
    text = "\u3042" * 7
    assert [text[line] for line in wrap(text, 5)] == [
        "\u3042\u3042",
        "\u3042\u3042",
        "\u3042\u3042",
        "\u3042",
    ]


@given(st.integers(NARROWEST, 200), st.sampled_from(topics()))
def test_no_page_is_wider_than_its_pane(width: int, topic: object) -> None:
    page = lay_out(explain(topic, host()), width, UNICODE)  # type: ignore[arg-type]
    assert max(map(cell_len, texts(page))) <= width


@given(st.lists(STRANGE, min_size=1, max_size=4), st.integers(NARROWEST, 200))
def test_strangers_text_fits_and_cannot_steer_the_terminal(lines: list[str], width: int) -> None:
    explanation = Explanation("x", "y", (Section("At least one of these", "list", tuple(lines)),))
    for line in texts(lay_out(explanation, width, UNICODE)):
        assert line.isprintable()
        assert cell_len(line) <= width


@pytest.mark.parametrize("width", [-1, 0, 1])
def test_an_impossible_width_counts_as_a_narrow_one(width: int) -> None:
    explanation = explain_state(State.TIME_WAIT, host())
    assert lay_out(explanation, width, UNICODE).lines == lay_out(explanation, NARROWEST, UNICODE).lines


def test_a_plain_terminal_gets_plain_characters() -> None:
    facts = host({"ip_local_reserved_ports": ",".join(map(str, range(8000, 8100)))})
    for topic in topics():
        assert all(line.isascii() for line in texts(lay_out(explain(topic, facts), 80, ASCII)))


def test_the_heading_stands_before_its_text() -> None:
    row = RowSignature(timers=frozenset({3}), role="client")
    first, second, *_ = texts(lay_out(explain_state(State.TIME_WAIT, host(), row), 80, UNICODE))
    assert first.startswith("This socket  We closed first, as client: holds one local port")
    assert second.startswith("        destination")


def test_every_warning_says_that_it_is_one() -> None:
    explanation = explain_state(State.TIME_WAIT, host())
    warnings = next(section for section in explanation.sections if section.heading == "Don't")
    lines = page_text(explanation).splitlines()
    for line in warnings.lines:
        assert f"Don't   {line}" in lines


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (host(), "net.ipv4.tcp_fin_timeout = 60 (default) [s, per namespace]: life of"),
        (
            host({"tcp_fin_timeout": "75"}),
            "net.ipv4.tcp_fin_timeout = 75 (default 60) [s, per namespace]: life",
        ),
        (host(), "tcp_max_tw_buckets = 131072 (default: half the socket hash buckets, at most 262144)"),
        (HostFacts(namespaced=True), "net.ipv4.tcp_max_orphans (not visible in this namespace) ["),
        (HostFacts(), "net.ipv4.tcp_fin_timeout (not in this kernel) [s, per namespace]: life"),
        (
            HostFacts(unreadable={"net.ipv4.tcp_fin_timeout": "permission denied"}),
            "net.ipv4.tcp_fin_timeout (not readable: permission denied) [",
        ),
    ],
)
def test_a_sysctl_tells_its_value_against_the_default(facts: HostFacts, expected: str) -> None:
    assert expected in sysctls(facts)


def test_a_changed_value_is_marked_by_look_too() -> None:
    page = lay_out(explain_state(State.FIN_WAIT_2, host({"tcp_fin_timeout": "75"})), 80, UNICODE)
    marked = [
        piece.text for line in page.lines for piece in line if piece.style == styles.WARNING + styles.BOLD
    ]
    assert "75" in marked
    assert " (default 60)" in marked


def test_what_this_kernel_lacks_comes_last() -> None:
    section = sysctls(host(), State.TIME_WAIT).split("Sysctls ")[1].split("Sources ")[0].splitlines()
    absent = ["= " not in line for line in section if "[" in line]
    assert absent == sorted(absent)


def test_a_long_value_is_cut_among_others_and_whole_on_its_own_page() -> None:
    ports = ",".join(map(str, range(8000, 8100)))
    facts = host({"ip_local_reserved_ports": ports})
    assert ports not in sysctls(facts, State.TIME_WAIT).replace("\n", "")
    own = page_text(explain_sysctl("ip_local_reserved_ports", facts)).split("Effect")[0]
    assert ports in "".join(line.strip() for line in own.splitlines())


def test_the_first_mention_in_each_section_is_a_link() -> None:
    text = ("TIME-WAIT, tcp_fin_timeout; tcp_fin_timeout (see LISTEN).", "tcp_fin_timeout")
    page = lay_out(
        Explanation("TIME-WAIT", "", (Section("Do", "list", text), Section("Sources", "sources", text))),
        80,
        UNICODE,
    )
    linked = [(piece.text, piece.link) for line in page.lines for piece in line if piece.link]
    assert [text for text, _ in linked] == ["tcp_fin_timeout", "LISTEN"]
    assert [link.topic.name for link in page.links] == ["net.ipv4.tcp_fin_timeout", "LISTEN"]


def test_a_sysctl_row_is_a_link_though_a_sentence_mentions_it() -> None:
    page = lay_out(explain_state(State.CLOSE_WAIT, host()), 80, UNICODE)
    names = {link.topic.name for link in page.links}
    assert {row.name for row in explain_state(State.CLOSE_WAIT, host()).sections[-2].rows} <= names


def test_links_are_in_reading_order() -> None:
    links = lay_out(explain_state(State.TIME_WAIT, host()), 60, UNICODE).links
    assert list(links.values()) == sorted(links.values())


def test_a_myth_is_a_link_to_its_page_before_its_truth() -> None:
    explanation = explain_sysctl("tcp_fin_timeout", host())
    page = lay_out(explanation, 80, UNICODE)
    row = 'fin-timeout "lower tcp_fin_timeout, and TIME-WAIT ends sooner" → it changes FIN-WAIT-2, not'
    assert row in " ".join(" ".join(texts(page)).split())
    plain = " ".join(" ".join(texts(lay_out(explanation, 80, ASCII))).split())
    assert row.replace("→", ASCII.arrow) in plain
    linked = {link.topic.name: link.topic.kind for link in page.links}
    assert linked["fin-timeout"] == "myth"


def test_commands_stand_below_their_step_and_scripts_keep_their_blanks() -> None:
    steps = Section("See it", "steps", ("First this.", "$ ls"))
    code = Section("Script", "code", ("for n in 1 2; do", "  ls; done"))
    assert texts(lay_out(Explanation("x", "y", (steps, code)), 80, UNICODE)) == [
        "See it  - First this.",
        "          $ ls",
        "Script  for n in 1 2; do",
        "          ls; done",
    ]
