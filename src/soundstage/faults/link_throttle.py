"""The way to a stage has become narrow."""

from dataclasses import dataclass

from soundstage.sabotage.linking import LinkFault


@dataclass(frozen=True, kw_only=True)
class LinkThrottle(LinkFault):
    """All answers together pass at ``rate_kbps``."""

    broken = "answers of {target} squeeze through a narrow link"
    listener_notices = "segments come late; players take a lower rate or stop"

    rate_kbps: float = 300.0
