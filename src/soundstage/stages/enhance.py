"""Enhance: the "AI" step. Which code does it is a matter of the release."""

from importlib import import_module

from soundstage.audio.format import from_bytes, to_bytes
from soundstage.delivery.tap import Tap, offer_taps
from soundstage.plan import Programme
from soundstage.stages.frame import Frame
from soundstage.stages.line import Lines, Work


def set_up(frame: Frame) -> None:
    """Clean and level every chunk with the enhancer of the running release."""
    release = import_module(f"soundstage.releases.{frame.release}")

    def make_work(programme: Programme) -> Work:
        enhancer = release.Enhancer()

        def work(seq: int, payload: bytes) -> list[tuple[int, bytes]]:
            enhanced = enhancer.enhance(from_bytes(payload))
            body = to_bytes(frame.inside.bend(programme.key, seq, enhanced))
            taps[programme.key].note(seq, body)
            return [(seq, body)]

        return work

    taps = {programme.key: Tap(programme) for programme in frame.plan.programmes}
    lines = Lines(frame)
    lines.offer()
    lines.pull(make_work)
    offer_taps(frame, "/tap/{tenant}/{programme}.wav", taps)
