"""Bad requests: each gets the right answer with its code, is counted, and harms nobody else."""

import contextlib
import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import cramjam
import pytest

from tests.integration.bad_input.bodies import DAY_MS, body_of, labelled, malformed_utf8
from tests.integration.remote_write import HEADERS, now_ms, write_body
from tests.integration.settings.scene import RULE, TENANT, incidents, metric, push, until
from tests.product import Product

pytestmark = pytest.mark.timeout(120)

BODY_BYTES = 1 << 20
EXPANDED_BYTES = 4 << 20
SERIES_MAX = 200
WRITE = "/api/v1/write"


@dataclass(slots=True)
class World:
    """The product, keys of two tenants, and an incident of the first."""

    product: Product
    key: str
    admin: str
    strange: str
    incident: str

    def send(
        self, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], Any]:
        """Send a request; return status, headers and the JSON (or None) of the answer."""
        request = urllib.request.Request(f"{self.product.url}{path}", body, dict(headers))
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                status, said, text = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as why:
            status, said, text = why.code, why.headers, why.read()
        is_json = "json" in said.get("content-type", "")
        return (
            status,
            {k.lower(): v for k, v in said.items()},
            json.loads(text) if is_json else None,
        )

    def write(self, body: bytes, **headers: str) -> tuple[int, dict[str, str], Any]:
        """Send a body as remote_write with the tenant's key."""
        own = {**HEADERS, "Authorization": f"Bearer {self.key}"}
        return self.send(WRITE, body, own | {k.replace("_", "-"): v for k, v in headers.items()})

    def raw(self, text: bytes) -> bytes:
        """Send bytes on a connection of its own; return what came until it was closed."""
        with socket.create_connection(("127.0.0.1", self.product.port), timeout=20) as line:
            with contextlib.suppress(OSError):  # refused before all was sent
                line.sendall(text)
            with contextlib.suppress(OSError):  # nothing else is asked on it
                line.shutdown(socket.SHUT_WR)
            got = b""
            with contextlib.suppress(ConnectionResetError):
                while chunk := line.recv(65_536):
                    got += chunk
            return got


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    product = Product(
        tmp_path_factory.mktemp("received"),
        {TENANT: {"detectors": [RULE]}, "bolt": {}},
        extra={
            "limits": {
                "body_bytes": BODY_BYTES,
                "expanded_bytes": EXPANDED_BYTES,
                "series_per_tenant": SERIES_MAX,
            }
        },
    )
    keys = [product.key(TENANT), product.key(TENANT, "admin"), product.key("bolt", "admin")]
    with product:
        assert push(product, keys[0], "encode", 1.0) == 204
        until(lambda: incidents(product, keys[0]), "an incident")
        yield World(product, keys[0], keys[1], keys[2], incidents(product, keys[0])[0]["id"])
    assert product.process is not None
    assert product.process.returncode == 0
    assert "Traceback" not in product.log.read_text()


@pytest.fixture(autouse=True)
def all_is_well_afterwards(world: World) -> Iterator[None]:
    """Whatever a test sends, the next good request is answered."""
    yield
    assert push(world.product, world.key, "encode", 1.0) == 204
    assert world.product.ask("/api/v1/me", world.key)[0] == 200
    assert world.product.is_ready()


@dataclass(frozen=True, slots=True)
class Case:
    """A body that is not taken, and the answer it must get."""

    body: Callable[[], bytes]
    status: int
    code: str
    headers: Mapping[str, str] = field(default_factory=dict)
    position: bool = False


def good() -> bytes:
    return write_body("broken_ratio", {"encode": 0.0}, now_ms())


def packed(text: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(text))


