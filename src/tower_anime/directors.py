"""From the settings to the creative director and the models that speak for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence

from tower_anime.adapters.clip_frame import jpeg_sheet
from tower_anime.adapters.echo_brain import EchoChat
from tower_anime.adapters.llm import OllamaChat, OpenAiChat
from tower_anime.domain.conversation import Role
from tower_anime.errors import ChatFailed, TowerError
from tower_anime.pipeline.card import Card, OwnCards, SharedCard
from tower_anime.pipeline.director import CreativeDirector, Patience
from tower_anime.pipeline.memory import SANDBOX
from tower_anime.ports import Chat, Media, Productions, Renderer
from tower_anime.settings import Settings

log = logging.getLogger(__name__)

RELEASE_S = 10.0  # Ollama unloads within a second; a busy disk takes longer
LOOK_S = 0.25
FREE_SHARE = 0.7  # what drivers and desktops hold is no model; chosen by hand


def open_chats(settings: Settings) -> tuple[Chat, ...]:
    """Return a client for each configured server, in the order of `auto`; nothing is contacted."""
    chats = list[Chat]()
    key = settings.openai_api_key
    seeing = (settings.director.vision,) if settings.director.vision else ()
    if settings.ollama_url:
        chats.append(OllamaChat(settings.ollama_url, num_ctx=settings.director.num_ctx))
    if settings.openai_url:
        token = key.get_secret_value() if key else None
        chats.append(OpenAiChat(settings.openai_url, token=token, vision_models=seeing))
    if settings.echo_url:
        chats.append(EchoChat(settings.echo_url))
    return tuple(chats)


def open_director(
    settings: Settings, chats: Sequence[Chat], *, media: Media, productions: Productions
) -> CreativeDirector:
    """Return the director; without chats it keeps to the rules."""
    chosen = settings.director
    return CreativeDirector(
        chats=chats,
        models=models_by_role(settings),
        media=media,
        productions=productions,
        patience=Patience(question_s=chosen.deadline_s, generation_s=chosen.budget_s),
        moments=jpeg_sheet,
    )


def models_by_role(settings: Settings) -> Mapping[Role, str]:
    """Return the model that the settings name for each role; empty for none."""
    chosen = settings.director
    return {
        Role.CREATIVE_DIRECTION: chosen.creative_direction,
        Role.PROMPT_ENHANCEMENT: chosen.prompt_enhancement,
        Role.QUALITY_ASSESSMENT: chosen.quality_assessment,
        Role.STORY_DEVELOPMENT: chosen.story_development,
        Role.VISION_REVIEW: chosen.vision or "",
    }


def open_card(settings: Settings, chats: Sequence[Chat], renderers: Sequence[Renderer]) -> Card:
    """Return who takes turns on the card: nobody, unless the settings say it is shared."""
    if not settings.director.shared_gpu or not chats:
        return OwnCards()
    return SharedCard(
        free_renderer=lambda: _free_renderers(renderers),
        free_director=lambda: _free_director(chats),
    )


def _free_director(chats: Sequence[Chat]) -> bool:
    """Unload what the chats hold; whether each confirms it."""
    freed = True
    for chat in chats:
        try:
            freed &= chat.release(deadline_s=RELEASE_S)
        except ChatFailed as error:
            log.warning("%s: %s", chat.name, error)
            freed &= error.kind == "silent"  # a server that is not there holds nothing
    return freed


def _free_renderers(renderers: Sequence[Renderer]) -> bool:
    """Unload the diffusion models; whether each server's own figures confirm it."""
    freed = True
    for renderer in renderers:
        try:
            freed &= _freed(renderer, renderer.free)
        except TowerError as error:
            log.warning("%s: %s", renderer.url, error)
            freed = False
    return freed


def _freed(renderer: Renderer, free: Callable[[], object]) -> bool:
    """Free, then look until most of the memory is free; no figure is no confirmation."""
    free()
    ends_at = time.monotonic() + RELEASE_S
    while True:
        facts = renderer.facts()
        if facts.vram_total_bytes is None:  # no graphics card, or one whose memory nobody tells
            return facts.backend == SANDBOX or all(name == "cpu" for name in facts.devices)
        if (facts.vram_free_bytes or 0) >= FREE_SHARE * facts.vram_total_bytes:
            return True
        if time.monotonic() > ends_at:
            return False
        time.sleep(LOOK_S)
