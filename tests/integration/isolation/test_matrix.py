"""No tenant sees another: every route of the running product, on SQLite and on PostgreSQL.

The routes come from the product itself (its OpenAPI description) and from its pages; one without
a line in `CASES` fails. `tests/contract/surface` asks the same inside one process.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from auscult.kernel.sounds import Stream, Unheard, Why
from auscult.kernel.words import Subject, TenantId
from auscult.signals.vantage import SOUND_MEDIA, pack_sound
from auscult.store import Store
from auscult.surface.app import create_app
from tests.alerts import ALERTS_PATH, SILENCES_PATH, alert_body, body_for, silence_body
from tests.calls import ONCALL, OVERRIDES, SCHEDULE, override_body, query_for
from tests.contract.store.conftest import own_server
from tests.contract.surface.test_api_tenants import CASES, OBJECT, OPEN, OWN, PLATFORM, routes_of
from tests.integration.remote_write import HEADERS, now_ms, write_body
from tests.integration.settings.scene import RULE, incidents, push, until
from tests.product import Product, free_port
from tests.unit.signals.otlp.bodies import Call, trace_body, trace_id
from tests.unit.surface.fake_engine import FakeEngine
from tests.unit.surface.fake_ladder import put_ladder
from tests.unit.surface.fake_story import a_finding, with_exhibits

pytestmark = pytest.mark.timeout(180)

SECRET = "only-acme-knows-this"
OTLP = {"Content-Type": "application/x-protobuf"}
STREAM_ENDS = ("/events",)
ENDING = ("/resolve",)
"""What must come after everything else as the owner: it ends the object."""

Case = tuple[str, str]


class Straight(urllib.request.HTTPRedirectHandler):
    """Follow no redirect: it is the answer."""

    def redirect_request(self, *_: object) -> None:
        return None


TAP = Stream("theirs", "theirs", Subject(service="edge"))
BROWSER = urllib.request.build_opener(Straight)


@dataclass(slots=True)
class House:
    """The running product, the keys of both tenants, and what only the owner may see."""

    product: Product
    owner: str
    stranger: str
    incident: str
    slot: str
    exhibit: str
    silence: str
    override: str

    def ask(self, case: Case, key: str = "", **headers: str) -> tuple[int, str]:
        """Call a route; return the status and the beginning of the body."""
        method, template = case
        path = template.format(
            incident_id=self.incident,
            slot=self.slot,
            exhibit_id=self.exhibit,
            trace_id=trace_id(1).hex(),
            silence_id=self.silence,
            schedule=SCHEDULE,
            override_id=self.override,
        )
        body = None
        given = {"Origin": self.product.url, **headers}
        if path.endswith("/write"):
            body = write_body("broken_ratio", {"theirs": 0.0}, now_ms())
            given |= HEADERS
        elif path.endswith("/sounds"):
            unheard = Unheard(Why.SLOW, now_ms(), "")
            body = pack_sound(TAP, unheard, sent_ms=now_ms())
            given |= {"Content-Type": SOUND_MEDIA}
        elif path.endswith("/players/events"):
            body = b'{"events": []}'
            given |= {"Content-Type": "application/json"}
        elif path.startswith("/v1/"):
            body = b""
            given |= OTLP
        elif method == "POST":
            body = body_for(path) or b""
        if path == "/static":
            path = "/static/page.css"
        if key:
            given["Authorization"] = f"Bearer {key}"
        request = urllib.request.Request(
            f"{self.product.url}{path}{query_for(path)}", data=body, headers=given, method=method
        )
        try:
            with BROWSER.open(request, timeout=20) as answer:
                size = 20 if path.endswith(STREAM_ENDS) else -1
                return answer.status, answer.read(size).decode(errors="replace")
        except urllib.error.HTTPError as why:
            return why.code, why.read().decode(errors="replace")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    folder = tmp_path_factory.mktemp(f"isolation-{request.param}")
    if request.param == "sqlite":
        yield from inhabited(folder, "")
        return
    with own_server() as server:
        yield from inhabited(folder, server.make().url)


def inhabited(folder: Path, store_url: str) -> Iterator[House]:
    """Run the product as one that needs a login, with an incident and a series of the owner's."""
    port = free_port()
    product = Product(
        folder,
        {"acme": {"detectors": [RULE], **ONCALL}, "bolt": {}, "platform": {}},
        store_url=store_url,
        extra={"server": {"host": "0.0.0.0", "port": port}},
        port=port,
    )
    owner, stranger = product.key("acme", "admin"), product.key("bolt", "admin")
    with product:
        assert push(product, owner, SECRET, 1.0) == 204
        until(lambda: incidents(product, owner), "the owner's incident")
        spans = trace_body({"edge": [Call(name=SECRET)]})
        assert product.ask("/v1/traces", owner, body=spans, headers=OTLP)[0] == 200
        _, page = product.ask("/api/v1/series", owner)
        incident = incidents(product, owner)[0]["id"]
        slot, exhibit = str(page["series"][0]["slot"]), add_exhibit(product, incident)
        assert product.ask(ALERTS_PATH, owner, body=alert_body(SECRET))[0] == 200
        _, silence = product.ask(SILENCES_PATH, owner, body=silence_body(SECRET))
        path = OVERRIDES.format(schedule=SCHEDULE)
        _, night = product.ask(path, owner, body=override_body(SECRET))
        made = silence["silenceID"], night["override"]["id"]
        yield House(product, owner, stranger, incident, slot, exhibit, *made)
    assert product.process is not None
    assert product.process.returncode == 0


