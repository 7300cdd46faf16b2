"""Listening to streams as a player does: HLS and endless HTTP, decoded, bounded, and honest.

`listen(url)` yields `Heard` (samples) and `Unheard` (why not). What it means for a listener is
`performance`'s to say.
"""

from auscult.signals.listening.decoding import Decoder
from auscult.signals.listening.endless import EndlessListener
from auscult.signals.listening.fetching import Fetching
from auscult.signals.listening.hls import HlsListener
from auscult.signals.listening.keeping import encode_flac
from auscult.signals.listening.playlist import read_playlist

__all__ = [
    "Decoder",
    "EndlessListener",
    "Fetching",
    "HlsListener",
    "encode_flac",
    "read_playlist",
]
