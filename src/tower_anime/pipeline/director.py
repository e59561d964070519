"""The creative director: a language model where one answers, the rules where none does.

A model's approval counts only if its reply is valid and the model saw the picture. Whatever goes
wrong is recorded, named in the notes, and leaves the decision to the profile's `review`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeVar

from tower_anime.direct import enhance
from tower_anime.direct import review as reviewing
from tower_anime.direct.reply import Parsed
from tower_anime.direct.roles import Cast, cast, cast_with_eyes
from tower_anime.direct.rules import unreviewed
from tower_anime.domain.attempt import Attempt
from tower_anime.domain.brief import Brief, DirectorChoice
from tower_anime.domain.conversation import (
    EXCHANGE,
    OPINION,
    Agreement,
    DirectionEvent,
    Message,
    Role,
    Schema,
)
from tower_anime.domain.direction import Enhancement
from tower_anime.domain.family import Family
from tower_anime.domain.generation import Direction
from tower_anime.domain.request import Kind
from tower_anime.errors import ChatFailed, Unreadable
from tower_anime.learn.agreement import agreements
from tower_anime.pipeline.converse import LEAST_S, Clock, Turn, converse
from tower_anime.ports import Chat, Media, Productions

T = TypeVar("T")

FAILURES_TO_OPEN = 3  # bad answers in a row, after which a provider is left alone for a while
OPEN_FOR_S = 60.0
_DEAD = ("deadline", "silent")  # one of these is enough: the next would only cost time again


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Limits in seconds: one question with its repair, and all of one generation."""

    question_s: float = 30.0
    generation_s: float = 55.0


@dataclass
class Breaker:
    """Remembers which providers fail, for all generations of the process."""

    clock: Clock = time.monotonic
    _failures: dict[str, int] = field(default_factory=dict)
    _until: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def rests(self, provider: str) -> bool:
        """Whether the provider is left alone at the moment."""
        with self._lock:
            return self.clock() < self._until.get(provider, float("-inf"))

    def report(self, provider: str, kind: str | None) -> None:
        """Take an outcome: the kind of a failure, None for a good answer."""
        with self._lock:
            failures = 0 if kind is None else self._failures.get(provider, 0) + 1
            if kind in _DEAD or failures >= FAILURES_TO_OPEN:
                self._until[provider] = self.clock() + OPEN_FOR_S
                failures = 0
            self._failures[provider] = failures


@dataclass(frozen=True, kw_only=True)
class Errand(Generic[T]):
    """A question to whoever answers. `read` raises `BadInput` for what the schema can't say.

    The exchange is recorded in the session; `generation_id` when it belongs to a generation.
    """

    role: Role
    session_id: str
    generation_id: str | None
    messages: Sequence[Message]
    schema: Schema
    read: Callable[[Parsed], T]


@dataclass(frozen=True)
class Heard(Generic[T]):
    """A model's usable answer. `source` is provider and model, `note` a fallback's."""

    value: T
    source: str
    note: str


