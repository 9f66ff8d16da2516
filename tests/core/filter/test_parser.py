from __future__ import annotations

import shlex

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.core.filter.strategies import ALL_TERMS, expressions, sockets
from twtop.core.filter import Everything, Expr, FilterError, parse, ss_command
from twtop.core.filter.reduce import elementary
from twtop.errors import UsageError

SERVICES = {"http": 80, "https": 443, "http-alt": 8080}

SAME_MEANING = [
    ("", "state all"),
    ("  \t", "state all"),
    ("state all", "state all"),
    ("dst *", "state all"),
    ("*:*", "state all"),
    # States by every name, and groups.
    ("state TIME_WAIT", "state time-wait"),
    ("TimeWait", "state time-wait"),
    ("time-wait", "state time-wait"),
    ("state estab", "state established"),
    ("state listen", "state listening"),
    ("state syn-rcv", "state syn-recv"),
    ("state bound-inactive", "state closed"),
    ("unconn", "state closed"),
    ("state fin-wait1", "state fin-wait-1"),
    ("exclude listening exclude closed", "state connected"),
    ("excl listening exclude closed", "state connected"),
    ("connected exclude syn-sent", "state synchronized"),
    ("state syn-recv state time-wait", "state bucket"),
    ("exclude bucket", "state big"),
    ("state all exclude all", "exclude all"),
    # Side by side states add up, in the order of ss; explicit operators do what they say.
    ("state time-wait fin-wait-2", "state fin-wait-2 state time-wait"),
    ("exclude time-wait state time-wait", "state all"),
    ("state time-wait exclude time-wait", "exclude all"),
    ("state time-wait and state estab", "state time-wait and state established"),
    ("not time-wait estab", "not state time-wait and state established"),
    ("not (time-wait estab)", "not ( state established state time-wait )"),
    ("not exclude estab", "not exclude established"),
    # Leading states hold for the rest.
    ("state estab :80 or :443", "state established and ( :80 or :443 )"),
    ("estab :80 :443", "state established and :80 and :443"),
    ("estab and :80 or :443", "( state established and :80 ) or :443"),
    (":80 or (estab :81 or :82)", ":80 or ( state established and ( :81 or :82 ) )"),
    # No precedence between and, or.
    (":1 or :2 and :3", "( :1 or :2 ) and :3"),
    (":1 and :2 or :3", "( :1 and :2 ) or :3"),
    (":1 || :2 :3", "( :1 or :2 ) and :3"),
    (":1 | :2 | :3", ":1 or :2 or :3"),
    (":1 & :2 && :3 AND :4", ":1 and :2 and :3 and :4"),
    ("not :1 and :2", "not :1 and :2"),
    ("!(:1 or :2)", "not ( :1 or :2 )"),
    ("! not :1", "not not :1"),
    # Labels.
    ("label = db", "label = db"),
    ("LABEL db", "label = db"),
    ('label "our db"', 'label = "our db"'),
    ('label="db"', "label = db"),
    ('label == "and"', 'label = "and"'),
    ("label != db*", "not label = db*"),
    ('label ne ""', 'not label = ""'),
    ("label listening estab", "label = listening and state established"),
    # Owners.
    ("pid 77", "pid = 77"),
    ("PID == 0077", "pid = 77"),
    ("pid = 77,78,77", "pid = 77 or pid = 78"),
    ("pid != 77,78", "not ( pid = 77 or pid = 78 )"),
    ("proc = nginx estab", "proc = nginx and state established"),
    ('proc = "tmux: server"', 'proc = "tmux: server"'),
    ('proc = "a,b"', 'proc = "a,b"'),
    ("user ne www-data", "not user = www-data"),
    ("cgroup /sys/fs/cgroup/system.slice", "cgroup = /sys/fs/cgroup/system.slice"),
    ("owner = EXACT", "owner = exact"),
    # Ports.
    ("sport 443", "sport = :443"),
    ("sport=443", "sport = :443"),
    ("SPORT == :443", "sport = :443"),
    ("dport eq :https", "dport = :443"),
    ("dport https", "dport = :443"),
    ("dport = :http-alt", "dport = :8080"),
    ("dport != 443", "not dport = :443"),
    ("dport neq 443", "not dport = :443"),
    ("dport ge 1024", "dport >= :1024"),
    ("dport geq 1024", "dport >= :1024"),
    ("dport gt 1023", "dport >= :1024"),
    ("dport leq 79", "dport <= :79"),
    ("dport lt :http", "dport <= :79"),
    ("dport > 65535", "exclude all"),
    ("dport < 0", "exclude all"),
    ("dport >= 0", "dport >= :0"),
    ("dport = 8000-8999", "dport:8000-8999"),
    ("port:443", ":443"),
    ("port = 443", ":443"),
    ("port:8000-8999", "port:8000-8999"),
    ("sport:https", "sport = :443"),
    (":8000-8999", "port:8000-8999"),
    (":0443", ":443"),
    # Hosts.
    ("dst 10.0.0.5", "dst 10.0.0.5"),
    ("dst = 10.0.0.5/32", "dst 10.0.0.5"),
    ("dst == 10.1.2.3/8", "dst 10.0.0.0/8"),
    ("dst 193.233.7/24", "dst 193.233.7.0/24"),
    ("src != 10.0.0.5", "not src 10.0.0.5"),
    ("src :443", "sport = :443"),
    ("src 10.0.0.5:*", "src 10.0.0.5"),
    ("src *:https", "sport = :443"),
    ("dst 10.0.0.0/8:443", "dst 10.0.0.0/8:443"),
    ("dst 10.0.0.5:8000-8999", "dst 10.0.0.5:8000-8999"),
    ("dst [::1]:443", "dst [::1]:443"),
    ("dst [2001:db8::5/64]:443", "dst [2001:db8::/64]:443"),
    ("dst 2001:db8::/32:443", "dst [2001:db8::/32]:443"),
    ("dst 2001:db8::1:https", "dst [2001:db8::1]:443"),
    ("dst 2001:db8::1:65535", "dst [2001:db8::1]:65535"),
    ("dst 2001:db8::1:dead", "dst [2001:db8::1:dead]"),
    ("dst ::", "dst [::]"),
    ("dst ::ffff:10.0.0.5", "dst [::ffff:10.0.0.5]"),
    ("10.0.0.5", "10.0.0.5"),
    ("10/8", "10.0.0.0/8"),
    ("10.0.0.5:5432", "10.0.0.5:5432"),
    ("::1", "[::1]"),
    ("2001:db8::/32", "[2001:db8::/32]"),
    ("*:443", ":443"),
]


