"""Addresses, networks, ports and service names, as they stand in a filter."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network
from typing import Final, TypeAlias

from twtop.core.filter.errors import FilterError
from twtop.core.filter.nodes import HIGHEST_PORT, Network, Ports

Services: TypeAlias = Callable[[str], int | None]
"""Finds the TCP port of a service name; None if there is none of that name."""

NUMBER: Final = re.compile("[0-9]+")
_RANGE: Final = re.compile(r"([0-9]+)-([0-9]+)")
_SHORT_IPV4: Final = re.compile(r"[0-9]+(\.[0-9]+){0,2}")
_HOST_NAME: Final = re.compile(r"[\w.-]*[g-zG-Z][\w.-]*")
_ADDRESS_EXAMPLES: Final = "10.0.0.5, 10.0.0.0/8 or [2001:db8::1]"


@dataclass(frozen=True, slots=True)
class Operands:
    """Reads operands of one filter; ``at`` is always the column where the operand starts."""

    text: str
    services: Services

    def ports(self, operand: str, at: int) -> Ports:
        """Read ``443``, ``https`` or ``8000-8999``, with or without a colon before it."""
        name = operand.removeprefix(":")
        at += len(operand) - len(name)
        if not name:
            raise self._error("a port is missing after ':', for example ':443'", at - 1)
        if found := _RANGE.fullmatch(name):
            low, high = self._number(found[1], at), self._number(found[2], at + found.start(2))
            if low > high:
                raise self._error(f"the range ends before it starts; write {high}-{low}", at, len(name))
            return Ports(low, high)
        port = self._number(name, at) if NUMBER.fullmatch(name) else self._service(name, at)
        return Ports(port, port)

    def host(self, operand: str, at: int) -> tuple[Network | None, Ports | None]:
        """Read ``address``, ``network``, ``*`` or nothing, then ``:port`` or nothing; None stands for any."""
        address, port = self._split(operand, at)
        found = self.ports(port, at + len(operand) - len(port)) if port not in ("", ":*") else None
        return self._network(address, at), found

    def values(self, operand: str, at: int) -> list[tuple[str, int]]:
        """Read values with commas between them, each with its column, or one in quotation marks."""
        if operand.startswith('"'):
            if operand == '"' or not operand.endswith('"'):
                raise self._error("this quotation mark is never closed", at)
            return [(operand[1:-1], at + 1)]
        found = [(part[0], at + part.start()) for part in re.finditer("[^,]+|(?<=,)(?=,|$)|^(?=,)", operand)]
        for value, column in found:
            if not value:
                raise self._error("a value is missing beside ','; write for example 'pid = 77,78'", column)
        return found

    def _split(self, operand: str, at: int) -> tuple[str, str]:
        if operand.startswith("["):
            inside, bracket, rest = operand.partition("]")
            if not bracket:
                raise self._error("']' is missing", at + len(operand))
            if rest and not rest.startswith(":"):
                hint = "only a port may follow ']', for example [2001:db8::/32]:443"
                raise self._error(hint, at + len(inside) + 1, len(rest))
            return inside + bracket, rest
        start = max(operand.find("/"), 0)
        if start or operand.count(":") <= 1:
            colon = operand.find(":", start)
            return (operand[:colon], operand[colon:]) if colon >= 0 else (operand, "")
        return self._split_ipv6(operand, at)

    def _split_ipv6(self, operand: str, at: int) -> tuple[str, str]:
        head, _, tail = operand.rpartition(":")
        if _is_ipv6(operand) and _is_ipv6(head) and NUMBER.fullmatch(tail):
            # ss takes it for a port, every other tool for the end of the address.
            hint = f"write [{operand}] for the address, [{head}]:{tail} for address and port"
            raise self._error(hint, at, len(operand))
        return (head, f":{tail}") if _is_ipv6(head) and not _is_ipv6(operand) else (operand, "")

    def _network(self, operand: str, at: int) -> Network | None:
        if operand in ("", "*"):
            return None
        address = operand[1:-1] if operand.startswith("[") else operand
        bare, slash, length = address.partition("/")
        if "%" in bare:
            zoneless = bare.partition("%")[0]
            raise self._error(f"write the address without its zone: {zoneless!r}", at, len(operand))
        try:
            if ":" in address or operand.startswith("["):
                return IPv6Network(address, strict=False)
            if slash and _SHORT_IPV4.fullmatch(bare):
                address = bare + ".0" * (3 - bare.count(".")) + slash + length
            return IPv4Network(address, strict=False)
        except ValueError:
            raise self._error(_what_is_wrong(operand, bare, length), at, len(operand)) from None

    def _number(self, digits: str, at: int) -> int:
        significant = digits.lstrip("0") or "0"
        if len(significant) > len(str(HIGHEST_PORT)) or int(significant) > HIGHEST_PORT:
            raise self._error(f"a port is at most {HIGHEST_PORT}", at, len(digits))
        return int(significant)

    def _service(self, name: str, at: int) -> int:
        port = self.services(name)
        if port is None:
            raise self._error(
                f"no service is called {name!r}; write a port number or a service name", at, len(name)
            )
        return port

    def _error(self, message: str, at: int, length: int = 1) -> FilterError:
        return FilterError(message, self.text, at, length)


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def _what_is_wrong(operand: str, address: str, length: str) -> str:
    if _HOST_NAME.fullmatch(address):
        return f"host names are not resolved; write the address of {address!r}"
    if NUMBER.fullmatch(length) and int(length[:4]) > (128 if ":" in address else 32):
        return f"a prefix is at most 32 bits long for IPv4, 128 for IPv6, not {length}"
    return f"{operand!r} is not an address; write one as {_ADDRESS_EXAMPLES}"
