"""What a director does outside generations: briefs, sessions, stories. For the command line."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from tower_anime.adapters.media import OpenCvMedia
from tower_anime.adapters.store.store import SqlStore
from tower_anime.compose import open_store
from tower_anime.direct import session as sessions
from tower_anime.direct import story as stories
from tower_anime.direct.enhance import NO_GUIDE
from tower_anime.direct.reply import Parsed
from tower_anime.direct.staging import parts_by_rules, takes_by_rules
from tower_anime.direct.story import Part
from tower_anime.directors import open_chats, open_director
from tower_anime.domain.brief import Brief, DirectorChoice, make_brief
from tower_anime.domain.conversation import OPENED, Agreement, DirectionEvent, Message, Role, Schema
from tower_anime.domain.direction import Enhancement
from tower_anime.domain.families import FAMILIES
from tower_anime.domain.generation import Generation
from tower_anime.domain.production import (
    CastMember,
    Episode,
    ProjectBrief,
    Scene,
    Shot,
    Story,
    StyleGuide,
)
from tower_anime.domain.script import project_named, story_of, story_view
from tower_anime.errands import leave_in_queue
from tower_anime.errors import BadInput, NotFound
from tower_anime.learn.agreement import agreements
from tower_anime.pipeline.director import CreativeDirector, Errand
from tower_anime.settings import Settings

T = TypeVar("T")

SAID = "said"
USUAL_FAMILY = "sdxl"  # where no checkpoint says which


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """One answer in a session. `failures` name the models that did not answer."""

    session_id: str
    source: str
    reply: str
    guide: StyleGuide
    failures: tuple[str, ...]


@contextmanager
def _at_work(settings: Settings) -> Iterator[tuple[SqlStore, CreativeDirector]]:
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(contextlib.closing(open_store(settings)))
        chats = open_chats(settings)
        for chat in chats:
            stack.callback(chat.close)
        yield store, open_director(settings, chats, media=OpenCvMedia(), productions=store)


def enhanced(settings: Settings, brief: Brief) -> Enhancement:
    """Return a prompt with what the director adds, for the usual family; draws nothing."""
    with _at_work(settings) as (_, at_work):
        family = FAMILIES[USUAL_FAMILY]
        return at_work.prepare(brief, family=family, generation_id=str(uuid.uuid4()))


# ---- briefs -------------------------------------------------------------------------------


def show_brief(settings: Settings, project: str) -> tuple[ProjectBrief, StyleGuide]:
    """Return a project's brief and style guide; `NotFound` for an unknown project."""
    with contextlib.closing(open_store(settings)) as store:
        store.project(project)
        return store.project_brief(project)


def change_brief(
    settings: Settings, project: str, changes: Mapping[str, Any], *, director: str
) -> tuple[ProjectBrief, StyleGuide, Spoken]:
    """Change the given fields of a project's brief and let the director make its style guide."""
    with _at_work(settings) as (store, at_work):
        before, guide = store.project_brief(project)
        brief = replace(before, **changes)
        store.save_project_brief(project, brief, guide)
        session_id = _open_session(store, project, "brief")
        spoken = _speak(
            at_work,
            _choice(director),
            session_id=session_id,
            project=project,
            text="Make the style guide of this project from its brief.",
        )
        return brief, spoken.guide, spoken


def read_brief(path: Path) -> Mapping[str, Any]:
    """Read the fields of a brief from a JSON file; `BadInput` names what is wrong."""
    value = _read_json(path)
    if not isinstance(value, dict):
        raise BadInput(f"{path} holds no JSON object")
    allowed = list(ProjectBrief.__dataclass_fields__)
    unknown = [key for key in value if key not in allowed]
    if unknown:
        raise BadInput(f"unknown field {unknown[0]!r}; allowed: {', '.join(allowed)}")
    checked = _checked(ProjectBrief, value, str(path))
    return {key: getattr(checked, key) for key in value}


def cast_member(text: str) -> CastMember:
    """Parse `NAME=LOOK`."""
    name, sep, look = text.partition("=")
    if not sep or not name.strip() or not look.strip():
        raise BadInput(f"a character looks like 'Aki=silver hair, red scarf', not {text!r}")
    return CastMember(name=name.strip(), look=look.strip())


# ---- sessions -----------------------------------------------------------------------------


def say(
    settings: Settings, text: str, *, session_id: str | None, project: str | None, director: str
) -> Spoken:
    """Say something in a session, or open one for a project."""
    if not text.strip():
        raise BadInput("there is nothing to say")
    with _at_work(settings) as (store, at_work):
        if session_id is None:
            opened = project or "Default"
            session_id = _open_session(store, opened, "session")
        else:
            opened = _project_of(store, session_id)
        return _speak(at_work, _choice(director), session_id=session_id, project=opened, text=text)


