"""Files read in stretches, and stretches through codecs: real bytes and what is heard of them."""

from auscult.signals.encoding.coding import CODECS, COMPLEXITY, Codec, Coded, Coding, encode
from auscult.signals.encoding.reading import RATE_HZ, FileForm, read_stretch, survey_file

__all__ = [
    "CODECS",
    "COMPLEXITY",
    "RATE_HZ",
    "Codec",
    "Coded",
    "Coding",
    "FileForm",
    "encode",
    "read_stretch",
    "survey_file",
]
