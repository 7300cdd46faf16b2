"""Who may ask: keys, roles, sessions, loopback, and other sites' forms."""

import pytest
from fastapi import FastAPI

from auscult.kernel.facts import Found
from auscult.kernel.words import TenantId
from auscult.surface.api.access import SESSION_COOKIE, SESSION_S, is_loopback
from auscult.surface.app import create_app
from tests.unit.surface.client import Answer, ask
from tests.unit.surface.fake_engine import FakeEngine
from tests.unit.surface.fake_story import a_finding

HERE = {"origin": "http://auscult.example", "sec-fetch-site": "same-origin"}
FORM = {"content-type": "application/x-www-form-urlencoded", **HERE}


async def log_in(app: FastAPI, key: str) -> Answer:
    return await ask(app, "/login", method="POST", headers=FORM, body=f"key={key}&next=/".encode())


def cookie_of(answer: Answer) -> dict[str, str]:
    return {"cookie": answer.headers["set-cookie"].split(";")[0]}


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Bearer ", "Basic YTpi", "Bearer"])
async def test_no_valid_key_is_a_401_that_says_how(app: FastAPI, header: str) -> None:
    answer = await ask(app, "/api/v1/incidents", headers={"authorization": header})
    assert (answer.status, answer.code) == (401, "access.credential_missing")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_header_may_confirm_the_tenant_but_never_choose_it(app: FastAPI) -> None:
    right = await ask(app, "/api/v1/me", key="acme-member", headers={"x-scope-orgid": "acme"})
    wrong = await ask(app, "/api/v1/me", key="acme-member", headers={"x-scope-orgid": "bolt"})
    assert (right.status, right.data["tenant"]) == (200, "acme")
    assert (wrong.status, wrong.code) == (404, "access.object_missing")


async def test_a_writer_may_write_and_nothing_else(engine: FakeEngine, app: FastAPI) -> None:
    for path in ("/api/v1/incidents", "/api/v1/coverage", "/api/v1/audit", "/"):
        assert (await ask(app, path, key="acme-writer")).status == 403
    headers = {"content-type": "application/x-protobuf", "content-encoding": "snappy"}
    write = await ask(
        app, "/api/v1/write", method="POST", key="acme-writer", headers=headers, body=b"x"
    )
    assert write.status == 204
    media = "application/x-protobuf;proto=prometheus.WriteRequest"
    assert engine.written == [("acme", b"x", media)]


async def test_only_an_admin_reloads_and_sees_only_what_is_theirs(app: FastAPI) -> None:
    member = await ask(app, "/api/v1/settings/reload", method="POST", key="acme-member")
    admin = await ask(app, "/api/v1/settings/reload", method="POST", key="acme-admin")
    assert (member.status, member.code) == (403, "access.permission_missing")
    assert [change["path"] for change in admin.data["changes"]] == [
        "tenants.acme.false_pages_per_week"
    ]


async def test_settings_show_the_tenants_part_alone(app: FastAPI) -> None:
    shown = (await ask(app, "/api/v1/settings", key="acme-member")).data["settings"]
    assert shown
    assert all(one["path"].startswith("tenants.acme.") for one in shown)


