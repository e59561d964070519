"""One question to a model: ask, check, ask once more quoting what was wrong. Written once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tower_anime.direct.reply import Parsed, parse_reply, repair_messages
from tower_anime.domain.conversation import Message, Question, Reply, Schema
from tower_anime.errors import BadInput, ChatFailed
from tower_anime.ports import Chat

T = TypeVar("T")
Clock = Callable[[], float]

TURNS = 2  # the question and one repair; more of the same rarely helps
LEAST_S = 0.05  # less than this is no time to ask anything


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One exchange, for the record. `failure` is None for an answer that was used."""

    model: str
    seconds: float
    failure: str | None
    kind: str | None = None
    text: str = ""
    prompt_tokens: int | None = None
    answer_tokens: int | None = None


@dataclass(frozen=True, kw_only=True)
class Answered(Generic[T]):
    """What a conversation came to. `value` None: it failed, and the last turn says why."""

    value: T | None
    model: str
    turns: tuple[Turn, ...]

    @property
    def failure(self) -> str:
        """Say why there is no value."""
        return next((turn.failure for turn in reversed(self.turns) if turn.failure), "no answer")

    @property
    def kind(self) -> str | None:
        """Return the kind of the last failure."""
        return self.turns[-1].kind if self.turns else None


def converse(
    chat: Chat,
    *,
    model: str,
    messages: Sequence[Message],
    schema: Schema,
    read: Callable[[Parsed], T],
    ends_at: float,
    clock: Clock = time.monotonic,
) -> Answered[T]:
    """Ask until there is a value, at most `TURNS` times and not beyond `ends_at` (of `clock`).

    `read` makes the value and raises `BadInput` for what the schema can't say.
    """
    asked, turns = tuple(messages), list[Turn]()
    for _ in range(TURNS):
        began_at = clock()
        reply, problem, kind = None, None, None
        value: T | None = None
        try:
            reply = chat.ask(_question(model, asked, schema, ends_at - began_at))
            value = _read(reply, schema, read)
        except ChatFailed as error:
            problem, kind = str(error), error.kind
        except BadInput as error:
            problem, kind = str(error), "invalid"
        turns.append(_turn(reply, model, clock() - began_at, problem, kind))
        if problem is None or reply is None:
            break
        asked = (*messages, *repair_messages(reply.text, problem))
    return Answered(value=value, model=turns[-1].model, turns=tuple(turns))


def _question(model: str, messages: tuple[Message, ...], schema: Schema, left_s: float) -> Question:
    if left_s < LEAST_S:
        raise ChatFailed("no time is left for a question", kind="deadline")
    return Question(model=model, messages=messages, schema=schema, deadline_s=left_s)


def _read(reply: Reply, schema: Schema, read: Callable[[Parsed], T]) -> T:
    if reply.truncated:
        raise BadInput("it was cut off at the limit of tokens; answer more briefly")
    return read(parse_reply(reply.text, schema))


def _turn(
    reply: Reply | None, model: str, seconds: float, problem: str | None, kind: str | None
) -> Turn:
    return Turn(
        model=reply.model if reply else model,
        seconds=round(seconds, 4),
        failure=problem,
        kind=kind,
        text=reply.text[:4000] if reply else "",
        prompt_tokens=reply.prompt_tokens if reply else None,
        answer_tokens=reply.answer_tokens if reply else None,
    )
