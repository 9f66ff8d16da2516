"""Labels for peers from the user's file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from twtop.config.user_files import read_user_file, user_file
from twtop.core.names.label_file import MOST_BYTES, read_labels
from twtop.core.names.labels import NO_LABELS, Labels
from twtop.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_user_labels(environ: Mapping[str, str] = os.environ) -> Labels:
    """Read ``~/.config/twtop/names``, if there is one.

    Raises:
        UsageError: it cannot be read or understood.
    """
    path = user_file("names", environ)
    data = None if path is None else read_user_file(path, MOST_BYTES)
    return NO_LABELS if data is None else read_labels(data, printable(str(path)))