async def test_a_key_becomes_a_session_that_ends(engine: FakeEngine, app: FastAPI) -> None:
    answer = await log_in(app, "acme-member")
    assert (answer.status, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert (await ask(app, "/", headers=cookie_of(answer))).status == 200
    engine.clock.at_ms += SESSION_S * 1000
    over = await ask(app, "/", headers=cookie_of(answer))
    assert (over.status, over.headers["location"]) == (303, "/login?next=%2F")


async def test_a_session_ends_with_its_key(engine: FakeEngine, app: FastAPI) -> None:
    session = cookie_of(await log_in(app, "acme-member"))
    assert (await ask(app, "/api/v1/me", headers=session)).data["key_id"] == "key-acme-member"
    del engine.keys["acme-member"]
    assert (await ask(app, "/api/v1/me", headers=session)).status == 401
    gone = await ask(app, "/", headers=session)
    assert gone.headers["location"].startswith("/login")


async def test_a_session_may_do_what_its_key_may_do_now(engine: FakeEngine, app: FastAPI) -> None:
    session = cookie_of(await log_in(app, "acme-member"))
    engine.add_key("acme-member", "acme", "admin")
    assert (await ask(app, "/api/v1/me", headers=session)).data["role"] == "admin"


async def test_a_session_sealed_by_an_older_version_is_no_session(
    engine: FakeEngine, app: FastAPI
) -> None:
    sealed = engine.vault.seal(b'{"tenant": "acme", "until_ms": 9e15}', about="page session")
    old = {"cookie": f"{SESSION_COOKIE}={sealed}"}
    assert (await ask(app, "/api/v1/me", headers=old)).status == 401


async def test_a_changed_session_is_no_session(app: FastAPI) -> None:
    cookie = cookie_of(await log_in(app, "acme-member"))["cookie"]
    name, _, sealed = cookie.partition("=")
    for broken in (sealed[:-1], "x" + sealed[1:], "v1:k:AAAA:BBBB", ""):
        answer = await ask(app, "/api/v1/me", headers={"cookie": f"{name}={broken}"})
        assert answer.status == 401


async def test_a_wrong_key_stays_on_the_login_page(app: FastAPI) -> None:
    answer = await log_in(app, "nobody")
    assert answer.status == 401
    assert "not known" in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "goal", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x", "/a\n"]
)
async def test_logging_in_never_leads_to_another_site(app: FastAPI, goal: str) -> None:
    from urllib.parse import quote

    body = f"key=acme-member&next={quote(goal, safe='')}".encode()
    answer = await ask(app, "/login", method="POST", headers=FORM, body=body)
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", "origin": "http://auscult.example"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
    ],
)
async def test_another_sites_form_changes_nothing(
    engine: FakeEngine, app: FastAPI, headers: dict[str, str]
) -> None:
    incident = await engine.submit(Found(finding=a_finding("acme")))
    assert incident is not None
    session = cookie_of(await log_in(app, "acme-member"))
    for path in (
        f"/incidents/{incident.id}/acknowledge",
        f"/api/v1/incidents/{incident.id}/acknowledge",
    ):
        answer = await ask(app, path, method="POST", headers=session | headers)
        assert answer.status == 403
    assert engine.of(TenantId("acme")).by_id[incident.id].status == "open"
    assert (await ask(app, "/logout", method="POST", headers=headers)).status == 403


LOCAL = {"host": "127.0.0.1:8080"}


@pytest.fixture
def local_app() -> FastAPI:
    return create_app(FakeEngine(host="127.0.0.1", loopback_tenant=TenantId("acme")))


async def test_on_loopback_pages_need_no_key_but_the_api_does(local_app: FastAPI) -> None:
    assert (await ask(local_app, "/", headers=LOCAL, peer="127.0.0.1")).status == 200
    assert (await ask(local_app, "/api/v1/me", headers=LOCAL, peer="127.0.0.1")).status == 401


@pytest.mark.parametrize(
    ("host", "peer"),
    [
        ("rebound.example", "127.0.0.1"),
        ("rebound.example:8080", "127.0.0.1"),
        ("127.0.0.1.evil.example", "127.0.0.1"),
        ("localhost.evil.example", "127.0.0.1"),
        ("127.0.0.1", "192.0.2.7"),
        ("", "127.0.0.1"),
    ],
)
async def test_a_foreign_name_or_peer_gets_no_loopback_session(
    local_app: FastAPI, host: str, peer: str
) -> None:
    answer = await ask(local_app, "/", headers={"host": host}, peer=peer)
    assert answer.status == 303
    assert answer.headers["location"].startswith("/login")


