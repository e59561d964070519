"""What open pages ask again and again: whether the server answers, and still knows them."""

from __future__ import annotations

from fastapi import APIRouter, Response

router = APIRouter(include_in_schema=False)


@router.get("/alive", status_code=204)
async def alive() -> Response:
    """Say yes; who is not logged in is sent to the login page instead."""
    return Response(status_code=204, headers={"Cache-Control": "no-store"})
