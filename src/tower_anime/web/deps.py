"""What routes ask for."""

from __future__ import annotations

from typing import cast

from fastapi import Request

from tower_anime.compose import App
from tower_anime.web.rendered import Rendered


def the_app(request: Request) -> App:
    """Return the running product."""
    return cast("App", request.app.state.app)


def the_rendered(request: Request) -> Rendered:
    """Return the generations that are kept as text."""
    return cast("Rendered", request.app.state.rendered)
