"""Each channel's own form of a message: within the receiver's limits, nothing injected."""

import io
import json
import re
from typing import Any

import pytest
from pydantic import ValidationError

from auscult.kernel.errors import ReceiverRefused
from auscult.kernel.incidents import ChangeKind
from auscult.kernel.words import Severity
from auscult.notification import CHANNELS
from auscult.notification.channels.console import line_of
from auscult.notification.channels.pagerduty import event_of
from auscult.notification.channels.webhook import body_of
from auscult.notification.forms.slack import escape, render_blocks
from auscult.notification.mail import compose, left_by
from auscult.notification.messages import Message, render
from auscult.notification.posting import hide
from tests.story import a_change, an_incident

TO = ("oncall@example.com",)


def message(kind: ChangeKind = ChangeKind.OPENED, **changed: Any) -> Message:
    said = render(an_incident(), a_change(kind), base_url="https://h")
    return said.model_copy(update=changed)


def test_a_line_has_a_glyph_only_where_the_terminal_has_it() -> None:
    assert "◆ critical" in line_of(message(), "utf-8")
    assert line_of(message(title="Läuft – nicht"), "ascii").isascii()
    assert "✓ resolved" in line_of(message(ChangeKind.RESOLVED), "utf-8")


async def test_the_console_writes_one_line_into_the_stream_it_is_given() -> None:
    from auscult.notification.channels.console import Console

    into = io.StringIO()
    await Console().writing_to(into).send(message(), key="k", at_ms=0, http=None)  # type: ignore[arg-type]  # it posts nothing
    assert into.getvalue().count("\n") == 1
    into.close()
    with pytest.raises(ReceiverRefused, match="closed"):
        await Console().writing_to(into).send(message(), key="k", at_ms=0, http=None)  # type: ignore[arg-type]  # it posts nothing


def test_slack_words_mean_themselves_and_are_never_cut_inside_an_escape() -> None:
    assert escape("<!channel> & co", 100) == "&lt;!channel&gt; &amp; co"
    assert escape("a&&", 7) == "a&amp;"
    blocks = render_blocks(message(title="*x* <y>", text="&" * 2_000, link="https://h/?a=1&b=2"))
    texts = [block["text"]["text"] for block in blocks["blocks"]]
    assert texts[0] == "*x* &lt;y&gt;"
    assert all(0 < len(text) <= 3_000 for text in texts)
    assert texts[1].replace("&amp;", "") == ""
    assert texts[2] == "<https://h/?a=1&amp;b=2|Open the incident>"


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        (ChangeKind.OPENED, "trigger"),
        (ChangeKind.WORSENED, "trigger"),
        (ChangeKind.ACKNOWLEDGED, "acknowledge"),
        (ChangeKind.RESOLVED, "resolve"),
    ],
)
def test_pagerduty_hears_each_step_under_one_key(kind: ChangeKind, action: str) -> None:
    event = event_of(message(kind), "secret")
    assert (event["event_action"], event["dedup_key"]) == (action, "01J9INCIDENT")
    assert ("payload" in event) is (action == "trigger")


@pytest.mark.parametrize("severity", Severity)
def test_pagerduty_takes_every_severity(severity: Severity) -> None:
    payload = event_of(message(severity=severity), "secret")["payload"]
    assert payload["severity"] in {"critical", "error", "warning", "info"}
    assert len(payload["summary"]) <= 1_024
    assert payload["source"] == "encode-1:9003"


def test_an_event_of_pagerduty_is_complete_and_far_below_its_bound() -> None:
    fields = tuple((f"field {number}", "ü" * 200) for number in range(10))
    said = message(text="ü" * 2_000, fields=fields, link="https://h/" + "x" * 900)
    event = event_of(said, "r" * 32)
    assert len(json.dumps(event)) < 512 * 1_024
    assert event["links"] == [{"href": said.link, "text": "Open the incident"}]
    assert (event["client"], event["client_url"]) == ("auscult", said.link)
    assert len(event["dedup_key"]) <= 255
    assert event["payload"]["timestamp"] == "2026-11-24T03:13:20.000Z"
    assert event["payload"]["group"] == "acme"
    assert "links" not in event_of(message(link=""), "r")


