"""The way to a stage has become long and uneven."""

from dataclasses import dataclass

from soundstage.sabotage.linking import LinkFault


@dataclass(frozen=True, kw_only=True)
class LinkDelay(LinkFault):
    """Every answer travels ``delay_ms``, and up to ``jitter_ms`` more."""

    broken = "answers of {target} are under way for long"
    listener_notices = "buffers shrink; new listeners wait longer for the first sound"

    delay_ms: float = 700.0
    jitter_ms: float = 300.0
