"""What the file of labels may say; every mistake is one line that names place, fault and remedy."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from twtop.core.address import halves
from twtop.core.names.label_file import LONGEST_LABEL, MOST_BYTES, MOST_LINES, read_labels
from twtop.errors import UsageError

FILE = b"""\
# our hosts
10.0.0.5                  database
10.0.0.0/8                ours       # whatever has no name of its own
2001:db8::/32, 192.0.2.9  office \xc3\xbcber all   # two at a time
::ffff:198.51.100.0/120 , [2001:db8:1::5]   mapped#1

   \t
203.0.113.7\t bell \x07 and\x1b[31m colour
"""


@pytest.mark.parametrize(
    ("address", "label"),
    [
        ("10.0.0.5", "database"),
        ("::ffff:10.0.0.5", "database"),
        ("10.0.0.6", "ours"),
        ("11.0.0.5", ""),
        ("2001:db8:ffff::1", "office über all"),
        ("192.0.2.9", "office über all"),
        ("198.51.100.77", "mapped#1"),
        ("2001:db8:1::5", "mapped#1"),
        ("203.0.113.7", "bell ? and?[31m colour"),
    ],
)
def test_lines_are_networks_and_a_label(address: str, label: str) -> None:
    assert read_labels(FILE, "names").text(*halves(ip_address(address))) == label


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"# nothing\n", b"\xef\xbb\xbf# nothing", b"\r\n # nothing\r\n"]
)
def test_a_file_may_say_nothing(data: bytes) -> None:
    assert not read_labels(data, "names")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"10.0.0.300 db", "'10.0.0.300' is no address or network; write one as 10.0.0.5, 10.0.0.0/8 or"),
        (b"db-1 db", "'db-1' is no address"),
        (b"10.0.0.0/33 db", "'10.0.0.0/33' is no address or network"),
        (b"10.0.0.5/8 db", "10.0.0.5/8 has bits beyond its prefix; write 10.0.0.0/8 or 10.0.0.5"),
        (b"fe80::1%eth0 db", "write 'fe80::1%eth0' without its zone: fe80::1"),
        (
            b"10.0.0.5",
            "no label behind '10.0.0.5'; write for example '10.0.0.0/8, 2001:db8::5  our database'",
        ),
        (b"10.0.0.5  # db", "no label behind '10.0.0.5'"),
        (b"10.0.0.5, db", "'db' is no address"),
        (b", 10.0.0.5 db", "a comma stands where an address should; write for example"),
        (b"10.0.0.5,, 10.0.0.6 db", "a comma stands where an address should"),
        (b"10.0.0.5 " + b"x" * (LONGEST_LABEL + 1), "the label has 41 characters; 40 are possible"),
        (b"10.0.0.5 db*", "a label has no '*': no filter could tell it; leave it out"),
        (b'10.0.0.5 "db"', "a label has no '\"'"),
        (b"10.0.0.5 \xff", "byte 10 is not UTF-8; save the file as UTF-8"),
        (b"\x1b[2J" + b"x" * 5000 + b" db", "'?[2Jx"),
        (b"192.0.2.1 db", "192.0.2.1/32 has a label on line 1 already; write it once"),
        (b"::ffff:192.0.2.1 db", "192.0.2.1/32 has a label on line 1 already"),
    ],
)
def test_a_mistake_is_named_with_its_place(line: bytes, complaint: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_labels(b"192.0.2.1 web\n# next\n" + line + b"\n10.9.9.9 later\n", "/home/me/names")
    message = str(caught.value)
    assert message.startswith("/home/me/names, line 3: ")
    assert complaint in message
    assert message.isprintable()
    assert len(message) < 250


def test_the_file_is_bounded() -> None:
    with pytest.raises(UsageError, match=r"names: larger than 1,000,000 bytes; leave out"):
        read_labels(b" " * (MOST_BYTES + 1), "names")
    with pytest.raises(UsageError, match=r"names: 10,001 lines; 10,000 are possible"):
        read_labels(b"\n" * (MOST_LINES + 1), "names")
    many = ",".join(f"10.{number // 256}.{number % 256}.0/24" for number in range(10_001)).encode()
    with pytest.raises(UsageError, match=r"names, line 1: more than 10,000 networks"):
        read_labels(many + b" db", "names")
