"""A whole configuration of Alertmanager as settings: the tree as it is, a channel for each entry.

All its scalars are texts, as Alertmanager reads most of them: `code: 500` is what it looks like.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from auscult.kernel.errors import SettingError
from auscult.notification.decide.alerts.inhibition import Inhibition
from auscult.notification.decide.alerts.translating.channels import IN_GLOBAL, KINDS
from auscult.notification.decide.alerts.translating.made import Ask, Translated, Tree, is_true

KNOWN = frozenset(
    {"global", "inhibit_rules", "mute_time_intervals", "receivers", "route", "templates"}
    | {"time_intervals"}
)
INTERVALS = ("time_intervals", "mute_time_intervals")
ITS_OWN_ZONE = "Local"
ROUTED_MAX = 20

Able = Callable[[str], frozenset[str]]
"""Which settings a channel of a plug has."""


def translate(config: object, *, able: Able) -> Translated:
    """Return a configuration of Alertmanager as settings; raises `SettingError` where it is none.

    What has no counterpart is named in `lost`, by its place.
    """
    if not isinstance(config, dict) or not isinstance(config.get("route"), dict):
        raise SettingError("this is no Alertmanager configuration: it has no route")
    made = Translated()
    made.lost += [f"{name}: unknown here" for name in sorted(config.keys() - KNOWN)]
    given: Tree = config["global"] if isinstance(config.get("global"), dict) else {}
    made.lost += [f"global.{name}: not taken over" for name in sorted(given.keys() - IN_GLOBAL)]
    if given.get("http_config"):
        made.lost.append("global.http_config: taken over for webhooks, as far as they can say it")
    if config.get("templates"):
        made.lost.append("templates: messages are worded by auscult")
    made.alerts["route"] = _route(config["route"])
    made.alerts["receivers"] = [
        _receiver(one, given, made, able=able) for one in _dicts(config.get("receivers"))
    ]
    if rules := _rules(_dicts(config.get("inhibit_rules")), made):
        made.alerts["inhibit_rules"] = rules
    for name in INTERVALS:
        if named := _dicts(config.get(name)):
            made.alerts[name] = [_intervals(one, name, made) for one in named]
    if given.get("resolve_timeout") is not None:
        made.alerts["resolve_timeout"] = given["resolve_timeout"]
    _lead_incidents(made)
    return made


def _lead_incidents(made: Translated) -> None:
    """Let what only makes incidents reach the channels of the root route, or else all there are."""
    receivers = made.alerts["receivers"]
    if not any(one.get("incidents") for one in receivers):
        return
    root = made.alerts["route"].get("receiver")
    to = [told["channel"] for one in receivers if one["name"] == root for told in one["to"]]
    if to := to or list(made.channels):
        made.routes = [{"to": to[:ROUTED_MAX]}]
        made.lost.append(f"routes: incidents are told to {', '.join(to[:ROUTED_MAX])}: look at it")
    else:
        made.lost.append("routes: no channel is left, so incidents are on the page only")


def _dicts(given: object) -> list[Tree]:
    """Return the mappings of a list; Alertmanager skips an entry that says nothing."""
    return [one for one in given if isinstance(one, dict)] if isinstance(given, tuple) else []


def _route(branch: Tree) -> Tree:
    said = {name: _plain(value) for name, value in branch.items() if value is not None}
    if "continue" in said:
        said["continue"] = is_true(said["continue"])
    if "routes" in said:
        said["routes"] = [_route(one) for one in _dicts(branch["routes"])]
    return said


def _plain(given: Any) -> Any:  # noqa: ANN401  # whatever YAML can hold
    """Return a tree with lists; what says nothing is an empty text, as in Go."""
    if isinstance(given, dict):
        return {name: _plain(value) for name, value in given.items()}
    if isinstance(given, tuple):
        return [_plain(value) for value in given]
    return "" if given is None else given


def _rules(rules: list[Tree], made: Translated) -> list[Tree]:
    """Return the inhibitions that can be said; without one too much is paged, never too little."""
    kept = []
    for number, rule in enumerate(rules):
        said = {name: value for name, value in rule.items() if name != "name" and value is not None}
        try:
            Inhibition.model_validate(said)
        except ValidationError as why:
            wrong = why.errors(include_url=False)[0]
            where = "".join(f".{part}" for part in wrong["loc"])
            told = str(wrong["msg"]).removeprefix("Value error, ")
            made.lost.append(f"inhibit_rules[{number}]{where}: left out: {told}")
        else:
            kept.append(_plain(said))
    return kept


def _intervals(named: Tree, section: str, made: Translated) -> Tree:
    said = _plain(named)
    said["time_intervals"] = [_plain(one) for one in _dicts(named.get("time_intervals"))]
    for one in said["time_intervals"]:
        if one.get("location") == ITS_OWN_ZONE:
            del one["location"]
            made.lost.append(
                f"{section}.{said.get('name')}.location: 'Local' is the zone of the machine that "
                "Alertmanager runs on; UTC holds here: put the zone's name in"
            )
    return {name: value for name, value in said.items() if value != ""}


def _receiver(receiver: Tree, given: Mapping[str, Any], made: Translated, *, able: Able) -> Tree:
    name = str(receiver.get("name") or "")
    told: list[Tree] = []
    count = 0
    for kind, entries in receiver.items():
        for number, entry in enumerate(_dicts(entries) if kind != "name" else ()):
            count += 1
            place = f"receivers.{name}.{kind}[{number}]"
            if kind not in KINDS:
                made.lost.append(f"{place}: there is no such channel here; add one by hand")
                continue
            use, make, resolved = KINDS[kind]
            channel = _name(name, use, made.channels)
            ask = Ask(place, channel, entry, given, made, able(use))
            if (settings := make(ask)) is None:
                continue
            made.channels[channel] = {"use": use, **settings}
            ask.say_lost()
            send = entry.get("send_resolved")
            told.append(
                {"channel": channel, "send_resolved": resolved if send is None else is_true(send)}
            )
    if count and not told:
        made.lost.append(
            f"receivers.{name}: nothing of it could be said here, so it makes incidents, which "
            "reach people by `routes` and `oncall`"
        )
        return {"name": name, "to": [], "incidents": True}
    return {"name": name, "to": told}


def _name(receiver: str, use: str, taken: Mapping[str, object]) -> str:
    """Return a free name for a channel of a receiver."""
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{receiver}-{use}").strip("-.")[:50] or use
    names = (stem, *(f"{stem}-{number}" for number in range(2, 1_000)))
    return next(name for name in names if name not in taken)
