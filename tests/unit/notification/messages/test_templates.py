"""A tenant's words: for all channels, for one, and the default where they fail."""

import pytest
from pydantic import ValidationError

from auscult.kernel.alerts import Alert, Group
from auscult.kernel.incidents import ChangeKind, Status
from auscult.notification.decide import Route, wish_messages
from auscult.notification.messages import Message, render, render_group
from auscult.notification.messages.facts import facts_of
from auscult.notification.messages.rendering import add_lines
from auscult.notification.messages.samples import life_of, sample_groups, sample_incident
from auscult.notification.messages.templates import Templates, Wording, preview, reword_effects
from tests.story import ACME, AT_MS, a_change, a_signal, an_incident

BROKEN = "{% if service == 'encode' %}{{ fields[99] }}{% else %}fine{% endif %}"
"""Right for the sample, and wrong for what happens."""


def test_a_channels_own_words_come_before_those_of_all() -> None:
    templates = Templates(
        title="{{ severity }}: {{ headline }}",
        text="all",
        channels={"phone": Wording(text="{{ service }} {{ link }}")},
    )
    incident = an_incident()
    message = render(incident, a_change(), base_url="https://h")
    chat = templates.reword(message, incident, channel="chat")
    phone = templates.reword(message, incident, channel="phone")
    assert chat.title == phone.title == "critical: No data from encode for 6 s since 03:13 UTC"
    assert (chat.text, phone.text) == ("all", "encode https://h/incidents/01J9INCIDENT")
    assert chat.dedup_key == message.dedup_key


def test_without_templates_nothing_changes() -> None:
    incident = an_incident()
    message = render(incident, a_change())
    assert Templates().reword(message, incident, channel="chat") is message
    assert Templates().is_empty


@pytest.mark.parametrize("name", ["title", "text"])
def test_a_template_that_fails_leaves_the_default_and_says_so(name: str) -> None:
    incident = an_incident()
    message = render(incident, a_change())
    said = Templates.model_validate({name: BROKEN}).reword(message, incident, channel="chat")
    assert said.title == message.title
    *told, remark = said.text.split("\n")
    assert "\n".join(told) == message.text
    assert remark.startswith(f"The template of the {name} failed: line 1: ")
    assert "99" in remark


def test_the_remark_is_there_however_long_the_default_is() -> None:
    incident = an_incident()
    message = render(incident, a_change()).model_copy(update={"text": "x" * 2_000})
    said = Templates(text=BROKEN).reword(message, incident, channel="chat")
    assert len(said.text) <= 2_000
    assert "The template of the text failed" in said.text


def test_what_says_nothing_leaves_the_default() -> None:
    incident = an_incident()
    message = render(incident, a_change())
    for_alerts = Templates(title="{% if alerts %}{{ receiver }}{% endif %} ", text="{{ service }}")
    said = for_alerts.reword(message, incident, channel="chat")
    assert (said.title, said.text) == (message.title, "encode")


def test_the_result_is_cut_and_printable() -> None:
    incident = an_incident(headline="bell \x07 fire 🔥")
    message = render(incident, a_change())
    long = Templates(title="{{ headline }}" * 9, text="a\tb\n{{ headline }}\n" * 200)
    said = long.reword(message, incident, channel="chat")
    assert len(said.title) == 80
    assert len(said.text) == 2_000
    assert said.text.startswith("a b\nbell fire")
    assert Message.model_validate(said.model_dump()) == said


def test_every_word_is_there_in_every_message() -> None:
    steps = [*life_of(sample_incident()), *((None, one) for one in sample_groups())]
    named = {frozenset(facts_of(message, one, "chat")) for one, message in steps}
    assert len(named) == 1


def test_an_unknown_label_is_empty_and_a_known_one_said() -> None:
    incident = an_incident()
    message = render(incident, a_change())
    templates = Templates(text="{{ labels.zone }}|{{ labels.nobody }}|{{ annotations.runbook }}|")
    assert templates.reword(message, incident, channel="chat").text == "eu-1|||"


def test_a_group_of_alerts_is_worded_too() -> None:
    alert = Alert("1", (("alertname", "Late"), ("pod", "p")), (("runbook", "r/1"),), 1, 2, 1)
    group = Group("g", "{}", "team", (("alertname", "Late"),), begun_ms=1, next_ms=1)
    message = render_group(group, ([alert], []), tenant=ACME, at_ms=AT_MS)
    templates = Templates(
        title="{{ labels.alertname }} to {{ receiver }}",
        text="{% for one in alerts %}{{ one.labels.pod }} {{ annotations.runbook }}{% endfor %}",
    )
    said = templates.reword(message, None, channel="chat")
    assert (said.title, said.text) == ("Late to team", "p r/1")


