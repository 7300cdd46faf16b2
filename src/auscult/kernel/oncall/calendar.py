"""What a calendar of somebody else said when it was last read well."""

from pydantic import Field

from auscult.kernel.words import Word


class CalendarCopy(Word):
    """The text of a schedule's calendar layer (iCalendar), and when it was read.

    `source` tells which address it came from without saying it: a copy of another one is none.
    """

    schedule: str = Field(min_length=1, max_length=200)
    layer: str = Field(min_length=1, max_length=200)
    source: str = Field(min_length=64, max_length=64)
    read_ms: int
    text: str = Field(repr=False)