V2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request"
MALFORMED, LARGE, MEDIA = "input.malformed", "input.too_large", "input.media_unsupported"
CASES = {
    "no snappy": Case(lambda: b"\xff" * 50, 400, MALFORMED, position=True),
    "empty": Case(lambda: b"", 400, MALFORMED, position=True),
    "cut snappy": Case(lambda: good()[:-5], 400, MALFORMED, position=True),
    "flipped bits": Case(
        lambda: packed(b"\x0a\xff\xff\xff\xff\x0f"), 400, MALFORMED, position=True
    ),
    "cut protobuf": Case(
        lambda: packed(cramjam_unpacked(good())[:-3]), 400, MALFORMED, position=True
    ),
    "cut protobuf 2.0": Case(
        lambda: packed(b"\x22\x05abc"), 400, MALFORMED, {"Content-Type": V2}, position=True
    ),
    "bomb of 4 GB": Case(lambda: b"\xff\xff\xff\xff\x0f" + b"\x00" * 100, 413, LARGE),
    "bomb of 5 MB": Case(lambda: packed(b"\x00" * (5 << 20)), 413, LARGE),
    "too large": Case(lambda: b"x" * (BODY_BYTES + 1), 413, LARGE),
    "label value of 10 MB": Case(lambda: body_of(labelled(v="x" * 10_000_000)), 413, LARGE),
    "JSON": Case(lambda: b"{}", 415, MEDIA, {"Content-Type": "application/json"}),
    "gzip": Case(good, 415, MEDIA, {"Content-Encoding": "gzip"}),
    "protocol 3": Case(good, 415, MEDIA, {"Content-Type": "application/x-protobuf;proto=x.v3"}),
    "a day ahead": Case(
        lambda: write_body("broken_ratio", {"encode": 0.0}, now_ms() + DAY_MS),
        400,
        "input.sample_refused",
    ),
    "a day back": Case(
        lambda: write_body("broken_ratio", {"encode": 0.0}, now_ms() - DAY_MS),
        400,
        "input.sample_refused",
    ),
}


def cramjam_unpacked(body: bytes) -> bytes:
    return bytes(cramjam.snappy.decompress_raw(body))


@pytest.mark.parametrize("name", CASES)
def test_a_body_that_cannot_be_taken_is_refused_in_its_senders_words(
    world: World, name: str
) -> None:
    case = CASES[name]
    product, counted = world.product, {"code": str(case.status), "route": WRITE}
    before = metric(product, "auscult_http_requests_total", **counted)
    status, _, said = world.write(
        case.body(), **{k.replace("-", "_"): v for k, v in case.headers.items()}
    )
    assert (status, said["error"]["code"]) == (case.status, case.code), said
    assert said["error"]["message"]
    assert said["error"]["detail"]
    assert not case.position or isinstance(said["error"]["position"], int)
    assert metric(product, "auscult_http_requests_total", **counted) == before + 1


def test_refused_samples_are_counted_by_reason(world: World) -> None:
    product = world.product
    for reason, off_ms in (("too_far_ahead", DAY_MS), ("out_of_order", -DAY_MS)):
        before = metric(product, "auscult_samples_refused_total", reason=reason)
        at_ms = now_ms() + off_ms
        assert push(product, world.key, "encode", 0.5, at_ms=at_ms) == 400
        assert metric(product, "auscult_samples_refused_total", reason=reason) == before + 1
    before = metric(product, "auscult_bodies_total", result=MALFORMED)
    world.write(b"\xff")
    assert metric(product, "auscult_bodies_total", result=MALFORMED) == before + 1


def test_nan_and_infinities_are_counted_and_reach_nobody(world: World) -> None:
    product = world.product
    found = len(incidents(product, world.key))
    before = metric(product, "auscult_samples_refused_total", reason="non_finite")
    odd = {"nan": float("nan"), "plus": float("inf"), "minus": float("-inf")}
    status, _, said = world.write(write_body("broken_ratio", odd, now_ms()))
    assert status == 204, said
    assert metric(product, "auscult_samples_refused_total", reason="non_finite") == before + 3
    time.sleep(2.5)
    assert len(incidents(product, world.key)) == found, "infinity is above every limit"