@dataclass(frozen=True, kw_only=True)
class CreativeDirector:
    """`ports.Director` on the configured chats, in the order in which `auto` asks them.

    `moments` shows a clip as one JPEG, given its file and the longer side in pixels.
    """

    chats: Sequence[Chat]
    models: Mapping[Role, str]
    media: Media
    productions: Productions
    patience: Patience = Patience()
    breaker: Breaker = field(default_factory=Breaker)
    clock: Clock = time.monotonic
    moments: Callable[[Path, int], bytes] | None = None

    # ---- prompts --------------------------------------------------------------------------

    def prepare(self, brief: Brief, *, family: Family, generation_id: str) -> Enhancement:
        """Return the prompts as they are drawn, with a model's additions where one answers."""
        project, guide = self.productions.project_brief(brief.project)
        rules = enhance.by_rules(brief, family, project, guide)
        chats = self.chats_of(brief.director)
        if "prompt" in brief.locks or not chats:
            return rules
        errand = Errand(
            role=Role.PROMPT_ENHANCEMENT,
            session_id=generation_id,
            generation_id=generation_id,
            messages=enhance.messages(brief, family, project, guide),
            schema=enhance.SCHEMA,
            read=lambda parsed: enhance.by_model(
                parsed.value, rules=rules, brief=brief, family=family, project=project
            ),
        )
        events = self.productions.session(generation_id)
        heard, failures = self._ask_for_generation(chats, errand, events)
        if heard is None:
            return _noted(rules, *failures)
        return _noted(replace(heard.value, source=heard.source), heard.note, *failures)

    # ---- reviews --------------------------------------------------------------------------

    def _shown(self, brief: Brief, picture: Path) -> bytes:
        """Return what a model looks at: the still, or moments of the clip."""
        if brief.kind is Kind.CLIP and self.moments is not None:
            return self.moments(picture, reviewing.LONGEST_PX)
        return self.media.preview(picture, longest_px=reviewing.LONGEST_PX)

    def review(self, brief: Brief, attempt: Attempt, picture: Path, *, family: Family) -> Direction:
        """Ask a model with eyes about a result; `unreviewed` with the reasons where none can."""
        chats = self.chats_of(brief.director)
        if not chats:
            return unreviewed(brief, attempt)
        try:
            seen = self._shown(brief, picture)
        except Unreadable as error:
            return unreviewed(brief, attempt, because=f"the picture can't be shown: {error}")
        events = self.productions.session(attempt.generation_id)
        earlier = _failed_before(events)
        project, guide = self.productions.project_brief(brief.project)
        errand = Errand(
            role=Role.VISION_REVIEW,
            session_id=attempt.generation_id,
            generation_id=attempt.generation_id,
            messages=reviewing.messages(brief, attempt, seen, project, guide),
            schema=reviewing.SCHEMA,
            read=lambda parsed: reviewing.opinion_of(
                parsed, brief=brief, attempt=attempt, family=family
            ),
        )
        heard, failures = self._ask_for_generation(chats, errand, events)
        if heard is None:
            reasons = dict.fromkeys((*earlier, *failures))
            return unreviewed(brief, attempt, because="; ".join(reasons))
        return self._weighed(brief, attempt, heard, failures)

    def _weighed(
        self,
        brief: Brief,
        attempt: Attempt,
        heard: Heard[reviewing.Opinion],
        failures: Sequence[str],
    ) -> Direction:
        """Return the opinion as decision, unless the model has lost its vote."""
        opinion = heard.value
        data = {
            "source": heard.source,
            "role": Role.VISION_REVIEW.value,
            "attempt": attempt.number,
            "decision": opinion.decision.value,
        }
        generation_id = attempt.generation_id
        self.record(OPINION, data, session_id=generation_id, generation_id=generation_id)
        record = self.agreement(heard.source)
        if record and not record.votes:
            return unreviewed(
                brief,
                attempt,
                because=f"{heard.source} lost its vote: it {record.in_words()}; "
                f"it said {opinion.decision}: {opinion.comment}",
            )
        dropped = f"dropped: {'; '.join(opinion.dropped)}" if opinion.dropped else ""
        return Direction(
            source=heard.source,
            decision=opinion.decision,
            notes="; ".join(filter(None, (opinion.comment, dropped, heard.note, *failures))),
            attempt=attempt.number,
            issues=opinion.issues,
            scores=opinion.scores,
            wishes=opinion.wishes,
        )

    def agreement(self, source: str) -> Agreement | None:
        """Return how far a model's reviews agree with people; None without a case."""
        found = agreements(self.productions.opinions())
        return next((item for item in found if item.source == source), None)

    # ---- asking ---------------------------------------------------------------------------

    def chats_of(self, choice: DirectorChoice) -> tuple[Chat, ...]:
        """Return the chats that a choice stands for; none for rules and off."""
        return tuple(c for c in self.chats if choice in (DirectorChoice.AUTO, c.name))

    def ask(
        self, choice: DirectorChoice, errand: Errand[T]
    ) -> tuple[Heard[T] | None, tuple[str, ...]]:
        """Ask outside a generation, with the patience of one question; return what failed too."""
        ends_at = self.clock() + self.patience.question_s
        return self._ask(self.chats_of(choice), errand, ends_at)

    def _ask_for_generation(
        self, chats: Sequence[Chat], errand: Errand[T], events: Sequence[DirectionEvent]
    ) -> tuple[Heard[T] | None, tuple[str, ...]]:
        """Ask within what is left of the generation's time; `events` are its session's."""
        left_s = self.patience.generation_s - _spent_s(events)
        if left_s <= 0:
            return None, ("the director's time for this generation is used up",)
        return self._ask(chats, errand, self.clock() + min(left_s, self.patience.question_s))

    def _ask(
        self, chats: Sequence[Chat], errand: Errand[T], ends_at: float
    ) -> tuple[Heard[T] | None, tuple[str, ...]]:
        """Ask one chat after the other until one gives a usable answer."""
        failures = list[str]()
        for chat in chats:
            if self.breaker.rests(chat.name):
                failures.append(f"{chat.name}: left alone for a while after failures")
                continue
            heard, failure = self._ask_one(chat, errand, ends_at)
            if heard:
                return heard, tuple(failures)
            failures.append(failure)
        return None, tuple(failures)

    def _ask_one(
        self, chat: Chat, errand: Errand[T], ends_at: float
    ) -> tuple[Heard[T] | None, str]:
        """Return the answer of one chat, or why there is none."""
        began_at = self.clock()
        try:
            chosen = self._cast(chat, errand.role, ends_at)
        except ChatFailed as error:
            seconds = round(self.clock() - began_at, 4)
            turn = Turn(model="", seconds=seconds, failure=str(error), kind=error.kind)
            self._keep(chat, errand, (turn,), note="")
            return None, f"{chat.name}: {error}"
        cast_s = self.clock() - began_at
        answered = converse(
            chat,
            model=chosen.model,
            messages=errand.messages,
            schema=errand.schema,
            read=errand.read,
            ends_at=ends_at,
            clock=self.clock,
        )
        first, *others = answered.turns  # finding out who speaks is the director's time as well
        turns = (replace(first, seconds=round(first.seconds + cast_s, 4)), *others)
        self._keep(chat, errand, turns, note=chosen.note)
        source = f"{chat.name}:{answered.model}".rstrip(":")
        if answered.value is None:
            return None, f"{source}: {answered.failure}"
        return Heard(answered.value, source, chosen.note), ""

    def _cast(self, chat: Chat, role: Role, ends_at: float) -> Cast:
        """Return the model that speaks; `ChatFailed` when the server has none for the role."""

        def left_s() -> float:
            return max(LEAST_S, ends_at - self.clock())

        look_until = (self.clock() + ends_at) / 2  # the other half is for the question

        def sees(model: str) -> bool:
            if self.clock() > look_until:
                return False
            try:
                return chat.sees(model, deadline_s=left_s())
            except ChatFailed as error:
                if error.kind in _DEAD:
                    raise
                return False  # a server that does not know the model says so with an error

        try:
            offered = chat.models(deadline_s=left_s())
        except ChatFailed as error:
            if error.kind in _DEAD:
                raise
            offered = ()  # some servers have no list
        found = (
            cast_with_eyes(self.models, offered, sees)
            if role is Role.VISION_REVIEW
            else cast(role, self.models, offered)
        )
        if found is None:
            lack = "that can see pictures" if role is Role.VISION_REVIEW else "for this"
            raise ChatFailed(f"there is no model {lack}", kind="missing_model")
        return found

    # ---- records --------------------------------------------------------------------------

    def _keep(self, chat: Chat, errand: Errand[T], turns: Sequence[Turn], *, note: str) -> None:
        """Record each turn, and tell the breaker how it ended."""
        if turns[-1].kind != "missing_model":
            self.breaker.report(chat.name, turns[-1].kind)
        for turn in turns:
            data = {
                "provider": chat.name,
                "role": errand.role.value,
                **asdict(turn),
                "cast": note,
            }
            self.record(
                EXCHANGE, data, session_id=errand.session_id, generation_id=errand.generation_id
            )

    def record(
        self,
        kind: str,
        data: Mapping[str, object],
        *,
        session_id: str,
        generation_id: str | None = None,
    ) -> None:
        """Append to the session."""
        self.productions.add_direction_event(
            DirectionEvent(session_id=session_id, kind=kind, data=data, generation_id=generation_id)
        )


def _spent_s(events: Sequence[DirectionEvent]) -> float:
    return sum(float(e.data["seconds"]) for e in events if e.kind == EXCHANGE)


def _failed_before(events: Sequence[DirectionEvent]) -> tuple[str, ...]:
    """Return what failed when the prompts were prepared: `notes` must name it as well."""
    asked = [e.data for e in events if e.kind == EXCHANGE]
    answers = [data for data in asked if data["role"] == Role.PROMPT_ENHANCEMENT.value]
    if not answers or answers[-1]["failure"] is None:
        return ()
    source = f"{answers[-1]['provider']}:{answers[-1]['model']}".rstrip(":")
    return (f"{source}: {answers[-1]['failure']}",)


def _noted(enhancement: Enhancement, *notes: str) -> Enhancement:
    return replace(enhancement, notes="; ".join(filter(None, (enhancement.notes, *notes))))
