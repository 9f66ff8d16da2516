"""What the help of several commands says."""

from __future__ import annotations

from typing import Final

FILTERS: Final = """\
EXPR   a filter as ss(8) has it: state close-wait, dport = :443,
       dst 10.0.0.0/8, and or not ( ); also :443 for either port,
       port:8000-8999, a bare address or network for either side, a bare state;
       pid = 77,78, proc = NAME, user = NAME, cgroup = UNIT (or container, or
       path), owner = exact (or held, was, earlier, listener, likely, unknown),
       label = NAME with the names of ~/.config/twtop/names, netns = NAME of
       a network namespace; * is any text
"""

GROUPINGS: Final = """\
KEYS   of state, peer, remote, remote-address, remote-network, remote-port,
       local, local-address, local-port, namespace, role, owner, command, user,
       unit, label; by commas, outermost first
"""

VOCABULARY: Final = f"""\
{FILTERS}{GROUPINGS}FIELD  one of {{fields}}
"""

STATUS: Final = """\
exit status: 2 after an error (said in one line), 130 after ctrl+c, 141 when
the reader of a pipe is gone, else 0
"""

USUAL_FILE: Final = "~/.config/twtop/config.toml"
