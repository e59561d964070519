"""What routes ask for."""

from __future__ import annotations

from typing import cast

from fastapi import Request

from tower_anime.compose import App


def the_app(request: Request) -> App:
    """Return the running product."""
    return cast("App", request.app.state.app)
