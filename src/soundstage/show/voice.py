"""How the show speaks: plain lines, or one JSON object per line."""

import json
import sys
import time
from typing import Any, TextIO


class Voice:
    """Prints events; glyphs only where the encoding has them, no escape codes unless a terminal."""

    def __init__(self, *, as_json: bool, out: TextIO = sys.stdout) -> None:
        """Speak to ``out``, as NDJSON if asked."""
        self._json, self._out = as_json, out
        self._terminal = out.isatty() and not as_json
        self._glyphs = _can_write(out, "◆✓▓░·—")
        self._rough = str.maketrans("◆✓▓░·—×→…", "*+#.--x>~")
        self._open_line = False

    def say(self, event: str, line: str, **facts: Any) -> None:  # noqa: ANN401 - JSON
        """Print one event: the line for people, or the facts as JSON."""
        if self._json:
            row = {"event": event, "at_ms": time.time_ns() // 1_000_000, **facts}
            self._write(json.dumps(row, ensure_ascii=False) + "\n")
            return
        self._write(("\n" if self._open_line else "") + line + "\n")
        self._open_line = False

    def stamp(self, event: str, line: str, **facts: Any) -> None:  # noqa: ANN401 - JSON
        """Print one event behind the time of day."""
        self.say(event, f"{time.strftime('%H:%M:%S')} {line}", **facts)

    def progress(self, line: str, *, new_line: bool, **facts: Any) -> None:  # noqa: ANN401 - JSON
        """Renew the progress line on a terminal; elsewhere print it only if ``new_line``."""
        if self._terminal:
            self._write(f"\r{line}\x1b[K")
            self._open_line = True
        elif new_line:
            self.say("learning", line, **facts)

    def _write(self, text: str) -> None:
        self._out.write(text if self._glyphs else text.translate(self._rough))
        self._out.flush()


def bar(share: float, *, width: int = 10) -> str:
    """Draw a share in 0..1 as a bar."""
    full = round(max(0.0, min(1.0, share)) * width)
    return "▓" * full + "░" * (width - full)


def _can_write(out: TextIO, signs: str) -> bool:
    try:
        signs.encode(out.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
