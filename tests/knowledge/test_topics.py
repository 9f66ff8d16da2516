"""Whatever people call a thing, it is found; what does not exist is answered with the nearest."""

import pytest

from twtop.core.states import IN_LIFE_ORDER, State
from twtop.errors import UsageError
from twtop.knowledge.topics import find, named, topics


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("TIME-WAIT", "TIME-WAIT"),
        ("time-wait", "TIME-WAIT"),
        ("time_wait", "TIME-WAIT"),
        ("timewait", "TIME-WAIT"),
        (" Time Wait ", "TIME-WAIT"),
        ("TW", "TIME-WAIT"),
        ("finwait2", "FIN-WAIT-2"),
        ("established", "ESTAB"),
        ("SYN-RECEIVED", "SYN-RECV"),
        ("closed", "UNCONN"),
        ("bound-inactive", "UNCONN"),
        ("tcp_fin_timeout", "net.ipv4.tcp_fin_timeout"),
        ("net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_fin_timeout"),
        ("net/ipv4/tcp_fin_timeout", "net.ipv4.tcp_fin_timeout"),
        ("/proc/sys/net/ipv4/tcp_fin_timeout", "net.ipv4.tcp_fin_timeout"),
        ("somaxconn", "net.core.somaxconn"),
        ("file-max", "fs.file-max"),
        ("tcp_tw_recycle", "net.ipv4.tcp_tw_recycle"),
        ("time left", "time left"),
        ("<10s", "soon"),
        ("Recv-Q", "receive queue"),
        ("remote", "remote"),
        ("TcpExt.ListenOverflows", "TcpExt.ListenOverflows"),
        ("TcpExtListenOverflows", "TcpExt.ListenOverflows"),
        ("listenoverflows", "TcpExt.ListenOverflows"),
        ("TcpExtTW", "TcpExt.TW"),
        ("sockstat.TCP.tw", "sockstat.TCP.tw"),
    ],
)
def test_found(word: str, name: str) -> None:
    assert find(word).name == name


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("TIME-WAITS", "did you mean TIME-WAIT?"),
        ("tcp_fin_timout", "did you mean net.ipv4.tcp_fin_timeout?"),
        ("xyzzy", "'twtop explain' lists what there is"),
        ("", "lists what there is"),
    ],
)
def test_not_found(word: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        find(word)
    assert hint in str(caught.value)
    assert f"'{word}'" in str(caught.value)


def test_a_strange_word_is_repeated_safely_and_shortly() -> None:
    with pytest.raises(UsageError) as caught:
        find("\x1b[2J" + "x" * 1000)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 150


def test_topics_are_listed_once_states_first() -> None:
    names = [topic.name for topic in topics()]
    assert names[: len(State)] == [state.label for state in IN_LIFE_ORDER]
    assert len(names) == len(set(names))
    assert all(find(topic.name) == topic for topic in topics())


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("TIME-WAIT", "TIME-WAIT"),
        ("tcp_tw_reuse", "net.ipv4.tcp_tw_reuse"),
        ("net.ipv4.tcp_tw_reuse", "net.ipv4.tcp_tw_reuse"),
        ("file-max", "fs.file-max"),
        ("TWRecycled", "TcpExt.TWRecycled"),
        ("sockstat.TCP.mem", "sockstat.TCP.mem"),
    ],
)
def test_a_word_of_a_sentence_names_a_topic(word: str, name: str) -> None:
    topic = named(word)
    assert topic is not None
    assert topic.name == name


@pytest.mark.parametrize("word", ["listen", "close", "timer", "state", "count", "reuse", "mem", "orphan", ""])
def test_ordinary_words_name_nothing(word: str) -> None:
    assert named(word) is None
