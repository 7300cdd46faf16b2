"""Connections to a stage are torn in the middle of an answer."""

from dataclasses import dataclass

from soundstage.sabotage.linking import LinkFault


@dataclass(frozen=True, kw_only=True)
class LinkReset(LinkFault):
    """A ``reset_share`` of the answers ends with a reset (RST)."""

    broken = "connections to {target} are reset"
    listener_notices = "players have to ask again; buffers shrink and sound may stop"

    reset_share: float = 0.5