def test_the_effects_carry_the_words_and_threads_keep_the_first_title() -> None:
    incident = an_incident()
    route = (Route(to=("chat",)),)
    templates = Templates(title="{{ kind }} {{ service }}")
    opened = wish_messages(incident, [a_change()], route, now_ms=AT_MS)
    (first,) = reword_effects(opened, incident, templates)
    assert (first.payload["title"], first.payload["subject"]) == ("opened encode",) * 2
    assert first.key == opened[0].key
    taken = incident.model_copy(update={"status": Status.ACKNOWLEDGED, "acknowledged_by": "Ann"})
    change = a_change(ChangeKind.ACKNOWLEDGED, actor="Ann")
    wished = wish_messages(taken, [change], route, now_ms=AT_MS, told={"chat": "opened encode"})
    (second,) = reword_effects(wished, taken, templates)
    assert second.payload["title"] == "acknowledged encode"
    assert second.payload["subject"] == "opened encode"


def test_a_preview_shows_each_channel_as_it_opens_is_taken_and_ends() -> None:
    templates = Templates(channels={"phone": Wording(title="{{ kind }} by {{ acknowledged_by }}")})
    shown = preview(templates, ("chat", "phone"), an_incident())
    assert [(one.channel, str(one.kind)) for one in shown] == [
        (channel, kind)
        for channel in ("chat", "phone")
        for kind in ("opened", "acknowledged", "resolved")
    ]
    assert [one.is_default for one in shown] == [True] * 3 + [False] * 3
    assert [one.title for one in shown[3:]] == [
        "opened by",
        "acknowledged by somebody",
        "resolved by somebody",
    ]


def test_a_default_message_says_what_since_when_impact_cause_link_and_how_to_take_it() -> None:
    first = a_signal("disk", first_ms=AT_MS - 60_000, sentence="disk: writes are slow")
    incident = an_incident(a_signal(), first, *(a_signal(f"edge-{n}") for n in range(4)))
    said = render(incident, a_change(), base_url="https://h")
    lines = said.text.split("\n")
    assert lines[0] == "No data from encode for 6 s since 03:13 UTC"
    assert "open since 03:13 UTC" in lines[1]
    assert lines[2].startswith("Impact: encode (encode-1:9003), disk (disk-1:9003), edge-0 (")
    assert lines[2].endswith(" and 3 more; how many listeners is not measured.")
    assert lines[3] == "Cause: not known; its first sign, 03:12 UTC: disk: writes are slow"
    assert said.text.count("disk: writes are slow") == 1
    assert lines[-1].startswith("To acknowledge: ")
    assert lines[-1].endswith("POST /api/v1/incidents/01J9INCIDENT/acknowledge")
    assert said.link == "https://h/incidents/01J9INCIDENT"
    over = an_incident(status=Status.RESOLVED, resolved_ms=AT_MS)
    assert "To acknowledge" not in render(over, a_change(ChangeKind.RESOLVED)).text
    assert "Cause: not known yet." in render(an_incident(), a_change()).text


@pytest.mark.parametrize(
    ("given", "where", "why"),
    [
        ({"title": "{{ b }}"}, ("title",), "line 1: no word 'b'"),
        ({"text": "a\n{{ fields[99] }}"}, ("text",), "line 2: "),
        ({"channels": {"a": {"text": "{%"}}}, ("channels", "a", "text"), "line 1: "),
        ({"channels": {"a": {"texts": "x"}}}, ("channels", "a", "texts"), "not permitted"),
        ({"title": "x" * 4_001}, ("title",), "at most 4000"),
        ({"title": 7}, ("title",), "string"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(
    given: dict[str, object], where: tuple[str, ...], why: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        Templates.model_validate(given)
    (error,) = caught.value.errors()
    assert error["loc"] == where
    assert why in error["msg"]


def test_who_is_called_and_why_is_said_whatever_the_wording() -> None:
    incident = an_incident()
    lines = ["Called: ann, on call in week 48.", "Next: bo, in 5 min."]
    message = add_lines(render(incident, a_change()), lines)
    own = Templates(text="{{ headline }}").reword(message, incident, channel="chat")
    assert own.text.split("\n") == ["No data from encode for 6 s since 03:13 UTC", *lines]
    whole = Templates(text="{{ text }}").reword(message, incident, channel="chat")
    assert whole.text == message.text, "and not twice"
    assert Templates(title="{{ kind }}").reword(message, incident, channel="chat").text == (
        message.text
    )
