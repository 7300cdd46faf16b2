"""Messages go into the world, and inside only where the operator has said so."""

import socket
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any

import aiohttp
import pytest

from auscult.kernel.errors import ReceiverRefused, SettingError
from auscult.runtime.outbound import Guard, guard_of, open_http
from auscult.runtime.settings import parse_settings
from tests.receiver import LOOPBACK, Receiver, receiving

EVERYTHING = Guard((ip_network("0.0.0.0/0"), ip_network("::/0")))
INSIDE = [
    *("127.0.0.1", "127.9.9.9", "::1", "10.0.0.1", "172.16.0.1", "192.168.1.9", "fd00::1"),
    *("100.64.0.1", "100.127.255.254", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "2002:808:808::1"),
    *("2001:0:808:808::1", "fec0::1", "192.0.2.1", "198.18.0.1", "::ffff:10.0.0.1"),
    *("::ffff:127.0.0.1", "::ffff:100.64.0.1", "2001:db8::1", "::127.0.0.1", "::10.0.0.1"),
    *("192.0.0.8", "192.88.99.1", "3fff::1", "5f00::1", "::8.8.8.8"),
]
NEVER = [
    *("169.254.169.254", "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1", "ff02::1", "fe80::1"),
    *("255.255.255.255", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"),
    *("100.100.100.200", "::ffff:0.0.0.0", "::169.254.169.254"),
]


@pytest.mark.parametrize("address", INSIDE)
def test_what_lies_inside_is_refused_unless_the_operator_allows_it(address: str) -> None:
    one = ip_address(address)
    assert "`outbound.allow` does not name it" in Guard().why_refused(one)
    assert EVERYTHING.why_refused(one) == ""


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_refused_whatever_is_allowed(address: str) -> None:
    assert "secrets" in Guard().why_refused(ip_address(address))
    assert "secrets" in EVERYTHING.why_refused(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700::1", "::ffff:1.1.1.1"])
def test_the_world_may_be_told(address: str) -> None:
    assert Guard().why_refused(ip_address(address)) == ""


def test_an_allowed_translation_is_judged_by_what_it_stands_for() -> None:
    nat64 = Guard((ip_network("64:ff9b::/96"),))
    assert nat64.why_refused(ip_address("64:ff9b::8.8.8.8")) == ""
    assert "private network" in nat64.why_refused(ip_address("64:ff9b::10.0.0.1"))
    assert "private network" in nat64.why_refused(ip_address("10.0.0.1"))


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Let names lead where a test says, one answer after the other; no name server is asked."""

    def lead(*answers: list[str]) -> list[str]:
        asked: list[str] = []
        left = list(answers)

        async def resolve(_self: object, host: str, port: int, family: object) -> list[Any]:
            asked.append(host)
            places = left.pop(0) if len(left) > 1 else left[0]
            return [
                {
                    "hostname": host,
                    "host": place,
                    "port": port,
                    "family": socket.AF_INET,
                    "proto": 0,
                    "flags": 0,
                }
                for place in places
            ]

        monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", resolve)
        return asked

    return lead


async def ask(url: str, guard: Guard) -> int:
    async with open_http(guard) as http, http.get(url, allow_redirects=False) as answer:
        return answer.status


def url_of(receiver: Receiver, host: str) -> str:
    return receiver.url.replace("127.0.0.1", host)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "[::1]"])
async def test_a_number_as_host_is_judged_too(host: str) -> None:
    async with receiving() as receiver:
        with pytest.raises(ReceiverRefused, match="this machine"):
            await ask(url_of(receiver, host), Guard())
        assert not receiver.got


async def test_an_odd_way_to_write_a_number_leads_nowhere() -> None:
    async with receiving() as receiver:
        for host in ("2130706433", "127.1", "0x7f000001", "017700000001"):
            with pytest.raises((ReceiverRefused, aiohttp.ClientError)):
                await ask(url_of(receiver, host), Guard())
        assert not receiver.got


async def test_a_name_is_refused_whole_where_one_of_its_addresses_is(
    names: Callable[..., list[str]],
) -> None:
    names(["1.1.1.1", "127.0.0.1"])
    async with receiving() as receiver:
        with pytest.raises(ReceiverRefused) as why:
            await ask(url_of(receiver, "rebound.example"), Guard())
        assert not receiver.got
    assert "127.0.0.1" not in str(why.value), "nobody learns what a name leads to inside"
    assert "rebound.example" not in str(why.value)


async def test_the_connection_goes_to_the_address_that_was_judged(
    names: Callable[..., list[str]],
) -> None:
    """A name server that says something else a moment later is not asked again."""
    asked = names(["127.0.0.1"], ["127.0.0.2"])
    guard = Guard((ip_network("127.0.0.1/32"),))
    async with receiving() as receiver, open_http(guard) as http:
        async with http.get(url_of(receiver, "rebound.example")) as answer:
            assert answer.status == 200
        assert asked == ["rebound.example"]
        assert len(receiver.got) == 1
    async with receiving() as receiver, open_http(guard) as http:
        with pytest.raises(ReceiverRefused):
            await http.get(url_of(receiver, "rebound.example"))
        assert not receiver.got


async def test_the_socket_itself_is_the_last_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should a resolver ever be passed by, no socket is made for what was not judged."""

    async def resolve(_self: object, host: str, port: int, **_: object) -> list[Any]:
        found: dict[str, Any] = {"hostname": host, "host": "127.0.0.1", "port": port}
        return [found | {"family": socket.AF_INET, "proto": 0, "flags": 0}]

    monkeypatch.setattr(aiohttp.TCPConnector, "_resolve_host", resolve)
    async with receiving() as receiver:
        with pytest.raises(ReceiverRefused):
            await ask(url_of(receiver, "name.example"), Guard())
        assert await ask(url_of(receiver, "name.example"), LOOPBACK) == 200


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as proxy, receiving() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert await ask(receiver.url, LOOPBACK) == 200
        assert (len(proxy.got), len(receiver.got)) == (0, 1)


def test_blocking_connections_pass_the_same_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ReceiverRefused, match="this machine"):
        Guard().dial("127.0.0.1", 9, timeout_s=1)

    def lead(*_: object, **__: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 25))]

    monkeypatch.setattr(socket, "getaddrinfo", lead)
    with pytest.raises(ReceiverRefused, match="secrets"):
        EVERYTHING.dial("mail.example", 25, timeout_s=1)


async def test_a_session_without_a_guard_has_the_one_that_allows_nothing_inside() -> None:
    async with aiohttp.ClientSession() as http:
        assert guard_of(http) == guard_of(None) == Guard()
    async with open_http(LOOPBACK) as http:
        assert guard_of(http) == LOOPBACK


def test_the_operator_names_networks_and_nothing_else() -> None:
    text = "outbound: {{allow: [{}]}}\ntenants: {{a: }}"
    settings = parse_settings(text.format("10.1.2.0/24, 'fd12::/32'"))
    assert settings.outbound.allow == (ip_network("10.1.2.0/24"), ip_network("fd12::/32"))
    assert parse_settings("tenants: {a: }").outbound.allow == ()
    for wrong in ("10.1.2.3/24", "mail.example", "7", "''"):
        with pytest.raises(SettingError, match="should be a network"):
            parse_settings(text.format(wrong))