def add_exhibit(product: Product, incident: str) -> str:
    """Keep a sound and a ladder of the owner's, as the engine would; return the sound's id."""
    url = product.store_url or f"sqlite:///{product.folder}/auscult.db"
    finding = with_exhibits(a_finding("acme"), SECRET.encode())
    store = Store.open(url)
    with store.write() as work:
        work.of(TenantId("acme")).exhibits.add(incident, finding)
        put_ladder(work, TenantId("acme"), SECRET)
    store.close()
    return finding.evidence.exhibits[0].id


def test_every_route_of_the_product_has_a_case(house: House) -> None:
    status, text = house.ask(("GET", "/api/v1/openapi.json"))
    assert status == 200
    described = {
        (method.upper(), path) for path, one in json.loads(text)["paths"].items() for method in one
    }
    assert len(described) > 10
    assert described <= set(CASES), "a route without a case"
    assert set(routes_of(create_app(FakeEngine()))) == set(CASES)


@pytest.mark.parametrize("credential", ["none", "wrong", "made-up session", "stranger's"])
def test_every_route_turns_a_stranger_away(house: House, credential: str) -> None:
    wrong: list[str] = []
    _, told = house.ask(("GET", "/api/v1/incidents/{incident_id}"), house.owner)
    before = json.loads(told)["incident"]["status"]
    for case, kind in CASES.items():
        if kind == OPEN:
            continue
        if credential == "stranger's":
            status, text = house.ask(case, house.stranger)
            expected = {404} if kind in {OBJECT, PLATFORM} else {200, 204, 303}
            claimed, _ = house.ask(case, house.stranger, **{"X-Scope-OrgID": "acme"})
            if claimed != 404:
                wrong.append(f"{case} claiming to be the owner: {claimed}")
        else:
            cookie = {"Cookie": "auscult_session=v1:a:b:c"} if "session" in credential else {}
            status, text = house.ask(case, "ak_nobody" if credential == "wrong" else "", **cookie)
            is_api = case[1].startswith(("/api/", "/v1/", "/v2/", "/metrics"))
            expected = {401} if is_api else {401, 303}
        if status not in expected:
            wrong.append(f"{case}: {status}, not {expected}")
        if SECRET in text or (kind == OWN and house.incident in text):
            wrong.append(f"{case} shows the owner's data")
    assert not wrong, "\n".join(wrong)
    _, after = house.ask(("GET", "/api/v1/incidents/{incident_id}"), house.owner)
    assert json.loads(after)["incident"]["status"] == before, "a stranger has changed it"


def test_the_owner_reaches_everything(house: House) -> None:
    """Otherwise the tests above could pass because nothing works."""
    wrong: list[str] = []
    shown = 0
    for case in sorted(CASES, key=lambda case: case[1].endswith(ENDING)):
        if CASES[case] in {OPEN, PLATFORM}:
            continue
        status, text = house.ask(case, house.owner)
        shown += SECRET in text
        again = case[1].endswith(ENDING) and status == 409  # ended a moment ago, by its other route
        if status not in {200, 201, 204, 303} and not again:
            wrong.append(f"{case}: {status} {text[:200]}")
    assert not wrong, "\n".join(wrong)
    assert shown > 5
