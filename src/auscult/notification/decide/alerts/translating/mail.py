"""An e-mail integration as a channel `email`."""

import re

from auscult.notification.decide.alerts.translating.made import Ask, Tree, is_true

IMPLICIT_TLS_PORT = "465"
_ONE = re.compile(r'(?:"[^"]*"|[^,"])+')
_ADDRESS = re.compile(r"[^\s@<>\"{},;]+@[^\s@<>\"{},;]+")


def make_email(ask: Ask) -> Tree | None:
    """Return the channel's settings; None where nobody is left to write to."""
    host, port = _split_host(ask.text("smarthost", "smtp_smarthost"))
    sender = _addresses(ask, "from", ask.text("from", "smtp_from"))
    to = _addresses(ask, "to", ask.text("to"))
    if not (host and sender and to):
        what = "smarthost" if not host else "from" if not sender else "to"
        ask.say(what, "without it no mail can be sent: add the channel by hand")
        return None
    made: Tree = {"host": host, "sender": sender[0], "to": to}
    if port.isdecimal():
        made["port"] = int(port)
    username = ask.text("auth_username", "smtp_auth_username")
    made["security"] = _security(ask, port, has_password=bool(username))
    if username:
        password = ask.secret("auth_password", "smtp_auth_password")
        made |= {"username": username, "password": password}
    tls = ask.take("tls_config", "smtp_tls_config")
    if isinstance(tls, dict) and tls.get("ca_file"):
        made["ca_file"] = str(tls["ca_file"])
    for name in sorted(tls.keys() - {"ca_file"} if isinstance(tls, dict) else ()):
        ask.say(f"tls_config.{name}", "not taken over")
    return made


def _security(ask: Ask, port: str, *, has_password: bool) -> str:
    said = ask.text("require_tls", "smtp_require_tls") or "true"
    implicit = ask.text("force_implicit_tls", "smtp_force_implicit_tls")
    if is_true(implicit) or (not implicit and port == IMPLICIT_TLS_PORT):
        return "ssl"
    if is_true(said):
        return "starttls"
    if has_password:
        ask.say("require_tls", "no password is sent in clear here, so starttls stands there")
        return "starttls"
    return "none"


def _split_host(text: str) -> tuple[str, str]:
    """Return the host, of IPv6 without its brackets, and the port of `host:port`."""
    found = re.fullmatch(r"\[(?P<six>[^\]]+)\](?::(?P<port>\w*))?", text)
    if found is not None:
        return found["six"], found["port"] or ""
    host, _, port = text.rpartition(":") if ":" in text else (text, "", "")
    return host, port


def _addresses(ask: Ask, name: str, text: str) -> list[str]:
    """Return the addresses of a list as mails have it, without the names of people."""
    told = []
    for one in _ONE.findall(text):
        bare = re.sub(r"^.*<([^<>]*)>\s*$", r"\1", one.strip())
        if _ADDRESS.fullmatch(bare) and bare.isascii():
            told.append(bare)
        elif bare:
            what = "a template" if "{{" in one else "not one address"
            ask.say(name, f"{one.strip()!r} is {what}: add who it stands for by hand")
    return told