def test_a_webhook_body_is_the_same_bytes_every_time() -> None:
    body = json.loads(body_of(message()))
    assert body_of(message()) == body_of(message())
    assert body["type"] == "incident.opened"
    assert body["timestamp"] == "2026-11-24T03:13:20.000Z"
    assert body["data"]["incident"]["id"] == "01J9INCIDENT"
    assert body["data"]["message"]["dedup_key"] == "01J9INCIDENT"


def test_mails_of_one_incident_are_one_thread() -> None:
    sender = "auscult@example.com"
    opened = compose(message(), key="a", sender=sender, to=TO)
    again = compose(message(), key="a", sender=sender, to=TO)
    left = left_by(opened, message())
    later = message(ChangeKind.RESOLVED, kept=left)
    over = compose(later, key="b", sender=sender, to=TO)
    assert left_by(over, later) == {}, "the first one stays the first"
    assert bytes(opened) == bytes(again)
    assert over["References"] == over["In-Reply-To"] == opened["Message-ID"]
    assert over["Message-ID"] != opened["Message-ID"]
    assert over["Auto-Submitted"] == "auto-generated"
    other = message().model_copy(update={"tenant": "other"})
    assert compose(other, key="a", sender=sender, to=TO)["Message-ID"] != opened["Message-ID"]


def test_every_mail_of_an_incident_keeps_the_subject_of_the_first() -> None:
    page = message(
        title="encode is silent since 03:13 UTC", subject="encode is silent since 03:13 UTC"
    )
    subjects = [compose(page, key="a", sender="a@b.c", to=TO)["Subject"]]
    for kind in (ChangeKind.WORSENED, ChangeKind.ACKNOWLEDGED, ChangeKind.RESOLVED):
        later = message(kind, title=f"{kind}: now edge is slow", subject=page.subject)
        subjects.append(compose(later, key=kind, sender="a@b.c", to=TO)["Subject"])
    assert subjects == [page.title, *[f"Re: {page.title}"] * 3]


@pytest.mark.parametrize("field", ["title", "incident"])
def test_a_line_break_never_becomes_a_header(field: str) -> None:
    evil = message().model_copy(update={field: "x\r\nBcc: all@example.com"})
    with pytest.raises(ReceiverRefused):
        compose(evil, key="a", sender="a@example.com", to=TO)


def test_mail_shows_markup_as_text() -> None:
    mail = compose(message(text="<script>x</script>"), key="a", sender="a@b.c", to=TO)
    html = mail.get_body(("html",))
    assert html is not None
    assert "&lt;script&gt;" in html.get_content()


@pytest.mark.parametrize("link", ["javascript:alert(1)", "/graph", "https://h.example/x"])
def test_a_mail_links_to_the_web_only(link: str) -> None:
    said = Message.model_validate(message().model_dump() | {"link": link, "link_name": "a & b"})
    html = compose(said, key="a", sender="a@b.c", to=TO).get_body(("html",))
    assert html is not None
    found = re.findall('<a href="(.*)">(.*)</a>', html.get_content())
    assert found == ([(link, "a &amp; b")] if link.startswith("https:") else [])


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("slack", {}),
        ("slack", {"url": "https://x", "token": "t", "channel": "c"}),
        ("slack", {"token": "t"}),
        ("webhook", {"url": "ftp://x"}),
        ("webhook", {"url": "http://x", "secret": "whsec_*"}),
        ("email", {"host": "h", "sender": "a@b.c", "to": []}),
        ("email", {"host": "h", "sender": "a@b.c", "to": ["x@y.z\nBcc: q@q.q"]}),
        ("email", {"host": "h", "sender": "a@b.c", "to": "not an address"}),
        (
            "email",
            {"host": "h", "sender": "a@b.c", "to": "x@y.z", "security": "none", "username": "u"},
        ),
        ("pagerduty", {}),
        ("console", {"stream": "printer"}),
    ],
)
def test_wrong_settings_are_refused(name: str, settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as why:
        CHANNELS.make(name, settings)
    assert "whsec_*" not in str(why.value).split("input_value")[0]


def test_secrets_are_hidden_the_longest_first() -> None:
    assert hide("key-long key", ("key", "key-long", "")) == "*** ***"


def test_apprise_says_what_to_install_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    from auscult.notification.channels import apprise

    monkeypatch.setattr(apprise, "find_spec", lambda _: None)
    with pytest.raises(ValidationError, match=r"pip install 'auscult\[channels\]'"):
        CHANNELS.make("apprise", {"url": "matrix://x"})
