"""What Alertmanager's API v2 answers, as JSON Schema: our own words for what its OpenAPI file says.

Source: `api/v2/openapi.yaml` of Alertmanager 0.25. Fields that it does not name may stand beside
those it does, as in the file.
"""

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
INSTANT: Schema = {"type": "string", "format": "date-time"}
TEXTS: Schema = {"type": "array", "items": TEXT}
LABELS: Schema = {"type": "object", "additionalProperties": TEXT}


def whole(**fields: Schema) -> Schema:
    """Return an object that has all these fields."""
    return {"type": "object", "properties": fields, "required": list(fields)}


def with_maybe(schema: Schema, **fields: Schema) -> Schema:
    """Return an object that may have these fields as well."""
    return {**schema, "properties": {**schema["properties"], **fields}}


def many(schema: Schema, *, least: int = 0) -> Schema:
    """Return a list."""
    return {"type": "array", "items": schema, "minItems": least}


def one_of(*words: str) -> Schema:
    """Return a text out of these."""
    return {"enum": list(words)}


RECEIVER = whole(name=TEXT)
ALERT = with_maybe(
    whole(
        labels=LABELS,
        annotations=LABELS,
        receivers=many(RECEIVER),
        fingerprint=TEXT,
        startsAt=INSTANT,
        updatedAt=INSTANT,
        endsAt=INSTANT,
        status=whole(
            state=one_of("unprocessed", "active", "suppressed"),
            silencedBy=TEXTS,
            inhibitedBy=TEXTS,
        ),
    ),
    generatorURL={"type": "string", "format": "uri"},
)
GROUP = whole(labels=LABELS, receiver=RECEIVER, alerts=many(ALERT))
MATCHER = with_maybe(
    whole(name=TEXT, value=TEXT, isRegex={"type": "boolean"}), isEqual={"type": "boolean"}
)
SILENCE = whole(
    id=TEXT,
    status=whole(state=one_of("expired", "active", "pending")),
    updatedAt=INSTANT,
    matchers=many(MATCHER, least=1),
    startsAt=INSTANT,
    endsAt=INSTANT,
    createdBy=TEXT,
    comment=TEXT,
)
CLUSTER = with_maybe(
    whole(status=one_of("ready", "settling", "disabled")),
    name=TEXT,
    peers=many(whole(name=TEXT, address=TEXT)),
)
BUILD = whole(
    version=TEXT, revision=TEXT, branch=TEXT, buildUser=TEXT, buildDate=TEXT, goVersion=TEXT
)
STATUS = whole(cluster=CLUSTER, versionInfo=BUILD, config=whole(original=TEXT), uptime=INSTANT)

ANSWERS: dict[str, Schema] = {
    "/api/v2/status": STATUS,
    "/api/v2/receivers": many(RECEIVER),
    "/api/v2/alerts": many(ALERT),
    "/api/v2/alerts/groups": many(GROUP),
    "/api/v2/silences": many(SILENCE),
    "/api/v2/silence/{id}": SILENCE,
}
"""What a GET is answered with 200."""

MADE = whole(silenceID=TEXT)
WRONG = TEXT
"""What 400 says."""
