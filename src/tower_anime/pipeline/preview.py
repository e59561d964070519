"""What a wish would begin with, before anybody asks for it: parameters and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tower_anime.direct.plan import first_request
from tower_anime.domain.family import Family
from tower_anime.domain.generation import Generation
from tower_anime.domain.graph import Catalog
from tower_anime.domain.request import RenderRequest
from tower_anime.graph import build
from tower_anime.graph.own import Template
from tower_anime.pipeline import graphs
from tower_anime.pipeline.memory import Teacher, free_parameters, origins


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A first request by the rules. `origins` says of each parameter who decides it.

    `chance` is the expected share that passes (None without evidence), `unplaced` what the
    workflow has no place for.
    """

    request: RenderRequest
    family: Family
    origins: Mapping[str, str]
    chance: float | None
    unplaced: tuple[str, ...]


def preview(
    generation: Generation,
    *,
    template: Template,
    chosen: bool,
    catalog: Catalog,
    families: Mapping[str, str],
    teacher: Teacher,
    backend: str,
) -> Preview:
    """Return what a generation would begin with; raises what refuses it before it is drawn.

    `chosen`: the workflow was named (or a clip's was), so that its own values count. A language
    model may still add words to the prompt; its seed is another one.
    """
    checkpoint = graphs.checkpoint_of(generation, catalog)
    family = graphs.family_of(checkpoint, template, families)
    own = build.request_values(template) if chosen else {}
    brief = generation.brief
    brief = replace(brief, negative=brief.negative or str(own.get("negative") or ""))
    request = first_request(brief, family=family, checkpoint=checkpoint, workflow=own, seed=0)
    unplaced = build.unplaced(request, template)
    suggestion = teacher.suggestion(
        generation.id,
        request,
        family,
        free=free_parameters(brief, unplaced),
        offered=graphs.offered(catalog),
        backend=backend,
    )
    request = request.changed(**suggestion.values)
    graphs.check_fit(brief, request, template)
    return Preview(
        request=request,
        family=family,
        origins=origins(brief, own, suggestion),
        chance=suggestion.chance,
        unplaced=unplaced,
    )
