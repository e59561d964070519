"""What wishes would come to: for the form that asks for new ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from tower_anime.compose import App, workflow_source
from tower_anime.domain.brief import Brief
from tower_anime.domain.generation import Generation, new_generation_id
from tower_anime.domain.wish import briefs_of
from tower_anime.errors import BadInput, TowerError
from tower_anime.graph.catalog import choices
from tower_anime.pipeline import graphs
from tower_anime.pipeline.memory import Teacher
from tower_anime.pipeline.preview import Preview as Preview
from tower_anime.pipeline.preview import preview
from tower_anime.profiles import find_profile
from tower_anime.workflows import catalog_at, keep_named

MOST = 5000


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a form's words come to. `prompts` are all of them, expanded; `why_not` refuses them.

    `preview` is that of the first; None where nothing is asked for yet, or no server answers.
    """

    prompts: tuple[str, ...] = ()
    generations: int = 0
    preview: Preview | None = None
    why_not: str | None = None


def plan(
    app: App, prompts: Sequence[str], wish: Mapping[str, Any], *, silent: Collection[str] = ()
) -> Plan:
    """Return what a list of prompts that share a wish comes to; refusals are told, not raised.

    `silent` are the addresses of servers that are known not to answer: they are not asked.
    """
    briefs: list[Brief] = []
    try:
        for prompt in prompts:
            briefs += briefs_of({**wish, "prompt": prompt})
            if len(briefs) > MOST:
                raise BadInput(f"at most {MOST} generations at once")
        sample = briefs or briefs_of({**wish, "prompt": "a picture"})
    except BadInput as error:
        return Plan(why_not=str(error))
    found = tuple(dict.fromkeys(brief.prompt for brief in briefs))
    counted = Plan(prompts=found, generations=len(briefs))
    try:
        made = _preview(app, sample[0], silent)
    except TowerError as error:
        return Plan(prompts=found, generations=len(briefs), why_not=str(error))
    return Plan(prompts=counted.prompts, generations=counted.generations, preview=made)


def offered(app: App, *, silent: Collection[str] = ()) -> Mapping[str, Sequence[str]]:
    """Return what the servers have to choose from; nothing while none answers."""
    try:
        catalog = catalog_at([one for one in app.renderers if one.url not in silent])
    except TowerError:
        return {}
    files = choices(catalog, "CheckpointLoaderSimple", "ckpt_name") or ()
    return {**graphs.offered(catalog), "checkpoint": files}


def _preview(app: App, asked: Brief, silent: Collection[str]) -> Preview:
    brief = keep_named(app.settings, asked)
    catalog = catalog_at([one for one in app.renderers if one.url not in silent])
    name = graphs.workflow_of(brief, catalog)
    template = graphs.template(workflow_source(app.blobs, name), name, catalog)
    generation = Generation(
        id=new_generation_id(),
        brief=brief,
        profile=find_profile(app.settings, brief.profile, kind=brief.kind.value),
        created_at=datetime.now(UTC),
    )
    found = preview(
        generation,
        template=template,
        chosen=name is not None,
        catalog=catalog,
        families=app.settings.model_families,
        teacher=Teacher(app.store if app.settings.learning else None),
        backend="sandbox" if app.simulated else "comfyui",
    )
    shaped = brief.parameters.keys() - asked.parameters.keys()  # by the picture to begin with
    return replace(found, origins={**found.origins, **dict.fromkeys(shaped, "picture")})
