"""Where the product listens: which programmes, at which places of their way."""

from typing import Any, NamedTuple

from soundstage.plan import Plan, Programme

WHOLE_WAY = 1
"""Programmes that are heard behind every stage; the others at the edge, as listeners hear them.

Six probes of a programme tell which stage spoils it, one that it is spoilt: a stream that is held
against its source costs more than twice one that is judged alone.
"""


class Place(NamedTuple):
    """A place of the way where sound can be heard, ``hop`` steps behind the source."""

    hop: int
    service: str
    stage: str
    path: str


UP_TO_EDGE = (
    Place(0, "source", "ingest", "/tap/{key}.wav"),
    Place(1, "ingest", "ingest", "/output/{key}.wav"),
    Place(2, "enhance", "enhance", "/tap/{key}.wav"),
    Place(3, "encode", "encode", "/tap/{key}.ogg"),
    Place(4, "package", "package", "/live/{key}/playlist.m3u8"),
)
EDGE = Place(5, "edge", "edge", "/live/{key}/playlist.m3u8")


def probes_of(plan: Plan) -> list[dict[str, Any]]:
    """Return the settings of every probe of the show."""
    return [
        _probe(plan, programme, place)
        for number, programme in enumerate(plan.programmes)
        for place in (*(UP_TO_EDGE if number < WHOLE_WAY else ()), EDGE)
    ]


def _probe(plan: Plan, programme: Programme, place: Place) -> dict[str, Any]:
    serving = plan.serving(place.stage, plan.number_of(programme.key))
    return {
        "use": "probe",
        "url": serving.url + place.path.format(key=programme.key),
        "stream": f"{programme.key} {place.service}",
        "programme": programme.key,
        "service": place.service,
        "hop": place.hop,
    }
