"""One engine in memory with two tenants, and the app that shows it."""

import pytest
from fastapi import FastAPI

from auscult.surface.app import create_app
from tests.unit.surface.fake_engine import FakeEngine


@pytest.fixture
def engine() -> FakeEngine:
    engine = FakeEngine()
    for tenant in ("acme", "bolt"):
        for role in ("member", "admin", "writer"):
            engine.add_key(f"{tenant}-{role}", tenant, role)
    return engine


@pytest.fixture
def app(engine: FakeEngine) -> FastAPI:
    return create_app(engine)
