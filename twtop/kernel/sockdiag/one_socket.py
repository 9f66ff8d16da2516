"""Ask the kernel for one socket, by its ends and its cookie.

An exact get looks the socket up in the hash tables: it costs microseconds, however many sockets there are.
Sources: net/ipv4/inet_diag.c (inet_diag_dump_one_icsk), include/uapi/linux/inet_diag.h, man 7 sock_diag.
"""

from __future__ import annotations

import errno
import itertools
import os
from threading import Lock
from typing import TYPE_CHECKING, Final

from twtop.core.states import ALL_STATES, BOUND_INACTIVE, State
from twtop.errors import KernelError
from twtop.kernel.sockdiag.attributes import MESSAGE_BYTES
from twtop.kernel.sockdiag.details import decode_details
from twtop.kernel.sockdiag.dumps import SOCK_DIAG_BY_FAMILY, open_sock_diag, reason_of
from twtop.kernel.sockdiag.netlink import NLM_F_DUMP, NLM_F_REQUEST, NLMSG_DONE, errno_of, message, messages
from twtop.kernel.sockdiag.requests import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.details.details import Details
    from twtop.core.sockets import Sockets

_EXTENSIONS: Final = 0x7E
"""INFO, VEGASINFO (or that of another algorithm), CONG, TOS, TCLASS (and CLASS_ID) and SKMEMINFO."""
_COOKIE: Final = slice(60, 68)
_ANSWER_BYTES: Final = 1 << 16
_MOST_DATAGRAMS: Final = 10_000
_LISTED: Final = State.LISTEN.bit | 1 << BOUND_INACTIVE
"""States in which a get may find another socket of the same address and port, or none."""


class SocketGoneError(KernelError):
    """There is no socket with these ends and this cookie any more."""


class SocketReader:
    """Reads one socket at a time, for any thread, in the network namespace of the thread that makes it.

    Raises KernelError where NETLINK_SOCK_DIAG is forbidden or missing.
    """

    def __init__(self) -> None:
        self._netlink = open_sock_diag()
        self._sequence = itertools.count(1)
        self._lock = Lock()

    def close(self) -> None:
        """Close the netlink socket; what is asked afterwards raises KernelError."""
        self._netlink.close()

    def read(self, wanted: Sockets) -> Details:
        """Return all that the kernel tells of a socket, given as a table of this one row.

        Raises:
            SocketGoneError: it is not there any more.
            KernelError: the kernel refuses, is silent, or its answer is damaged.
        """
        with self._lock:
            try:
                return decode_details(self._get(wanted))
            except OSError as error:
                raise KernelError(reason_of(error)) from error

    def exchange(self, message_type: int, flags: int, request: bytes) -> tuple[int, bytes] | None:
        """Send a request that is answered with one message, and return its type and its whole text.

        None if there is only an end (NLMSG_DONE). Raises KernelError if there is no answer.
        """
        with self._lock:
            try:
                return next(self._messages(self._ask(request, flags, message_type)), None)
            except OSError as error:
                raise KernelError(reason_of(error)) from error

    def _get(self, wanted: Sockets) -> bytes:
        sequence = self._ask(_request(wanted, ALL_STATES), NLM_F_REQUEST)
        for kind, answer in self._messages(sequence):
            if kind == SOCK_DIAG_BY_FAMILY:
                return answer
            number = errno_of(answer)
            if number == errno.ENOENT:
                return self._find(wanted)
            raise KernelError(f"the kernel refused to tell of the socket: {os.strerror(number)}")
        raise KernelError("the kernel did not tell of the socket")

    def _find(self, wanted: Sockets) -> bytes:
        """Look through what listens or is bound at the port.

        Of listeners that share a port (SO_REUSEPORT) a get finds any, and of bound sockets none.
        """
        cookie = wanted.cookie.tobytes()
        if not wanted.remote_port.any():
            sequence = self._ask(_request(wanted, _LISTED), NLM_F_REQUEST | NLM_F_DUMP)
            # Read to its end: what is left of it would stand before the next answer.
            answers = [answer for kind, answer in self._messages(sequence) if kind == SOCK_DIAG_BY_FAMILY]
            for answer in answers:
                if len(answer) >= MESSAGE_BYTES and answer[_COOKIE] == cookie:
                    return answer
        raise SocketGoneError("the socket is gone")

    def _ask(self, request: bytes, flags: int, message_type: int = SOCK_DIAG_BY_FAMILY) -> int:
        sequence = next(self._sequence) & 0xFFFF_FFFF
        self._netlink.send(message(message_type, flags, sequence, request))
        return sequence

    def _messages(self, sequence: int) -> Iterator[tuple[int, bytes]]:
        """Yield types and messages of an answer up to its end; those of older requests are skipped."""
        for _ in range(_MOST_DATAGRAMS):
            datagram = self._netlink.recv(_ANSWER_BYTES)
            for kind, number, answer in messages(datagram):
                if number == sequence and kind == NLMSG_DONE:
                    return
                if number == sequence:
                    yield kind, answer
        raise KernelError("the answer of sock_diag has no end")


def _request(wanted: Sockets, states: int) -> bytes:
    request = requests(wanted)
    request["extensions"], request["states"] = _EXTENSIONS, states
    return request.tobytes()
