"""The JSON interface under /api/v1, and the three doors at the root that machines knock on."""

from fastapi import APIRouter

from auscult.surface.api import events, health, incidents, series, standing, write

router = APIRouter(prefix="/api/v1")
for room in (incidents, series, standing, events, write):
    router.include_router(room.router)
root = health.router

__all__ = ["root", "router"]
