"""Targets that send garbage, too much, or never end: bounded, told, counted; others go on."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.bad_input import hostile
from tests.integration.settings.scene import TENANT, metric, until
from tests.product import Product

pytestmark = pytest.mark.timeout(120)

CROWD = "crowd"
"""The tenant who sends too many series: its cap must not take the others' room."""
CROWDED = "too many series"
BYTES_MAX = 2_000_000
PEAK_BYTES_MAX = 300_000_000
TARGETS: dict[str, tuple[hostile.Manner, str]] = {
    "garbage": (hostile.text(b"\x00\xff\xfe garbage { = \n"), "line 1"),
    "half a line": (hostile.text(b"fine 1\nbroken{a=\n"), "line 2"),
    "not UTF-8": (hostile.text(b'fine{a="\xff"} 1\n'), "line 1"),
    "no value": (hostile.text(b"fine 1\nfine 2 3 4 5\n"), "line 2"),
    "never ends": (hostile.never_ends, "no whole answer within"),
    "100 MB": (hostile.hundred_megabytes, f"more than {BYTES_MAX} bytes"),
    "gzip bomb": (hostile.gzip_bomb(), f"more than {BYTES_MAX} bytes"),
    "breaks off": (hostile.breaks_off, "broke off"),
    "no HTTP": (hostile.no_http, ""),
    "says nothing": (hostile.says_nothing, "no whole answer within"),
    "redirects": (hostile.redirects, "302"),
}
LONG_VALUE = b'long{v="' + b"x" * 1_500_000 + b'"} 1\n'
MANY_LABELS = b"many{" + b",".join(b'l%d="v"' % n for n in range(1_000)) + b"} 1\n"
ODD: dict[str, tuple[bytes, str]] = {
    "long label value": (LONG_VALUE + b"fine 1\n", "labels that are not taken"),
    "label bomb": (MANY_LABELS + b"fine 1\n", "labels that are not taken"),
    CROWDED: (b"".join(b'm{n="%d"} 1\n' % n for n in range(3_000)), "beyond the limit"),
    "NaN and infinities": (b"a NaN\nb +Inf\nc -Inf\nfine 1\n", ""),
    "a clock a day ahead": (b"fine 1 %d\n" % ((time.time_ns() // 1_000_000) + 86_400_000), ""),
}
"""Answers of which the good part is taken: the target stays healthy."""


@dataclass(slots=True)
class World:
    """The product, its tenants' keys, and the address of each target by its name."""

    product: Product
    keys: dict[str, str]
    where: dict[str, str]

    def health(self, name: str) -> dict[str, Any]:
        """Return how the product says that a target fares; empty while it was not asked."""
        tenant = CROWD if name == CROWDED else TENANT
        _, said = self.product.ask("/api/v1/coverage", self.keys[tenant])
        url = f"scrape http://{self.where[name]}/metrics"
        found: list[dict[str, Any]] = [one for one in said["sources"] if one["name"] == url]
        return found[0] if found else {}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    manners = {name: manner for name, (manner, _) in TARGETS.items()}
    manners |= {name: hostile.text(body) for name, (body, _) in ODD.items()}
    manners["good"] = hostile.text(b"well 1\n")
    with ExitStack() as stack:
        where = {
            name: stack.enter_context(hostile.misbehaving(manner))
            for name, manner in manners.items()
        }
        others = [address for name, address in where.items() if name != CROWDED]
        product = Product(
            tmp_path_factory.mktemp("scraped"),
            {TENANT: scraping(others), CROWD: scraping([where[CROWDED]])},
            extra={"limits": {"series_per_tenant": 1_000}},
        )
        keys = {tenant: product.key(tenant) for tenant in (TENANT, CROWD)}
        stack.enter_context(product)
        made = World(product, keys, where)
        until(lambda: all(made.health(name) for name in where), "every target was asked")
        yield made


def scraping(targets: list[str]) -> dict[str, Any]:
    """Return the settings of a tenant who scrapes these targets every second."""
    source = {
        "use": "scrape",
        "interval_s": 1,
        "targets": targets,
        "body_bytes_max": BYTES_MAX,
    }
    return {"sources": [source]}


@pytest.mark.parametrize("name", TARGETS)
def test_a_misbehaving_target_is_told_with_the_reason(world: World, name: str) -> None:
    health = world.health(name)
    assert health["healthy"] is False
    assert TARGETS[name][1] in health["error"]
    assert health["error"]
    assert len(health["error"]) <= 500


@pytest.mark.parametrize("name", ODD)
def test_of_an_odd_answer_the_good_part_is_taken(world: World, name: str) -> None:
    health = world.health(name)
    assert health["healthy"] is True
    assert ODD[name][1] in health["error"]


def test_it_is_counted_and_bounded_and_a_good_target_is_watched_all_the_while(
    world: World,
) -> None:
    product = world.product
    until(lambda: world.health("good").get("healthy"), "the good target is watched")
    before_ms = world.health("good")["last_sample_ms"]
    failed = metric(product, "auscult_scrapes_total", result="failed")
    until(lambda: world.health("good")["last_sample_ms"] > before_ms, "it goes on")
    until(
        lambda: metric(product, "auscult_scrapes_total", result="failed") > failed + 5,
        "failures are counted",
    )
    assert metric(product, "auscult_scrapes_total", result="done") > 0
    for reason in ("labels", "series_cap", "non_finite", "too_far_ahead"):
        counted = metric(product, "auscult_samples_refused_total", reason=reason)
        assert counted > 0, f"{reason} is not counted"
    for key in world.keys.values():
        assert product.ask("/api/v1/coverage", key)[1]["series"] <= 1_000
    assert peak_bytes(product) < PEAK_BYTES_MAX
    assert "Traceback" not in product.log.read_text()
    assert product.is_ready()


def peak_bytes(product: Product) -> int:
    """Return the most memory that the product has held since it began."""
    assert product.process is not None
    status = Path(f"/proc/{product.process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024
