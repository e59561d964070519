"""`serve` and several `generate` on one data folder, stopped and killed."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.command import DRAFT, Commands, kill_group, objects
from tests.flow.process import posts, sandbox_process, until
from tower_anime.domain.attempt import AttemptState
from tower_anime.domain.generation import GenerationStatus, PublicationState

SLOW = ("--seconds-per-step", "0.5")
"""A render of 28 steps takes 14 s: it is in flight whatever happens."""


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    started = Commands(tmp_path)
    yield started
    started.close()


def ended(commands: Commands) -> bool:
    histories = commands.histories()
    return bool(histories) and all(h.generation.status.over for h in histories)


def in_flight(commands: Commands) -> bool:
    return any(
        attempt.state is AttemptState.SUBMITTED
        for history in commands.histories()
        for attempt in history.attempts
    )


def check_each_once(commands: Commands, count: int) -> None:
    histories = commands.histories()
    assert [h.generation.status for h in histories] == [GenerationStatus.APPROVED] * count
    until(lambda: all(h.publication for h in commands.histories()))
    assert len(commands.published()) == count
    for history in histories:
        numbers = [attempt.number for attempt in history.attempts]
        assert numbers == list(range(1, len(numbers) + 1))


def test_detached_work_is_taken_up_by_the_running_server(commands: Commands) -> None:
    with commands.serving():
        done = commands.run("generate", "1girl", *DRAFT, "--detach", "--json")
        assert done.returncode == 0, done.stderr
        left_s = time.monotonic()
        until(lambda: bool(commands.histories()[0].attempts))
        print(f"taken up after {time.monotonic() - left_s:.1f} s")
        until(lambda: ended(commands))
        check_each_once(commands, 1)


@pytest.mark.slow
def test_a_killed_groups_work_is_taken_over_though_its_sandbox_died_too(
    commands: Commands,
) -> None:
    with commands.serving() as serve:
        killed = commands.start("generate", "1girl", "1boy", *DRAFT, "--count", "4")
        until(lambda: in_flight(commands))
        kill_group(killed)
        assert serve.poll() is None
        until(lambda: len(commands.histories()) > 0 and ended(commands))
    check_each_once(commands, len(commands.histories()))


@pytest.mark.slow
def test_everybody_does_their_own(commands: Commands) -> None:
    with commands.serving():
        first = commands.start("generate", "1girl", *DRAFT, "--count", "5", "--json")
        second = commands.start("generate", "1boy", *DRAFT, "--count", "5", "--json")
        servers = []
        for process in (first, second):
            stdout, stderr = process.communicate(timeout=100)
            assert process.returncode == 0, stderr
            attempts = [a for seen in objects(stdout) for a in seen["attempts"]]
            assert len({attempt["prompt_id"] for attempt in attempts}) == len(attempts)
        for prompt in ("1girl", "1boy"):
            used = {
                attempt.server
                for history in commands.histories()
                if history.generation.brief.prompt == prompt
                for attempt in history.attempts
            }
            assert len(used) == 1  # the sandbox of the process that was asked
            servers.extend(used)
    assert len(set(servers)) == 2
    check_each_once(commands, 10)


@pytest.mark.slow
def test_a_library_that_comes_back_gets_its_files(commands: Commands, tmp_path: Path) -> None:
    library = commands.data / "library"
    commands.data.mkdir()
    library.write_text("no folder")
    with commands.serving():
        done = commands.run("generate", "1girl", *DRAFT, "--json")
        assert done.returncode == 1
        (seen,) = objects(done.stdout)
        assert seen["publication"]["state"] == "pending"
        library.unlink()
        until(
            lambda: (
                commands.histories()[0].publication.state  # type: ignore[union-attr]
                is PublicationState.VERIFIED
            )
        )
    check_each_once(commands, 1)


def stop(process: subprocess.Popen[str]) -> tuple[str, float]:
    started_s = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=90)
    return stderr, time.monotonic() - started_s


@pytest.mark.slow
def test_sigterm_leaves_a_render_in_flight_to_the_next_start(
    commands: Commands, tmp_path: Path
) -> None:
    with sandbox_process(tmp_path / "sandbox", *SLOW) as server:
        there = ("--comfy", server)
        generate = commands.start("generate", "1girl", *DRAFT, *there)
        until(lambda: posts_or_running(commands))
        stderr, seconds = stop(generate)
        assert generate.returncode == 128 + signal.SIGTERM
        assert "goes on" in stderr
        assert "Traceback" not in stderr
        assert seconds < 60  # bounded, not fast: the render takes its time elsewhere
        with commands.serving(*there) as serve:
            until(lambda: ended(commands))
            check_each_once(commands, 1)
            _, seconds = stop(serve)
            assert serve.returncode == 0
        assert posts(server) == sum(len(h.attempts) for h in commands.histories())


def posts_or_running(commands: Commands) -> bool:
    return (commands.data / "tower.sqlite").exists() and in_flight(commands)


@pytest.mark.slow
def test_a_copy_is_restored_by_command(commands: Commands, tmp_path: Path) -> None:
    copy = str(tmp_path / "copy.sqlite")
    assert commands.run("generate", "1girl", *DRAFT).returncode == 0
    with commands.serving():
        assert commands.run("db", "backup", copy).returncode == 0
        refused = commands.run("db", "restore", copy)
        assert refused.returncode == 1
        assert "stop them first" in refused.stderr
    for path in commands.data.glob("*.sqlite*"):
        path.unlink()
    done = commands.run("db", "restore", copy)
    assert done.returncode == 0, done.stderr
    with commands.serving():
        check_each_once(commands, 1)
    (seen,) = objects(commands.run("list", "--json").stdout)
    assert seen["status"] == "approved"
