"""A miniature audio-streaming platform of real processes that streams real audio.

It exists so that a monitoring product can be shown and tested against a living system. It knows
nothing of that product: it is started, broken and observed only from outside.
"""

VERSION = "0.1.0"

__all__ = ["VERSION"]