@pytest.mark.parametrize(("text", "canonical"), SAME_MEANING)
def test_meaning(text: str, canonical: str) -> None:
    expr = parse(text, SERVICES.get)
    assert str(expr) == canonical
    assert parse(canonical) == expr


@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_a_blank_filter_matches_everything(blank: str) -> None:
    assert parse(blank) == Everything()


WRONG = [
    # text, column, length, what the message must name
    ("state", 5, 1, "'state time-wait'"),
    ("exclude and", 8, 3, "'exclude time-wait'"),
    ("state tim-wait", 6, 8, "did you mean 'time-wait'?"),
    ("state qqq", 6, 3, "states are established"),
    (":80 estb", 4, 4, "did you mean 'estab'?"),
    ("dst_port 80", 0, 8, "did you mean"),
    ("qqqqqq", 0, 6, "unknown word 'qqqqqq'"),
    ("443", 0, 3, "':443'"),
    ("label", 5, 1, "'label = database'"),
    ("label = )", 8, 1, "'label = database'"),
    ("label > db", 6, 1, "'='"),
    ('label = "our db', 8, 1, "never closed"),
    ("pid", 3, 1, "a process id must follow 'pid', for example 'pid = 77'"),
    ("pid >= 77", 4, 2, "'='"),
    ("pid = nginx", 6, 5, "'nginx' is not a process id"),
    ("pid = 77,x", 9, 1, "'x' is not a process id"),
    ("pid = 77,,78", 9, 1, "a value is missing"),
    ("pid = ,77", 6, 1, "a value is missing"),
    ("pid = 77, 78", 9, 1, "a value is missing"),
    ("owner = nginx", 8, 5, "one of unknown, held, was"),
    ("prc = nginx", 0, 3, "did you mean 'proc'?"),
    ("labl = db", 0, 4, "did you mean 'label'?"),
    ("https", 0, 5, "':https'"),
    ("dev eth0", 0, 3, "twtop cannot"),
    ("sport", 5, 1, "'sport = :443'"),
    ("sport and :80", 6, 3, "'sport = :443'"),
    ("dport = :99999", 9, 5, "at most 65535"),
    ("dport = 70000", 8, 5, "at most 65535"),
    ("dport = :" + "9" * 5000, 9, 5000, "at most 65535"),
    ("dport = :nope", 9, 4, "'nope'"),
    ("dport:90-80", 6, 5, "write 80-90"),
    ("port:1-99999", 7, 5, "at most 65535"),
    ("dport >= 80-90", 9, 5, "range"),
    ("port:", 4, 1, "missing after ':'"),
    (":", 0, 1, "missing after ':'"),
    ("dst 10.0.0.5:", 12, 1, "missing after ':'"),
    ("src", 3, 1, "'src 10.0.0.0/8'"),
    ("dst < 10.0.0.5", 4, 1, "'='"),
    ("dst example.com:80", 4, 11, "not resolved"),
    ("dst localhost", 4, 9, "not resolved"),
    ("db.example.com", 0, 14, "not resolved"),
    ("dst 1.2.3", 4, 5, "10.0.0.5"),
    ("dst 1.2.3.4.5", 4, 9, "not an address"),
    ("10.0.0.0/33", 0, 11, "at most 32"),
    ("2001:db8::/129", 0, 14, "128 for IPv6"),
    ("10.0.0.0/x", 0, 10, "not an address"),
    ("10.0.0.0/\u00b2", 0, 10, "not an address"),
    ("dst 2001:db8::1:443", 4, 15, "[2001:db8::1]:443 for address and port"),
    ("\u00b2", 0, 1, "unknown word"),
    ("dst ::g", 4, 3, "not an address"),
    ("fe80::1%eth0", 0, 12, "'fe80::1'"),
    ("[::1", 4, 1, "']'"),
    ("[::1]/64", 5, 3, "[2001:db8::/32]:443"),
    ("[10.0.0.5]", 0, 10, "not an address"),
    ("(:80", 0, 1, "never closed"),
    (":80 )", 4, 1, "')'"),
    ("()", 1, 1, "not ')'"),
    ("and :80", 0, 3, "not 'and'"),
    (":80 or", 6, 1, "the end"),
    (":80 or or :81", 7, 2, "not 'or'"),
    ("not", 3, 1, "the end"),
    ("= 443", 0, 1, "not '='"),
    ("!" * 5000, 101, 1, "levels"),
    ("(" * 5000, 101, 1, "levels"),
    (":1 or :2 and " * 5000 + ":3", 663, 2, "levels"),
]


