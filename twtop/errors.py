"""Errors that the user can act on; each becomes one line on stderr and exit status 2.

TwtopError
├── UsageError      a command line, filter or key that twtop cannot understand
├── HostError       this host cannot run twtop (other OS, old kernel, no namespaces)
├── KernelError     the kernel refused or answered something that cannot be trusted
└── RecordingError  a recording cannot be written, or is not one that can be read
"""

from __future__ import annotations


class TwtopError(Exception):
    """Something went wrong that one line can explain."""


class UsageError(TwtopError):
    """The user asked for something that does not exist or cannot be parsed."""


class HostError(TwtopError):
    """This host lacks something twtop needs."""


class KernelError(TwtopError):
    """The kernel refused a request or sent an answer that cannot be decoded."""


class RecordingError(TwtopError):
    """A recording cannot be written, or what is read is none, or is damaged."""


def system_reason(error: OSError | ValueError) -> str:
    """Return what the system says of an error, as it stands within a sentence: ``permission denied``."""
    return error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
