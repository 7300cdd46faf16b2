"""A process of its own for one message by Apprise, which goes only where the guard lets it.

Apprise speaks to its 170 receivers by its own code, over several libraries. So the lock is at the
socket: in this process every connection of Python code is judged before it is made, whoever makes
it. What is sent and to whom comes by standard input, because arguments can be seen by others.
"""

import json
import logging
import re
import socket
import sys
from ipaddress import ip_network
from typing import Any

from auscult.kernel.errors import ReceiverRefused
from auscult.runtime.outbound import Guard

LOCAL = frozenset({"dbus", "qt", "glib", "kde", "gnome", "macosx", "windows", "syslog"})
"""Receivers on the machine itself: whoever configures a channel has no desktop there."""

_CODE = re.compile(r"\berror=(\d{3})\b")


class _Heard(logging.Handler):
    """Keeps the HTTP status of what failed, and nothing else: the rest may hold secrets."""

    def __init__(self) -> None:
        super().__init__()
        self.status = 0

    def emit(self, record: logging.LogRecord) -> None:
        found = _CODE.search(record.getMessage())
        self.status = int(found[1]) if found else self.status


def guard_sockets(guard: Guard) -> list[str]:
    """Judge every address this process connects or sends to; return where refusals are noted."""
    refusals: list[str] = []

    def judged(name: str) -> Any:  # noqa: ANN401  # a method of sockets
        usual = getattr(socket.socket, name)

        def checked(self: socket.socket, *given: Any) -> Any:  # noqa: ANN401  # as the usual one
            address = given[0] if name != "sendto" else given[-1]
            if why := _why_refused(guard, self.family, address):
                refusals.append(why)
                raise OSError("not asked")
            return usual(self, *given)

        return checked

    for name in ("connect", "connect_ex", "sendto"):
        setattr(socket.socket, name, judged(name))
    return refusals


def _why_refused(guard: Guard, family: int, address: Any) -> str:  # noqa: ANN401  # of any family
    if family not in {socket.AF_INET, socket.AF_INET6}:
        return "only the internet is spoken to"
    try:
        guard.check([str(address[0])])
    except ReceiverRefused as why:
        return why.detail
    except ValueError:
        return "the address is no number"
    return ""


def send(asked: dict[str, Any]) -> dict[str, Any]:
    """Send one message; return `sent`, or why not: `unknown`, `refused`, `status`."""
    refusals = guard_sockets(Guard(tuple(ip_network(one) for one in asked["allow"])))
    import apprise

    heard = _Heard()
    logging.getLogger("apprise").addHandler(heard)
    asset = apprise.AppriseAsset(app_id="auscult", storage_mode=apprise.PersistentStoreMode.MEMORY)
    scheme = asked["url"].partition("://")[0].lower()
    receiver = None if scheme in LOCAL else apprise.Apprise.instantiate(asked["url"], asset=asset)
    if receiver is None:
        return {"unknown": True}
    known = apprise.Apprise(asset=asset)
    known.add(receiver)
    sent = known.notify(
        title=asked["title"],
        body=asked["body"],
        notify_type=asked["kind"],
        body_format=apprise.NotifyFormat.TEXT,
        interpret_escapes=False,
    )
    return {
        "sent": bool(sent),
        "refused": refusals[0] if refusals else "",
        "status": heard.status,
    }


if __name__ == "__main__":  # the channel `apprise` starts this file
    print(json.dumps(send(json.loads(sys.stdin.read()))), file=sys.__stdout__)  # the answer