@pytest.mark.parametrize(
    "series",
    [
        labelled(v="x" * 100_000),
        labelled(**{f"l{n}": "v" for n in range(500)}),
        labelled(**{"n" * 5_000: "v"}),
        [("__name__", "a"), ("x", "1"), ("x", "2")],
        [("no_name", "a")],
    ],
    ids=["long value", "500 labels", "long name", "twice", "nameless"],
)
def test_a_series_whose_labels_are_not_taken_costs_only_itself(
    world: World, series: list[tuple[str, str]]
) -> None:
    product, at_ms = world.product, now_ms()
    before = metric(product, "auscult_samples_refused_total", reason="labels")
    taken = metric(product, "auscult_samples_accepted_total", source="remote_write")
    good_one = [("__name__", "broken_ratio"), ("service", "encode")]
    status, _, said = world.write(body_of(series, good_one, at_ms=at_ms))
    assert (status, said["error"]["code"]) == (400, "input.sample_refused"), said
    assert metric(product, "auscult_samples_refused_total", reason="labels") == before + 1
    assert metric(product, "auscult_samples_accepted_total", source="remote_write") == taken + 1


def test_labels_that_are_no_text_are_counted_and_make_no_series(world: World) -> None:
    before = metric(world.product, "auscult_samples_refused_total", reason="labels")
    status, _, said = world.write(malformed_utf8())
    assert (status, said["error"]["code"]) == (400, "input.sample_refused"), said
    assert metric(world.product, "auscult_samples_refused_total", reason="labels") == before + 1


def test_a_label_bomb_ends_at_the_cap_of_its_own_tenant(world: World) -> None:
    product = world.product
    capped = product.ask("/api/v1/coverage", world.key)[1]["capped"]
    bomb = [[("__name__", "bomb"), ("n", str(n))] for n in range(5 * SERIES_MAX)]
    status, _, said = world.send(
        WRITE, body_of(*bomb), {**HEADERS, "Authorization": f"Bearer {world.strange}"}
    )
    assert (status, said["error"]["code"]) == (400, "input.sample_refused"), said
    assert metric(product, "auscult_samples_refused_total", reason="series_cap") >= 4 * SERIES_MAX
    theirs = product.ask("/api/v1/coverage", world.strange)[1]
    assert theirs["series"] == SERIES_MAX
    assert theirs["capped"] >= 4 * SERIES_MAX
    assert product.ask("/api/v1/coverage", world.key)[1]["capped"] == capped
    assert push(product, world.key, "a-new-one-of-the-other-tenant", 0.1) == 204