def all_sessions(settings: Settings) -> tuple[DirectionEvent, ...]:
    """Return the first event of each session, newest first."""
    with contextlib.closing(open_store(settings)) as store:
        return store.sessions()


def one_session(settings: Settings, session_id: str) -> tuple[DirectionEvent, ...]:
    """Return all events of a session, a generation's included; `NotFound` for an unknown id."""
    with contextlib.closing(open_store(settings)) as store:
        events = store.session(session_id)
    if not events:
        raise NotFound(f"there is no session {session_id}")
    return events


def agreement_with_people(settings: Settings) -> tuple[Agreement, ...]:
    """Return how far each model's reviews agree with what people decided later."""
    with contextlib.closing(open_store(settings)) as store:
        return agreements(store.opinions())


def _speak(
    director: CreativeDirector,
    choice: DirectorChoice,
    *,
    session_id: str,
    project: str,
    text: str,
) -> Spoken:
    productions = director.productions
    brief, guide = productions.project_brief(project)
    events = productions.session(session_id)
    before = [(e.data["asked"], e.data["replied"]) for e in events if e.kind == SAID]
    errand = Errand(
        role=Role.CREATIVE_DIRECTION,
        session_id=session_id,
        generation_id=None,
        messages=sessions.messages(text, project=brief, guide=guide, before=before),
        schema=sessions.SCHEMA,
        read=lambda parsed: sessions.answer_of(parsed, project=brief),
    )
    heard, failures = director.ask(choice, errand)
    answer = heard.value if heard else sessions.by_rules(brief)
    source = heard.source if heard else "rules"
    made = replace(answer.guide, source=source)
    productions.save_project_brief(project, brief, made)
    said = {"asked": text, "replied": answer.reply, "source": source, "guide": asdict(made)}
    director.record(SAID, said, session_id=session_id)
    return Spoken(
        session_id=session_id, source=source, reply=answer.reply, guide=made, failures=failures
    )


def _open_session(store: SqlStore, project: str, kind: str) -> str:
    session_id = str(uuid.uuid4())
    store.project(project, create=True)
    data = {"project": project, "about": kind}
    store.add_direction_event(DirectionEvent(session_id=session_id, kind=OPENED, data=data))
    return session_id


def _project_of(store: SqlStore, session_id: str) -> str:
    opened = next((e for e in store.session(session_id) if e.kind == OPENED), None)
    if opened is None:
        raise NotFound(f"there is no session {session_id}")
    return str(opened.data["project"])


# ---- stories ------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Measure:
    """How much of a story to make."""

    episodes: int = 1
    scenes: int = 3
    shots: int = 4

    def check(self) -> None:
        """Raise `BadInput` for what no story needs."""
        for name, most in (
            ("episodes", stories.MOST_EPISODES),
            ("scenes", stories.MOST_SCENES),
            ("shots", stories.MOST_SHOTS),
        ):
            if not 1 <= getattr(self, name) <= most:
                raise BadInput(f"{name} must be 1 to {most}, not {getattr(self, name)}")


def show_story(settings: Settings, project: str) -> Story:
    """Return a project's story; `NotFound` for an unknown project."""
    with contextlib.closing(open_store(settings)) as store:
        return store.story(project)


def develop_story(
    settings: Settings,
    project: str,
    *,
    logline: str | None,
    measure: Measure,
    director: str,
    replace_old: bool,
) -> tuple[Story, tuple[str, ...]]:
    """Make episodes, scenes and shots from a logline and keep them; return what failed as well."""
    measure.check()
    with _at_work(settings) as (store, at_work):
        store.project(project, create=True)
        brief, guide = store.project_brief(project)
        if logline:
            brief = replace(brief, logline=logline)
            store.save_project_brief(project, brief, guide)
        if not brief.logline:
            raise BadInput("a story starts from a logline; give it as `logline`")
        old = store.story(project)
        if old.episodes and not replace_old:
            raise BadInput(f"{project} has a story already; `replace` makes a new one")
        if guide.source == NO_GUIDE.source:
            guide = sessions.by_rules(brief).guide
        session_id = _open_session(store, project, "story")
        writer = _Writer(at_work, _choice(director), session_id, brief, guide)
        story = writer.write(old, measure)
        store.save_story(story)
        return store.story(project), tuple(dict.fromkeys(writer.failures))


