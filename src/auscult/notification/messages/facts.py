"""The words a template may use: what a message says, taken apart.

Every word is there in every message, empty where it does not apply; a label that an incident or a
group has not is empty as well. So a template that was right for one message is right for the next.
"""

from typing import Any

from auscult.kernel.incidents import Incident
from auscult.kernel.times import clock_utc, duration_words
from auscult.notification.messages.message import AlertsTold, Message
from auscult.notification.messages.plain import cut, plain
from auscult.notification.messages.rendering import cause, how_to_take, impact

SENTENCE_CHARS_MAX = 300
ALERTS_MAX = 50


class Pairs(dict[str, str]):
    """Names and values; a name that is not there has the value ""."""

    def __missing__(self, _name: str) -> str:
        """Return nothing."""
        return ""


def facts_of(message: Message, incident: Incident | None, channel: str) -> dict[str, Any]:
    """Return the words by their names: texts, numbers, and lists of them."""
    said = {
        "kind": str(message.kind),
        "status": str(message.status),
        "severity": str(message.severity),
        "tenant": str(message.tenant),
        "incident": message.incident,
        "service": message.service,
        "instance": message.instance,
        "headline": plain(message.headline),
        "title": message.title,
        "text": message.text,
        "link": message.link,
        "since": f"{clock_utc(message.opened_ms)} UTC",
        "at": f"{clock_utc(message.at_ms)} UTC",
        "lasted": duration_words(message.at_ms - message.opened_ms),
        "fields": message.fields,
        "channel": channel,
    }
    return said | _of_incident(incident) | _of_alerts(message.alerts, incident)


def _of_incident(incident: Incident | None) -> dict[str, Any]:
    if incident is None:
        names = ("signal", "sentence", "impact", "cause", "how_to_acknowledge")
        return dict.fromkeys((*names, "acknowledged_by", "resolved_by"), "") | {"signals": ()}
    return {
        "signal": plain(incident.strongest.signal),
        "sentence": _sentence(incident.strongest.evidence.sentence),
        "signals": tuple(_sentence(one.sentence) for one in incident.signals),
        "impact": impact(incident),
        "cause": cause(incident),
        "how_to_acknowledge": how_to_take(incident),
        "acknowledged_by": plain(incident.acknowledged_by),
        "resolved_by": plain(incident.resolved_by),
    }


def _of_alerts(told: AlertsTold | None, incident: Incident | None) -> dict[str, Any]:
    if told is None:
        labels = incident.strongest.evidence.labels if incident is not None else ()
        return {"labels": Pairs(labels), "annotations": Pairs(), "alerts": (), "receiver": ""}
    return {
        "labels": Pairs(told.common_labels),
        "annotations": Pairs(told.common_annotations),
        "alerts": tuple(
            {
                "status": one["status"],
                "labels": Pairs(one["labels"]),
                "annotations": Pairs(one["annotations"]),
                "starts": one["startsAt"],
                "url": one["generatorURL"],
            }
            for one in told.alerts[:ALERTS_MAX]
        ),
        "receiver": told.receiver,
    }


def _sentence(text: str) -> str:
    return cut(plain(text), SENTENCE_CHARS_MAX)