@pytest.mark.parametrize(("text", "position", "length", "named"), WRONG, ids=lambda value: str(value)[:30])
def test_a_wrong_filter_is_pointed_at(text: str, position: int, length: int, named: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text, SERVICES.get)
    error = caught.value
    assert (error.position, error.length) == (position, length)
    assert named in error.message
    assert str(error) == f"filter, column {position + 1}: {error.message}"
    assert isinstance(error, UsageError)


def test_the_pointer_stands_under_what_is_wrong() -> None:
    with pytest.raises(FilterError) as caught:
        parse("dport = :443 and state tim-wait")
    assert caught.value.pointer() == ("dport = :443 and state tim-wait\n                       ^^^^^^^^")


def test_nothing_that_steers_a_terminal_comes_back() -> None:
    with pytest.raises(FilterError) as caught:
        parse(":80 \x1b[2J")
    assert "\x1b" not in caught.value.pointer() + str(caught.value)
    assert caught.value.pointer().splitlines()[1] == "    ^^^^"


def test_long_chains_are_no_deep_nests() -> None:
    chain = " or ".join(f"dport = :{port}" for port in range(5000))
    assert str(parse(chain)) == chain


@given(expressions(ALL_TERMS))
def test_canonical_text_means_the_same(expr: Expr) -> None:
    assert parse(str(expr)) == expr


STATE_WORDS = ["state", "exclude", "all", "time-wait"]
TEST_WORDS = [
    "sport",
    "dport",
    "port",
    "src",
    "dst",
    "=",
    "!=",
    "<",
    ">=",
    ":80",
    "80",
    "10.0.0.0/8",
    "[::1]:80",
    "*",
    "label",
    "pid",
    "owner",
    "7,8",
    '"a b"',
    '"',
]
WORDS = st.sampled_from([*STATE_WORDS, *TEST_WORDS, "(", ")", "!", "not", "and", "or"])


@given(st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=40))
@example("\u0a59")
def test_any_text_is_understood_or_refused(text: str) -> None:
    error = None
    try:
        assert parse(str(parse(text))) == parse(text)
    except FilterError as refused:
        error = refused
    if error:
        assert 0 <= error.position <= len(text)
        first, carets = error.pointer().split("\n")
        assert carets.lstrip(" ") == "^" * error.length
        # Normal form C may write one character as up to three (UAX 15).
        assert len(first) <= 3 * len(text)


@pytest.mark.parametrize("text", ["not " * 100 + ":80", "( not " * 50 + ":80" + " )" * 50])
def test_the_deepest_filter_can_be_used(text: str) -> None:
    expr = parse(text)
    assert parse(str(expr)) == expr
    assert expr.mask(sockets(0)).shape == (400,)
    assert ss_command(expr) == f"ss -tan {shlex.quote(str(elementary(parse(':80'))))}"
