"""What holds for every test: no traffic leaves this machine, and CI skips nothing."""

import ipaddress
import os
import socket
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from auscult.runtime.threads import keep_to_one_thread

keep_to_one_thread()  # as the product does; NumPy is imported later

settings.register_profile(
    "shared-machine",
    deadline=None,  # the time of one example says more about the neighbours than about the code
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("shared-machine")


@pytest.fixture(scope="session", autouse=True)
def stay_on_this_machine() -> Iterator[None]:
    """Refuse every connection made by Python code of a test to anything but loopback."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def checked_connect(self: socket.socket, address: Any) -> None:
        connect(self, _loopback(self, address))

    def checked_connect_ex(self: socket.socket, address: Any) -> int:
        return connect_ex(self, _loopback(self, address))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", checked_connect)
        patch.setattr(socket.socket, "connect_ex", checked_connect_ex)
        yield


def _loopback(sock: socket.socket, address: Any) -> Any:
    if sock.family in {socket.AF_INET, socket.AF_INET6} and not _is_here(str(address[0])):
        pytest.fail(f"a test tried to reach {address[0]}: traffic stays on loopback")
    return address


def _is_here(host: str) -> bool:
    try:
        place = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host in {"localhost", ""}
    return place.is_loopback or place.is_unspecified


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where a server is not installed a test is skipped, and says so; in CI that is a failure."""
    report = yield
    expected = hasattr(report, "wasxfail")
    if report.skipped and not expected and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"skipped, and CI skips nothing: {report.longrepr}"
    return report
