"""Where no request of ours goes, whoever names it."""

from ipaddress import ip_address
from typing import Any

import aiohttp
import pytest

from auscult.kernel.errors import InputError
from auscult.runtime.addresses import (
    GuardedResolver,
    address_in,
    is_inside,
    is_off_limits,
    why_refused,
)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "fd00:ec2::254",
        "fe80::1",
        "ff02::1",
        "224.0.0.1",
        "255.255.255.255",
        "0.0.0.0",
        "::",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "::169.254.169.254",
    ],
)
def test_some_addresses_are_never_asked(address: str) -> None:
    assert is_off_limits(ip_address(address))


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "192.0.2.1", "2001:db8::1"])
def test_the_others_may_be(address: str) -> None:
    assert not is_off_limits(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "::1", "10.0.0.1", "192.168.1.9", "100.64.0.1", "::ffff:10.0.0.1"),
        *("::127.0.0.1", "::a00:1", "64:ff9b::10.0.0.1", "2002:a00:1::1", "192.0.0.8"),
        *("192.88.99.1", "3fff::1", "5f00::1"),
    ],
)
def test_what_lies_inside_only_insiders_may_name(address: str) -> None:
    assert is_inside(ip_address(address))
    assert why_refused(ip_address(address)) == ""
    assert "inside" in why_refused(ip_address(address), inside=False)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1"])
def test_the_world_is_not_inside(address: str) -> None:
    assert not is_inside(ip_address(address))
    assert why_refused(ip_address(address), inside=False) == ""


def test_an_address_is_read_from_a_url_and_a_name_is_none() -> None:
    assert address_in("http://127.0.0.1:80/x") == ip_address("127.0.0.1")
    assert address_in("http://[fe80::1%25eth0]/") == ip_address("fe80::1")
    assert address_in("http://example.org/") is None
    assert address_in("http://[broken/") is None


@pytest.mark.parametrize("leads_to", ["169.254.169.254", "10.0.0.1"])
async def test_a_name_that_leads_inside_is_refused_to_strangers(
    leads_to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolve(_self: object, host: str, port: int, _family: object) -> list[Any]:
        return [{"hostname": host, "host": leads_to, "port": port, "family": 2}]

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", resolve)
    with pytest.raises(InputError, match="never asked"):
        await GuardedResolver(InputError, inside=False).resolve("named.example")
    if is_inside(ip_address(leads_to)) and not is_off_limits(ip_address(leads_to)):
        assert await GuardedResolver(InputError).resolve("named.example")
