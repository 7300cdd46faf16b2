"""A stream: one place at which one programme is listened to."""

from dataclasses import dataclass, replace

from auscult.kernel.words import Labels, Subject

RENDITION = "rendition"
"""The label that says which of a programme's encodings is heard."""


@dataclass(frozen=True, slots=True)
class Stream:
    """What a probe listens to, and where on the programme's way.

    name: unique within its tenant. programme: what is heard; streams of the same programme are set
    against each other. subject: the service whose output it is. hop: how many stages the sound has
    passed, 0 at the source; None where only the end is known. vantage: from where it is heard.
    labels: everything else that is known (rendition, edge, region), for the evidence. is_reported:
    an agent elsewhere listens, of whose own end nobody here would learn.
    """

    name: str
    programme: str
    subject: Subject
    hop: int | None = None
    vantage: str = "local"
    labels: Labels = ()
    is_reported: bool = False

    @property
    def is_source(self) -> bool:
        """Whether it is the source tap, against which the others of the programme are held."""
        return self.hop == 0

    @property
    def lasting(self) -> "Stream":
        """The stream without its rendition, which may change when the ladder does."""
        return replace(self, labels=tuple(one for one in self.labels if one[0] != RENDITION))