def head(path: str, key: str, *lines: str) -> bytes:
    own = (f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {key}", *lines)
    return ("\r\n".join((*own, *(f"{k}: {v}" for k, v in HEADERS.items()))) + "\r\n\r\n").encode()


def test_a_chunked_body_is_counted_while_it_comes(world: World) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    text = head(WRITE, world.key, "Transfer-Encoding: chunked") + chunk * 64 + b"0\r\n\r\n"
    got = world.raw(text)
    assert got.startswith(b"HTTP/1.1 413"), got[:200]
    assert LARGE.encode() in got


def test_other_routes_take_small_bodies_only(world: World) -> None:
    path = f"/api/v1/incidents/{world.incident}/acknowledge"
    status, _, said = world.send(path, b"x" * 100_000, {"Authorization": f"Bearer {world.key}"})
    assert (status, said["error"]["code"]) == (413, LARGE)


def test_a_lying_content_length_is_refused(world: World) -> None:
    for declared in ("-5", "many", "1e3"):
        got = world.raw(head(WRITE, world.key, f"Content-Length: {declared}"))
        assert got.startswith(b"HTTP/1.1 400"), got[:100]


def test_header_bombs_are_refused(world: World) -> None:
    many = "".join(f"X-{n}: {'y' * 60}\r\n" for n in range(2_000))
    for bomb in (many, f"X-Long: {'y' * 200_000}\r\n"):
        got = world.raw(f"GET /healthz HTTP/1.1\r\nHost: x\r\n{bomb}\r\n".encode())
        assert got.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400")) or not got, got[:100]
        assert b"200" not in got[:15]


def test_slow_lorises_are_let_go_and_delay_nobody(world: World) -> None:
    lines = [
        socket.create_connection(("127.0.0.1", world.product.port), timeout=30) for _ in range(100)
    ]
    try:
        began_s = time.monotonic()
        for line in lines:
            line.sendall(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
        for _ in range(5):
            asked_s = time.monotonic()
            assert world.product.ask("/healthz")[0] == 200
            assert time.monotonic() - asked_s < 2
            time.sleep(0.5)
            for line in lines:
                line.sendall(b"y")
        for line in lines:
            assert line.recv(100).startswith(b"HTTP/1.1 408")
        assert 8 < time.monotonic() - began_s < 20
    finally:
        for line in lines:
            line.close()


def test_what_is_not_http_is_refused(world: World) -> None:
    for noise in (b"\x16\x03\x01\x02\x00\x01\x00", b"\x00" * 500, b"GET\r\n\r\n"):
        got = world.raw(noise)
        assert got == b"" or got.startswith(b"HTTP/1.1 400"), got[:100]


ROUTES = ("/api/v1/incidents", "/api/v1/series", "/api/v1/settings", "/api/v1/audit", WRITE)
CREDENTIALS = {
    "none": {},
    "unknown": {"Authorization": "Bearer ak_this-is-nobodys-key"},
    "empty": {"Authorization": "Bearer "},
    "another scheme": {"Authorization": "Basic YWNtZTphY21l"},
    "huge": {"Authorization": "Bearer " + "k" * 8_000},
    "no text": {"Authorization": "Bearer \xff\xfe"},
    "a made-up session": {"Cookie": "auscult_session=v1:k:AAAA:BBBB"},
}


@pytest.mark.parametrize("name", CREDENTIALS)
def test_a_wrong_or_missing_credential_is_a_401(world: World, name: str) -> None:
    before = metric(world.product, "auscult_http_requests_total", code="401")
    for path in ROUTES:
        body = good() if path == WRITE else None
        status, headers, said = world.send(path, body, {**HEADERS, **CREDENTIALS[name]})
        assert (status, said["error"]["code"]) == (401, "access.credential_missing"), path
        assert headers["www-authenticate"].startswith("Bearer")
    after = metric(world.product, "auscult_http_requests_total", code="401")
    assert after == before + len(ROUTES)


def test_another_tenants_object_is_a_404_as_one_that_is_nowhere(world: World) -> None:
    strange = {"Authorization": f"Bearer {world.strange}"}
    before = world.product.ask(f"/api/v1/incidents/{world.incident}", world.key)[1]["incident"]
    for verb in ("", "/timeline", "/acknowledge", "/resolve"):
        body = b"" if verb in {"/acknowledge", "/resolve"} else None
        theirs = world.send(f"/api/v1/incidents/{world.incident}{verb}", body, strange)
        nowhere = world.send(f"/api/v1/incidents/01NOWHERE{verb}", body, strange)
        assert theirs[0] == nowhere[0] == 404
        assert theirs[2]["error"]["code"] == nowhere[2]["error"]["code"] == "access.object_missing"
    _, page = world.product.ask("/api/v1/series", world.key)
    slot = page["series"][0]["slot"]
    assert world.send(f"/api/v1/series/{slot}", None, strange)[0] == 404
    after = world.product.ask(f"/api/v1/incidents/{world.incident}", world.key)[1]["incident"]
    assert after["status"] == before["status"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=many", "limit=501", "colour=red", "cursor=%00", "severity=awful"]
)
def test_a_wrong_parameter_is_a_400_with_the_right_ones(world: World, query: str) -> None:
    status, _, said = world.send(
        f"/api/v1/incidents?{query}", None, {"Authorization": f"Bearer {world.key}"}
    )
    assert status == 400, said
    assert said["error"]["code"].startswith("input.")


@pytest.mark.parametrize("body", [b"{", b"[" * 50_000, b"\xff\xfe", b'{"a": NaN}', b"null"])
def test_json_that_nobody_asked_for_breaks_nothing(world: World, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {world.key}", "Content-Type": "application/json"}
    path = f"/api/v1/incidents/{world.incident}/acknowledge"
    status, _, _ = world.send(path, body, headers)
    assert status in {200, 400}
    for method_wrong in ("/api/v1/me", "/healthz", "/api/v1/incidents"):
        assert world.send(method_wrong, body, headers)[0] == 405
