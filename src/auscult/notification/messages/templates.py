"""How a tenant words its messages: a title and a text as templates, for all channels or for one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from auscult.kernel.effects import Effect, EffectKind
from auscult.kernel.errors import TemplateFailed
from auscult.kernel.incidents import ChangeKind, Incident
from auscult.kernel.words import Word
from auscult.notification.messages.facts import facts_of
from auscult.notification.messages.language import SOURCE_CHARS_MAX, render_template
from auscult.notification.messages.message import TEXT_CHARS_MAX, TITLE_CHARS_MAX, Message
from auscult.notification.messages.plain import cut, plain
from auscult.notification.messages.rendering import add_lines
from auscult.notification.messages.samples import life_of, sample_groups, sample_incident

CHANNELS_MAX = 1_000


def _try(source: str) -> str:
    """Compile a template and try it on messages of every kind; raises ValueError with its line."""
    try:
        for facts in _sample_facts():
            render_template(source, facts)
    except TemplateFailed as why:
        raise ValueError(why.detail) from None
    return source


@cache
def _sample_facts() -> tuple[dict[str, Any], ...]:
    steps: list[tuple[Incident | None, Message]] = [*life_of(sample_incident())]
    steps += [(None, message) for message in sample_groups()]
    return tuple(facts_of(message, incident, "sample") for incident, message in steps)


Source = Annotated[str, Field(max_length=SOURCE_CHARS_MAX), AfterValidator(_try)]


class Wording(Word):
    """A title and a text; empty says it as auscult does."""

    title: Source = ""
    text: Source = ""


class Templates(Wording):
    """A tenant's wording; that of a channel comes before that of all.

    ```yaml
    templates:
      title: "{{ service }}: {{ headline }} since {{ since }}"
      channels:
        phone: {text: "{{ headline }} {{ link }}"}
    ```
    """

    channels: Annotated[dict[str, Wording], Field(max_length=CHANNELS_MAX)] = {}

    @property
    def is_empty(self) -> bool:
        """Whether everything is said as auscult does."""
        return not (self.title or self.text or self.channels)

    def of(self, channel: str) -> tuple[str, str]:
        """Return the title's and the text's template for a channel; empty where there is none."""
        own = self.channels.get(channel, _NOTHING)
        return own.title or self.title, own.text or self.text

    def reword(self, message: Message, incident: Incident | None, *, channel: str) -> Message:
        """Return a message in the tenant's words.

        Where a template says nothing the default stays; where it fails too, and a line says why:
        a page is worth more than its wording.
        """
        title_source, text_source = self.of(channel)
        if not (title_source or text_source):
            return message
        facts = facts_of(message, incident, channel)
        title, title_fault = _render("title", title_source, facts)
        text, text_fault = _render("text", text_source, facts)
        title = cut(plain(title), TITLE_CHARS_MAX) or message.title
        text = cut(_printable(text), TEXT_CHARS_MAX) or message.text
        subject = title if message.subject == message.title else message.subject
        said = message.model_copy(update={"title": title, "text": text, "subject": subject})
        unsaid = [line for line in message.added if line not in text]
        return add_lines(said, [*unsaid, title_fault, text_fault])


def _render(name: str, source: str, facts: dict[str, Any]) -> tuple[str, str]:
    """Return what a template says, and why it failed; one of the two is empty."""
    try:
        return render_template(source, facts), ""
    except TemplateFailed as why:
        return "", f"The template of the {name} failed: {why.detail}"


_NOTHING = Wording()


def reword_effects(
    effects: Iterable[Effect], incident: Incident, templates: Templates
) -> list[Effect]:
    """Return effects with the messages among them in the tenant's words, each for its channel."""
    if templates.is_empty:
        return list(effects)
    worded = []
    for effect in effects:
        if effect.kind is not EffectKind.NOTIFY:
            worded.append(effect)
            continue
        message = Message.model_validate(effect.payload)
        said = templates.reword(message, incident, channel=effect.to)
        worded.append(effect.model_copy(update={"payload": said.model_dump(mode="json")}))
    return worded


@dataclass(frozen=True, slots=True)
class Preview:
    """What one channel is told at one step of an incident; `is_default` where no template is."""

    channel: str
    kind: ChangeKind
    title: str
    text: str
    is_default: bool


def preview(
    templates: Templates, channels: Sequence[str], incident: Incident, *, base_url: str = ""
) -> list[Preview]:
    """Return what each channel is told of an incident as it opens, is taken and ends."""
    shown = []
    for channel in channels:
        for one, message in life_of(incident, base_url=base_url):
            said = templates.reword(message, one, channel=channel)
            is_default = not any(templates.of(channel))
            shown.append(Preview(channel, message.kind, said.title, said.text, is_default))
    return shown


def _printable(text: str) -> str:
    """Return a text line by line without what cannot be printed."""
    return "\n".join(plain(line) for line in text.strip().split("\n"))
