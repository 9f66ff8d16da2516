"""The filter language: ``parse`` a text, then ``mask`` sockets with the expression."""

from __future__ import annotations

from twtop.core.filter.errors import FilterError
from twtop.core.filter.nodes import (
    And,
    Endpoint,
    Everything,
    Expr,
    Named,
    Not,
    Or,
    Ports,
    Side,
    States,
    filter_text,
    names_owners,
)
from twtop.core.filter.operands import Services
from twtop.core.filter.parser import parse
from twtop.core.filter.reduce import destination_part
from twtop.core.filter.to_ss import ss_command

__all__ = [
    "And",
    "Endpoint",
    "Everything",
    "Expr",
    "FilterError",
    "Named",
    "Not",
    "Or",
    "Ports",
    "Services",
    "Side",
    "States",
    "destination_part",
    "filter_text",
    "names_owners",
    "parse",
    "ss_command",
]
