"""Release v1: the proven enhancer."""

from soundstage.audio.gate import Enhancer

__all__ = ["Enhancer"]