async def test_a_server_open_to_the_world_logs_nobody_in() -> None:
    app = create_app(FakeEngine(host="0.0.0.0", loopback_tenant=TenantId("acme")))
    assert (await ask(app, "/", headers=LOCAL, peer="127.0.0.1")).status == 303


async def test_another_site_cannot_click_on_a_loopback_page(local_app: FastAPI) -> None:
    headers = LOCAL | {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    answer = await ask(
        local_app, "/incidents/x/resolve", method="POST", headers=headers, peer="127.0.0.1"
    )
    assert answer.status == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize(
    ("mode", "goal"),
    [("cors", "empty"), ("no-cors", "image"), ("no-cors", "script"), ("navigate", "iframe")],
)
async def test_another_site_reads_nothing_of_a_loopback_server(
    local_app: FastAPI, site: str, mode: str, goal: str
) -> None:
    fetched = {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": goal}
    for path in ("/", "/rows", "/incidents.json", "/coverage", "/events", "/metrics"):
        answer = await ask(local_app, path, headers=LOCAL | fetched, peer="127.0.0.1")
        assert answer.status == 403, path


async def test_a_link_on_another_site_still_opens_a_loopback_page(local_app: FastAPI) -> None:
    followed = {
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "navigate",
        "sec-fetch-dest": "document",
    }
    assert (await ask(local_app, "/", headers=LOCAL | followed, peer="127.0.0.1")).status == 200
    form = await ask(
        local_app,
        "/incidents/x/resolve",
        method="POST",
        headers=LOCAL | followed,
        peer="127.0.0.1",
    )
    assert form.status == 403


@pytest.mark.parametrize(
    "header",
    ["Forwarded", "Via", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"],
)
async def test_what_a_reverse_proxy_passes_on_is_not_local(local_app: FastAPI, header: str) -> None:
    headers = LOCAL | {header: "198.51.100.9"}
    assert (await ask(local_app, "/", headers=headers, peer="127.0.0.1")).status == 303
    assert (await ask(local_app, "/metrics", headers=headers, peer="127.0.0.1")).status == 401


async def test_the_old_protocol_that_proxies_speak_is_not_local(local_app: FastAPI) -> None:
    old = await ask(local_app, "/", headers=LOCAL, peer="127.0.0.1", version="1.0")
    assert old.status == 303


async def test_local_metrics_need_a_local_name(local_app: FastAPI) -> None:
    assert (await ask(local_app, "/metrics", headers=LOCAL, peer="127.0.0.1")).status == 200
    rebound = {"host": "rebound.example:8080"}
    assert (await ask(local_app, "/metrics", headers=rebound, peer="127.0.0.1")).status == 401


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("localhost", True),
        ("127.0.0.1:80", True),
        ("[::1]:8080", True),
        ("127.9.9.9", True),
        ("0.0.0.0", False),
        ("example.org", False),
        ("[fe80::1]", False),
        ("", False),
        ("[", False),
    ],
)
def test_what_counts_as_this_machine(host: str, *, is_local: bool) -> None:
    assert is_loopback(host) is is_local


async def test_metrics_are_the_platforms(engine: FakeEngine, app: FastAPI) -> None:
    engine.add_key("platform-member", "platform")
    assert (await ask(app, "/metrics")).status == 401
    assert (await ask(app, "/metrics", key="acme-admin")).status == 404
    shown = await ask(app, "/metrics", key="platform-member")
    assert shown.status == 200
    assert 'route="/metrics"' in shown.text
    accept = {"accept": "application/openmetrics-text; version=1.0.0"}
    open_metrics = await ask(app, "/metrics", key="platform-member", headers=accept)
    assert open_metrics.headers["content-type"].startswith("application/openmetrics-text")
    assert open_metrics.text.endswith("# EOF\n")


def test_the_cookie_has_a_name_of_its_own() -> None:
    assert SESSION_COOKIE.startswith("auscult")