class _Writer:
    """Writes one level after the other; a level that no model answers is made by rules."""

    def __init__(
        self,
        director: CreativeDirector,
        choice: DirectorChoice,
        session_id: str,
        brief: ProjectBrief,
        guide: StyleGuide,
    ) -> None:
        self._director = director
        self._choice = choice
        self._session_id = session_id
        self._brief = brief
        self._guide = guide
        self._scenes_done = 0
        self.failures: list[str] = []

    def write(self, old: Story, measure: Measure) -> Story:
        project_id, logline = old.project.id, self._brief.logline
        episodes, scenes, shots = list[Episode](), list[Scene](), list[Shot]()
        told = {"logline": logline}
        for number, part in enumerate(self._parts("episodes", measure.episodes, told, logline), 1):
            episode = Episode(
                id=_new_id(),
                project_id=project_id,
                season=1,
                number=number,
                title=part.title,
                synopsis=part.text,
            )
            episodes.append(episode)
            told_here = {**told, "episode": {"title": part.title, "synopsis": part.text}}
            found = self._parts("scenes", measure.scenes, told_here, part.text)
            for place, beat in enumerate(found, 1):
                scene = Scene(
                    id=_new_id(),
                    project_id=project_id,
                    episode_id=episode.id,
                    number=place,
                    title=beat.title,
                    description=beat.text,
                )
                scenes.append(scene)
                shots += self._shots(scene, measure.shots, told_here)
        return replace(old, episodes=tuple(episodes), scenes=tuple(scenes), shots=tuple(shots))

    def _parts(
        self, level: str, number: int, told: Mapping[str, Any], subject: str
    ) -> tuple[Part, ...]:
        found = self._ask(
            self._messages(level, number, told),
            stories.parts_schema(number),
            lambda parsed: stories.parts_of(parsed, number=number),
        )
        return found or parts_by_rules(level, number, subject=subject)

    def _shots(self, scene: Scene, number: int, told: Mapping[str, Any]) -> list[Shot]:
        here = {**told, "scene": {"title": scene.title, "description": scene.description}}
        self._scenes_done += 1
        found = self._ask(
            self._messages("shots", number, here),
            stories.takes_schema(number),
            lambda parsed: stories.takes_of(parsed, number=number),
        ) or takes_by_rules(
            number,
            scene=Part(title=scene.title, text=scene.description),
            project=self._brief,
            guide=self._guide,
            nth=self._scenes_done - 1,
        )
        return [
            Shot(
                id=_new_id(),
                scene_id=scene.id,
                number=place,
                prompt=take.prompt,
                duration_s=take.duration_s,
            )
            for place, take in enumerate(found, 1)
        ]

    def _messages(self, level: str, number: int, told: Mapping[str, Any]) -> tuple[Message, ...]:
        return stories.messages(level, number, told=told, project=self._brief, guide=self._guide)

    def _ask(
        self, messages: Sequence[Message], schema: Schema, read: Callable[[Parsed], T]
    ) -> T | None:
        errand = Errand(
            role=Role.STORY_DEVELOPMENT,
            session_id=self._session_id,
            generation_id=None,
            messages=messages,
            schema=schema,
            read=read,
        )
        heard, failures = self._director.ask(self._choice, errand)
        self.failures += failures
        return heard.value if heard else None


def import_story(settings: Settings, path: Path) -> Story:
    """Make a project's story what an edited export says; ids that stay keep their rows."""
    value = _read_json(path)
    with contextlib.closing(open_store(settings)) as store:
        name = project_named(value)
        store.project(name, create=True)
        story = story_of(value, store.story(name), new_id=_new_id)
        store.save_story(story)
        return store.story(name)


def export_story(story: Story, path: Path) -> None:
    """Write a story as JSON that `import_story` reads."""
    text = json.dumps(story_view(story), ensure_ascii=False, indent=2)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path} can't be written: {error.strerror}") from error


def queue_scene(
    settings: Settings, project: str, place: str, *, director: str
) -> tuple[Generation, ...]:
    """Leave the shots of a scene (`2.3`: episode 2, scene 3) for a running `serve`."""
    story = show_story(settings, project)
    scene = _scene_at(story, place)
    shots = story.shots_of(scene)
    if not shots:
        raise BadInput(f"scene {place} of {project} has no shots")
    briefs = [
        make_brief(prompt=shot.prompt, project=project, director=_choice(director))
        for shot in shots
    ]
    return leave_in_queue(settings, briefs, shot_ids=[shot.id for shot in shots])


def _scene_at(story: Story, place: str) -> Scene:
    numbers = place.split(".")
    if not 2 <= len(numbers) <= 3 or not all(part.isdecimal() for part in numbers):
        raise BadInput(f"a scene looks like 2.3 (episode.scene) or 1.2.3, not {place!r}")
    season, episode, number = (1, *map(int, numbers))[-3:]
    scene = story.scene(season, episode, number)
    if scene is None:
        raise NotFound(f"{story.project.name} has no scene {place}")
    return scene


# ---- small parts --------------------------------------------------------------------------


def _choice(director: str) -> DirectorChoice:
    try:
        return DirectorChoice(director)
    except ValueError:
        allowed = ", ".join(DirectorChoice)
        raise BadInput(f"director must be one of {allowed}, not {director!r}") from None


def _new_id() -> str:
    return str(uuid.uuid4())


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BadInput(f"{path} can't be read: {error}") from error


def _checked(kind: type[T], value: Any, what: str) -> T:
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{what}: {where}: {first['msg']}") from error
