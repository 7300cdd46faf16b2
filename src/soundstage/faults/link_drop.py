"""A link goes dead now and then: the answer begins and never ends."""

from dataclasses import dataclass

from soundstage.sabotage.linking import LinkFault


@dataclass(frozen=True, kw_only=True)
class LinkDrop(LinkFault):
    """A ``drop_share`` of the answers stops in the middle without a word."""

    broken = "a share of the answers of {target} never arrives"
    listener_notices = "players wait and ask again; sound may stop"

    drop_share: float = 0.4
