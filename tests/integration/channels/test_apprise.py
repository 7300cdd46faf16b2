"""Apprise, as it is installed: it sends what it is told to, and only where the guard lets it."""

import asyncio
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from auscult.kernel.errors import ReceiverRefused, ReceiverUnavailable
from auscult.kernel.incidents import ChangeKind
from auscult.notification import CHANNELS
from auscult.runtime.outbound import Guard, open_http
from tests.integration.channels.groups import GroupLife
from tests.integration.channels.story import Telling, message
from tests.integration.channels.wire import Asked, Reply, Wire, listening
from tests.story import AT_MS

pytest.importorskip("apprise", reason="the extra `channels` is not installed")
pytestmark = pytest.mark.timeout(120)

SECRET = "tell-nobody-0123456789"


def taken(_: Asked) -> Reply:
    return 200, {}


def address(wire: Wire, path: str = "hook") -> str:
    return f"json://user:{SECRET}@{wire.url.removeprefix('http://')}/{path}"


def children() -> list[str]:
    """Return what this process has started and not ended, of Apprise's processes."""
    mine = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = stat.read_text().rpartition(")")[2].split()[1]
            command = (stat.parent / "cmdline").read_text().replace("\0", " ")
            if parent == str(os.getpid()) and "longtail" in command:
                mine.append(command)
    return mine


async def test_it_sends_title_text_and_kind() -> None:
    async with listening(taken) as wire:
        telling = Telling("apprise", {"url": address(wire)})
        for kind in (ChangeKind.OPENED, ChangeKind.RESOLVED):
            assert (await telling.tell(kind)).kept == {}
        opened, over = (asked.data for asked in wire.got)
        assert opened["title"].startswith("No data from encode")
        assert "https://h.example/incidents/01J9INCIDENT" in opened["message"]
        assert (opened["type"], over["type"]) == ("failure", "success")


async def test_a_group_of_alerts_is_told_at_every_step(tmp_path: Path) -> None:
    async with listening(taken) as wire:
        life = GroupLife(tmp_path, "apprise", {"url": address(wire)})
        await life.story()
        kinds = [asked.data["type"] for asked in wire.got]
    assert kinds == ["failure", "failure", "failure", "success", "failure"]


async def test_an_address_inside_is_not_asked_unless_that_is_allowed() -> None:
    async with listening(taken) as wire:
        port = wire.url.rpartition(":")[2]
        for host in ("127.0.0.1", "localhost"):
            channel = CHANNELS.make("apprise", {"url": f"json://{host}:{port}/x"})
            payload = message(ChangeKind.OPENED).model_dump(mode="json")
            async with open_http(Guard()) as http:
                with pytest.raises(ReceiverRefused, match="this machine"):
                    await channel.deliver(payload, key="k", at_ms=AT_MS, http=http)
        assert not wire.got


async def test_a_redirect_to_where_nobody_is_asked_ends_there() -> None:
    def elsewhere(asked: Asked) -> Reply:
        return 307, b""

    async with listening(elsewhere) as wire:
        wire.headers = {"Location": "http://169.254.169.254/latest/meta-data/"}
        with pytest.raises((ReceiverRefused, ReceiverUnavailable)):
            await Telling("apprise", {"url": address(wire)}).tell(ChangeKind.OPENED)
        assert len(wire.got) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, ReceiverRefused), (429, ReceiverUnavailable), (503, ReceiverUnavailable)],
)
async def test_what_the_receiver_says_decides_whether_it_is_tried_again(
    status: int, kind: type[Exception]
) -> None:
    async with listening(lambda _: (status, {})) as wire:
        with pytest.raises(kind, match=str(status)) as why:
            await Telling("apprise", {"url": address(wire)}).tell(ChangeKind.OPENED)
    assert SECRET not in str(why.value)


@pytest.mark.parametrize("url", ["nothing://x", "syslog://", "dbus://", "macosx://"])
async def test_what_is_no_receiver_out_there_is_refused(url: str) -> None:
    with pytest.raises(ReceiverRefused, match="no address"):
        await Telling("apprise", {"url": url}).tell(ChangeKind.OPENED)


async def test_it_ends_in_time_and_leaves_no_process() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        settings: dict[str, Any] = {"url": f"json://127.0.0.1:{port}/x", "timeout_s": 3}
        with pytest.raises(ReceiverUnavailable, match="not done within"):
            await Telling("apprise", settings).tell(ChangeKind.OPENED)
        await asyncio.sleep(0.1)
    assert children() == []


async def test_the_environment_and_the_secret_are_not_in_its_arguments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with listening(taken) as proxy, listening(taken) as wire:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        await Telling("apprise", {"url": address(wire)}).tell(ChangeKind.OPENED)
        assert (len(proxy.got), len(wire.got)) == (0, 1)
    assert json.dumps(SECRET) not in repr(CHANNELS.make("apprise", {"url": address(wire)}))


def test_what_is_no_address_is_refused_at_once() -> None:
    with pytest.raises(ValidationError):
        CHANNELS.make("apprise", {"url": "matrix"})
