"""One contract for all servers of language models, and what is special of each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.contract.scripted_llm import (
    BLIND,
    EYES,
    BreaksOff,
    Disguised,
    Fails,
    Hangs,
    Said,
    ScriptedLlm,
    serving,
)
from tower_anime.adapters.echo_brain import EchoChat
from tower_anime.adapters.llm import OllamaChat, OpenAiChat
from tower_anime.domain.conversation import Message, Question
from tower_anime.errors import BadInput, ChatFailed
from tower_anime.ports import Chat

SCHEMA = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
TOKEN = "hush-hush"


@pytest.fixture
def server() -> Iterator[ScriptedLlm]:
    with serving(ScriptedLlm()) as script:
        yield script


def ollama(url: str) -> Chat:
    return OllamaChat(url, num_ctx=8192, token=TOKEN)


def openai(url: str) -> Chat:
    return OpenAiChat(url, token=TOKEN)


def echo(url: str) -> Chat:
    return EchoChat(url, token=TOKEN)


@pytest.fixture(params=[ollama, openai, echo], ids=["ollama", "openai", "echo"])
def chat(server: ScriptedLlm, request: pytest.FixtureRequest) -> Iterator[Chat]:
    opened: Chat = request.param(server.url)
    yield opened
    opened.close()


def question(text: str = "hello", deadline_s: float = 5.0, **changes: Any) -> Question:
    said = (Message(speaker="system", text="be brief"), Message(speaker="user", text=text))
    values: dict[str, Any] = {"model": "llava:13b", "messages": said, "schema": SCHEMA}
    return Question(**(values | {"deadline_s": deadline_s} | changes))


def failure(chat: Chat, asked: Question | None = None) -> ChatFailed:
    with pytest.raises(ChatFailed) as caught:
        chat.ask(asked or question())
    assert TOKEN not in str(caught.value)
    return caught.value


def test_words_arrive_as_they_were_said(server: ScriptedLlm, chat: Chat) -> None:
    server.say.append(Said('{"ä": "雨"}'))
    reply = chat.ask(question("画像を見て"))
    assert reply.text == '{"ä": "雨"}'
    assert reply.model
    assert not reply.truncated
    (asked,) = server.asked
    assert "画像を見て" in asked.text
    assert "be brief" in asked.text
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"


BAD = {
    "empty": (Said("  "), {"empty"}),
    "500": (Fails(500, "out of memory"), {"http"}),
    "503": (Fails(503, "server busy"), {"http"}),
    "404": (Fails(404, "model 'x' not found"), {"missing_model"}),
    "disguised": (Disguised("the runner died"), {"error_reply"}),
    "breaks off": (BreaksOff(), {"error_reply", "not_json", "cut_off"}),
}


@pytest.mark.parametrize("name", BAD)
def test_every_failure_has_its_kind(server: ScriptedLlm, chat: Chat, name: str) -> None:
    act, kinds = BAD[name]
    server.say.append(act)
    assert failure(chat).kind in kinds


@pytest.mark.parametrize("drip", [False, True], ids=["silent", "dripping"])
def test_the_deadline_holds_whatever_the_server_does(
    server: ScriptedLlm, chat: Chat, drip: bool
) -> None:
    server.say.append(Hangs(drip=drip))
    assert failure(chat, question(deadline_s=0.3)).kind == "deadline"


def test_a_server_that_is_not_there(chat: Chat) -> None:
    missing = type(chat)(
        "http://127.0.0.1:9", **({"num_ctx": 8192} if chat.name == "ollama" else {})
    )
    assert failure(missing).kind == "silent"
    with pytest.raises(ChatFailed):
        missing.models(deadline_s=1.0)
    missing.close()


def test_many_threads_share_one(server: ScriptedLlm, chat: Chat) -> None:
    server.otherwise = lambda asked: Said(asked.text)
    seen: list[bool] = []

    def ask(number: int) -> None:
        seen.append(f"number {number}!" in chat.ask(question(f"number {number}!")).text)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 8


@pytest.mark.parametrize("url", ["localhost:11434", "ftp://host", ""])
@pytest.mark.parametrize("make", [ollama, openai, echo])
def test_an_address_that_is_none(make: Callable[[str], Chat], url: str) -> None:
    with pytest.raises(BadInput, match="looks like http"):
        make(url)


# ---- Ollama -----------------------------------------------------------------------------


def test_ollama_gets_schema_context_and_no_stream(server: ScriptedLlm) -> None:
    chat = ollama(server.url)
    chat.ask(question())
    chat.close()
    body = server.asked[0].body
    assert body["format"] == SCHEMA
    assert body["stream"] is False
    assert body["think"] is False
    assert body["options"]["num_ctx"] == 8192
    assert body["options"]["temperature"] == 0


def test_ollama_notices_every_truncation(server: ScriptedLlm) -> None:
    chat = ollama(server.url)
    server.say += [Said("{}", cut=True), Said("{}", prompt_tokens=8192)]
    assert chat.ask(question()).truncated
    assert chat.ask(question()).truncated
    assert failure(chat, question("x" * 40_000)).kind == "too_long"
    chat.close()
    assert len(server.asked) == 2


def test_ollama_sends_pictures_as_plain_base64_and_knows_who_sees(server: ScriptedLlm) -> None:
    chat = ollama(server.url)
    assert chat.models(deadline_s=1.0) == ("llama3.1:8b", "llava:13b")
    assert [chat.sees(name, deadline_s=1.0) for name in server.models] == [False, True]
    with_picture = (Message(speaker="user", text="look", images=(b"\xff\xd8jpeg",)),)
    chat.ask(question(messages=with_picture))
    assert server.asked[0].body["messages"][0]["images"] == ["/9hqcGVn"]
    blind = failure(chat, question(messages=with_picture, model="llama3.1:8b"))
    chat.close()
    assert "does not support images" in str(blind)


def test_ollama_lets_go_of_its_memory_and_looks(server: ScriptedLlm) -> None:
    chat = ollama(server.url)
    chat.ask(question())
    assert server.loaded == {"llava:13b"}
    assert chat.release(deadline_s=2.0)
    assert server.loaded == set()
    chat.ask(question())
    server.sticky = True
    assert not chat.release(deadline_s=1.0)
    chat.close()


# ---- OpenAI -----------------------------------------------------------------------------


def test_openai_gets_the_schema_and_data_urls(server: ScriptedLlm) -> None:
    for url in (server.url, f"{server.url}/v1", f"{server.url}/v1/"):
        chat = openai(url)
        with_picture = (Message(speaker="user", text="look", images=(b"\xff\xd8jpeg",)),)
        server.say.append(Said("{}", cut=True))
        assert chat.ask(question(messages=with_picture)).truncated
        chat.close()
    asked = server.asked[-1]
    assert asked.schema == SCHEMA
    assert asked.images == 1
    parts = asked.body["messages"][0]["content"]
    assert parts[1]["image_url"]["url"] == "data:image/jpeg;base64,/9hqcGVn"


def test_openai_models_see_by_their_list_their_name_or_the_users_word(
    server: ScriptedLlm,
) -> None:
    server.models = {"a": BLIND, "b": EYES, "qwen2.5-vl-7b": BLIND, "mine": BLIND}
    chat = OpenAiChat(server.url, vision_models=("mine",))
    seeing = [name for name in server.models if chat.sees(name, deadline_s=1.0)]
    chat.close()
    assert seeing == ["b", "qwen2.5-vl-7b", "mine"]


# ---- Echo Brain -------------------------------------------------------------------------


def test_both_generations_of_echo_are_understood(server: ScriptedLlm) -> None:
    chat = echo(server.url)
    for old in (True, False):
        server.old_echo = old
        server.say.append(Said('{"a": 1}'))
        reply = chat.ask(question())
        assert (reply.text, reply.model) == ('{"a": 1}', "llama3.1:8b")
    chat.close()
    assert server.asked[0].body["context"] == {}
    assert server.asked[0].body["intelligence_level"] == "auto"
