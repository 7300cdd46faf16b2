"""What each integration of Alertmanager is here: its plug, and the settings of the channel.

What has no plug of its own goes by Apprise where that knows it, with one address as its secret.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from auscult.notification.decide.alerts.translating.made import Ask, Tree, has_secret, split_url
from auscult.notification.decide.alerts.translating.mail import make_email

EXAMPLE_URL = "https://secret.example/"
SLACK_POST = "chat.postMessage"


IN_GLOBAL = frozenset(
    {
        *("resolve_timeout", "http_config", "pagerduty_url", "telegram_api_url"),
        *("slack_api_url", "slack_api_url_file", "slack_app_token", "slack_app_token_file"),
        *("slack_app_url", "smtp_from", "smtp_smarthost", "smtp_require_tls", "smtp_tls_config"),
        *("smtp_auth_username", "smtp_auth_password", "smtp_auth_password_file"),
        *("smtp_force_implicit_tls", "telegram_bot_token", "telegram_bot_token_file"),
        *("opsgenie_api_key", "opsgenie_api_key_file"),
        *("victorops_api_key", "victorops_api_key_file"),
    }
)
"""What is taken over from the section `global`."""


class Kind(NamedTuple):
    """A plug, what makes its settings, and whether it tells what resolved when nobody says so.

    The maker returns None where nothing of the integration can be said here.
    """

    use: str
    make: Callable[[Ask], Tree | None]
    resolved: bool = True


def _webhook(ask: Ask) -> Tree:
    url = ask.text("url")
    made: Tree = {
        "url": ask.secret("url", example=EXAMPLE_URL) if not url or has_secret(url) else url,
        "form": "alertmanager",
    }
    ask.take("url_file")
    return made | _authorized(ask)


def _authorized(ask: Ask) -> Tree:
    """Return how a webhook says who it is, where the channel can say it."""
    http = ask.http()
    basic, bearer = http.get("basic_auth"), http.get("authorization")
    old = {name: http[name] for name in ("bearer_token", "bearer_token_file") if http.get(name)}
    if old and bearer is None:
        bearer = {"credentials": old.get("bearer_token")}
    taken = {"basic_auth", "authorization", *old}
    made: Tree = {}
    if isinstance(basic, dict) and "basic" in ask.able and basic.get("username"):
        password = ask.keep("http_config.basic_auth.password", str(basic.get("password") or "x"))
        made["basic"] = {"username": str(basic["username"]), "password": password}
    elif isinstance(bearer, dict) and "bearer" in ask.able and _is_bearer(bearer):
        token = str(bearer.get("credentials") or "x")
        made["bearer"] = ask.keep("http_config.authorization", token)
    elif isinstance(bearer, dict) and "headers" in ask.able:
        said = f"{bearer.get('type')} {bearer.get('credentials') or 'x'}"
        form = f"{bearer.get('type')} CREDENTIALS"
        header = ask.keep("http_config.authorization", said, remark=form)
        made["headers"] = {"Authorization": header}
    if not made:
        for name in sorted(taken & http.keys()):
            ask.say(f"http_config.{name}", "not taken over: the webhook is asked without it")
    ask.asked_http |= taken
    return made


def _is_bearer(authorization: Tree) -> bool:
    return str(authorization.get("type") or "bearer").lower() == "bearer"


def _slack(ask: Ask) -> Tree | None:
    room, token = ask.text("channel"), ask.text("app_token", "slack_app_token")
    files = ask.take("app_token_file", "slack_app_token_file")
    url = ask.text("api_url", "slack_api_url")
    ask.take("app_url", "slack_app_url")
    if token or files or split_url(url)["path"].endswith(SLACK_POST):
        return _slack_bot(ask, room, token)
    made: Tree = {"url": ask.secret("api_url", "slack_api_url", example=EXAMPLE_URL)}
    if room:
        ask.say(
            "channel", f"an incoming webhook posts where it was made for: give one for {room!r}"
        )
    return made


def _slack_bot(ask: Ask, room: str, token: str) -> Tree | None:
    """Return the settings of a bot, which Alertmanager gives its token by `http_config` as well."""
    bearer = ask.http().get("authorization")
    if not token and isinstance(bearer, dict):
        token = str(bearer.get("credentials") or "")
    ask.take("api_url_file")
    if not room or "{{" in room:
        ask.say("channel", "a bot must be told one channel: add it by hand")
        return None
    made = {"token": ask.keep("app_token", token or "x"), "channel": room}
    ask.asked_http.add("authorization")
    return made


def _pagerduty(ask: Ask) -> Tree:
    url = ask.text("url", "pagerduty_url")
    old = not (ask.entry.get("routing_key") or ask.entry.get("routing_key_file"))
    if old:
        ask.say("service_key", "the Events API v2 is used here: give an integration key of v2")
    key = ask.secret("service_key" if old else "routing_key")
    return {"routing_key": key, **({"url": url} if url and not old else {})}


def _telegram(ask: Ask) -> Tree | None:
    chat, thread = ask.text("chat_id"), ask.text("message_thread_id")
    url = ask.text("api_url", "telegram_api_url")
    if not chat or "{{" in chat:
        ask.take("bot_token")
        ask.say("chat_id", "the chat is in a file or a template: add the channel by hand")
        return None
    made: Tree = {"token": ask.secret("bot_token", "telegram_bot_token"), "chat_id": chat}
    if thread.isdecimal() and int(thread):
        made["thread_id"] = int(thread)
    return made | ({"api_url": url} if url else {})


def _by_url(ask: Ask) -> Tree:
    return {"url": ask.secret("webhook_url", example=EXAMPLE_URL)}


def _old_teams(ask: Ask) -> Tree:
    ask.say("webhook_url", "Microsoft has ended connectors: give the address of a workflow")
    return _by_url(ask)


def _percent(text: str) -> str:
    """Return a text as a part of a URL."""
    return "".join(
        one if one.isascii() and (one.isalnum() or one in "-._~") else _escaped(one) for one in text
    )


def _escaped(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode(errors="replace"))


def _apprise(address: str, **fields: str) -> Callable[[Ask], Tree]:
    """Return what makes a channel of an Apprise address in which fields stand as `{name}`.

    `fields` says for each its name in `global`, where it has one.
    """

    def make(ask: Ask) -> Tree:
        said = {}
        for name, otherwise in fields.items():
            said[name] = _percent(ask.text(name, otherwise) or "x")
            ask.take(f"{name}_file", f"{otherwise}_file" if otherwise else "")
        form = address.format_map({name: name.upper() for name in fields})
        return {"url": ask.keep("url", address.format_map(said), remark=form)}

    return make


def _mattermost(ask: Ask) -> Tree:
    ask.take("webhook_url_file")
    parts = split_url(ask.text("webhook_url") or EXAMPLE_URL)
    token = parts["path"].rpartition("/")[2] or "x"
    scheme = "mmost" if parts["scheme"] == "http" else "mmosts"
    address = f"{scheme}://{parts['host']}/{token}"
    return {"url": ask.keep("webhook_url", address, remark="mmosts://HOST/TOKEN")}


KINDS: Mapping[str, Kind] = {
    "webhook_configs": Kind("webhook", _webhook),
    "slack_configs": Kind("slack", _slack, resolved=False),
    "pagerduty_configs": Kind("pagerduty", _pagerduty),
    "email_configs": Kind("email", make_email, resolved=False),
    "discord_configs": Kind("discord", _by_url),
    "telegram_configs": Kind("telegram", _telegram),
    "msteams_configs": Kind("teams", _old_teams),
    "msteamsv2_configs": Kind("teams", _by_url),
    "mattermost_configs": Kind("apprise", _mattermost),
    "opsgenie_configs": Kind(
        "apprise", _apprise("opsgenie://{api_key}", api_key="opsgenie_api_key")
    ),
    "pushover_configs": Kind(
        "apprise", _apprise("pover://{user_key}@{token}", user_key="", token="")
    ),
    "victorops_configs": Kind(
        "apprise",
        _apprise("splunk://{routing_key}@{api_key}", routing_key="", api_key="victorops_api_key"),
    ),
}
"""By the name of the integration. What is not here is lost, and said to be."""
