"""What the product may do with the ladder of the show, where ``--codec`` asks for it."""

import sys
from pathlib import Path
from typing import Any

from soundstage.audio.codec import EFFORT
from soundstage.plan import Plan

LADDER_KBPS = (128,)
"""One rate for everything, as many platforms have it: as many encoders as without ``--codec``."""


def ladder_section(plan: Plan, state: Path) -> dict[str, Any]:
    """Return the settings by which the product advises on, tries and judges the ladder.

    One programme is listened to; what the encoder is given stands before it, behind ``enhance``.
    """
    programme = plan.programmes[0]
    number = plan.number_of(programme.key)
    stream = {
        "name": programme.key,
        "url": f"{plan.serving('edge', number).url}/live/{programme.key}/master.m3u8",
        "source": f"{plan.serving('enhance', number).url}/tap/{programme.key}.wav",
    }
    command = [sys.executable, "-m", "soundstage", "ladder", "--state", str(state), "{rates}"]
    return {
        "allow": True,
        "ladder": [f"opus:{rate}" for rate in LADDER_KBPS],
        "apply": command,
        "streams": [stream],
        "steps": 2,
        "opus_complexity": EFFORT,
        "begin_after_s": 120,
    }
