"""The command line as a person and a script meet it: a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.flow.rig import png
from tower_anime.cli import main
from tower_anime.terminal import ctrl_c


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def environment(home: Path, **extra: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TOWER_")}
    return {**kept, "HOME": str(home), "TOWER_DATA_DIR": str(home / "data"), **extra}


def tower(home: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tower_anime", *arguments],
        cwd=home,
        env=environment(home, **extra),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def objects(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.timeout(300)  # six processes, one after the other
def test_rejected_corrected_approved_published_and_seen_by_the_other_commands(home: Path) -> None:
    made = tower(
        home, "generate", "1girl, rainy neon street, umbrella", "--set", "steps=4", "--json"
    )
    assert made.returncode == 0, made.stderr
    (seen,) = objects(made)
    assert seen["status"] == "approved"
    assert seen["backend"] == "sandbox"
    assert "sandbox" in made.stderr
    first, *_, last = seen["attempts"]
    assert first["request"]["steps"] == 4
    assert first["assessment"]["verdict"] == "reject"
    assert first["assessment"]["defects"]
    assert last["corrections"][0]["change"]["steps"] == [4, 28]
    assert last["assessment"]["score"] >= last["assessment"]["threshold"]
    assert seen["sampler_steps_total"] == sum(a["sampler_steps"] for a in seen["attempts"]) >= 32
    assert Path(seen["published"]).read_bytes() == Path(seen["artifact"]).read_bytes()
    assert "Sandbox" in seen["published"]

    files = first["artifact"], seen["published"]
    judged = tower(home, "assess", *files, "--prompt", seen["prompt"], "--json")
    assert judged.returncode == 1
    bad, good = objects(judged)
    assert (bad["verdict"], good["verdict"]) == ("reject", "pass")
    assert bad["score"] == first["assessment"]["score"]
    listed = tower(home, "list")
    assert seen["generation_id"] in listed.stdout
    shown = tower(home, "show", seen["generation_id"])
    assert "steps 4 → 28" in shown.stdout
    again = tower(home, "publish", seen["generation_id"])
    assert again.returncode == 0
    assert len(list((home / "data" / "library").rglob("*.png"))) == 1


def test_locked_steps_end_rejected_with_the_best_kept(home: Path) -> None:
    done = tower(
        home,
        "generate",
        "1girl",
        "--set",
        "steps=4",
        "--lock",
        "steps",
        "--max-attempts",
        "2",
        "--json",
    )
    assert done.returncode == 1
    (seen,) = objects(done)
    assert seen["status"] == "rejected"
    assert {attempt["request"]["steps"] for attempt in seen["attempts"]} == {4}
    assert Path(seen["artifact"]).is_file()
    assert seen["published"] is None


USAGE = [
    (("generate", "1girl", "--set", "step=3"), "allowed: steps"),
    (("generate", "1girl", "--set", "steps"), "key=value"),
    (("generate", "1girl", "--set", "steps=-1"), "from 1 to 1000"),
    (("generate", "1girl", "--size", "0x0"), "from 16 to 16384"),
    (("generate", "1girl", "--size", "100000x100000"), "from 16 to 16384"),
    (("generate", ""), "the prompt is empty"),
    (("generate", "x" * 100_000), "at most 20,000"),
    (("generate", "1girl", "--profile", "nope"), "there are:"),
    (("generate", "1girl", "--workflow", "nope.json"), "can't be read"),
    (("generate", "1girl", "--workflow", "ui.json"), "no nodes"),
    (("generate", "1girl", "--workflow", "text.json"), "text.json"),
    (("assess", "--manifest", "text.json"), "no JSON"),
    (("assess", "a.png", "--profile", "nope"), "there are:"),
    (("list", "--status", "nope"), "there are:"),
    (("sandbox", "--faults", "nope"), "oom"),
    (("serve", "--host", "0.0.0.0"), "TOWER_API_TOKEN"),
]


@pytest.mark.parametrize(("arguments", "words"), USAGE, ids=[" ".join(u[0])[:40] for u in USAGE])
def test_wrong_usage_says_what_is_allowed(
    home: Path, arguments: tuple[str, ...], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "ui.json").write_text('{"nodes": [], "links": [], "version": 0.4}')
    (home / "text.json").write_text("not json")
    monkeypatch.chdir(home)
    done = CliRunner().invoke(main, arguments, env=environment(home))
    assert done.exit_code == 2
    assert words in done.stderr
    assert done.stdout == ""
    assert len(done.stderr) < 2000


def test_a_server_that_is_not_there(home: Path) -> None:
    done = tower(home, "generate", "1girl", "--comfy", "http://127.0.0.1:9", "--json")
    assert done.returncode == 1
    (seen,) = objects(done)
    assert seen["status"] == "failed"
    assert seen["error"]["class"] == "server_down"
    assert "http://127.0.0.1:9" in seen["error"]["message"]


def test_what_the_server_does_not_have(home: Path) -> None:
    done = tower(home, "generate", "1girl", "--set", "checkpoint=nope", "--json")
    assert done.returncode == 1
    (seen,) = objects(done)
    assert seen["error"]["class"] == "missing_model"
    assert "sandbox_anime_xl.safetensors" in seen["error"]["message"]


def test_a_library_that_cannot_be_written_leaves_the_approval(home: Path) -> None:
    blocked = home / "blocked"
    blocked.write_text("a file where a folder should be")
    done = tower(home, "generate", "1girl", "--json", TOWER_LIBRARY_DIR=str(blocked / "library"))
    assert done.returncode == 1
    (seen,) = objects(done)
    assert seen["status"] == "approved"
    assert seen["publication"]["state"] == "pending"
    assert seen["publication"]["reason"]
    later = tower(home, "publish", seen["generation_id"])
    assert later.returncode == 0, later.stderr
    assert len(list((home / "data" / "library").rglob("*.png"))) == 1


def test_a_data_folder_that_cannot_be_written(home: Path) -> None:
    blocked = home / "blocked"
    blocked.write_text("")
    done = tower(home, "generate", "1girl", TOWER_DATA_DIR=str(blocked / "data"))
    assert done.returncode == 1
    assert "TOWER_DATA_DIR" in done.stderr


def test_ctrl_c_cancels_and_leaves_nothing_half_written(home: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tower_anime", "generate", "1girl", "--count", "30", "--no-publish"],
        cwd=home,
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        wait_for(lambda: any((home / "data" / "artifacts").rglob("*.png")))
        os.killpg(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "cancelled" in stderr
    assert "Traceback" not in stderr
    statuses = {item["status"] for item in objects(tower(home, "list", "--limit", "50", "--json"))}
    assert statuses <= {"approved", "cancelled"}
    assert "cancelled" in statuses
    assert not list((home / "data").rglob(".incoming-*"))


def test_ctrl_c_counts_where_its_exception_is_lost() -> None:
    with ctrl_c() as asked:
        asked.check()
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            asked.check()


def wait_for(condition: Any, limit_s: float = 60.0) -> None:
    deadline_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.05)


def test_assess_answers_for_each_file_in_order(home: Path) -> None:
    (home / "pictures").mkdir()
    (home / "pictures" / "b.png").write_bytes(png(1, good=True))
    (home / "pictures" / "a.png").write_bytes(png(2, good=False))
    (home / "cut.png").write_bytes(png(1, good=True)[:3000])
    (home / "text.png").write_text("this is no picture")
    (home / "list.jsonl").write_text('{"path": "cut.png"}\n\n{"path": "text.png", "prompt": "x"}\n')
    done = tower(home, "assess", "pictures", "--manifest", "list.jsonl", "--json")
    assert done.returncode == 2
    found = objects(done)
    assert [item["path"] for item in found] == [
        "pictures/a.png",
        "pictures/b.png",
        "cut.png",
        "text.png",
    ]
    assert [item["verdict"] for item in found] == ["reject", "pass", "unmeasured", "unmeasured"]
    for item in found[2:]:
        assert item["score"] is None
        assert item["error"]["type"]
        assert item["error"]["message"]


def test_prompts_from_a_file(home: Path) -> None:
    lines = ["1girl, sea", json.dumps({"prompt": "1boy, hill", "seed": 3, "set": {"steps": 30}})]
    (home / "prompts.txt").write_text("\n".join(lines) + "\n\n")
    done = tower(
        home, "generate", "--prompts", "prompts.txt", "--no-publish", "--set", "cfg=5", "--json"
    )
    assert done.returncode == 0, done.stderr
    first, second = objects(done)
    assert first["prompt"] == "1girl, sea"
    assert second["attempts"][0]["request"]["seed"] == 3
    assert (second["attempts"][0]["request"]["steps"], second["attempts"][0]["request"]["cfg"]) == (
        30,
        5.0,
    )
    assert first["published"] is None


def test_the_demo_approves_and_publishes(home: Path) -> None:
    done = tower(home, "demo")
    assert done.returncode == 0, done.stderr
    assert "3 of 3 approved" in done.stdout
    assert "reject" in done.stdout
    assert "steps 6 → 28" in done.stdout
    assert "http://127.0.0.1:44451/ui/" in done.stdout
    assert len(list((home / "data" / "library").rglob("*.png"))) == 3


def test_doctor_says_what_is_there(home: Path) -> None:
    done = tower(home, "doctor", "--json")
    assert done.returncode == 0
    assert {item["name"] for item in objects(done)} >= {
        "version",
        "data folder",
        "database",
        "ComfyUI",
    }
    silent = tower(home, "doctor", TOWER_COMFY_URLS="http://127.0.0.1:9")
    assert silent.returncode == 1
    assert "does not answer" in silent.stdout


def test_help_and_version(home: Path) -> None:
    assert "tower-anime generate" in tower(home, "--help").stdout
    assert tower(home, "--version").stdout.startswith("tower-anime")
    assert not (home / "data").exists()


def test_the_database_is_upgraded_before_first_use(home: Path) -> None:
    assert "applied" in tower(home, "db", "upgrade").stdout
    assert "up to date" in tower(home, "db", "upgrade").stdout


def test_profiles_are_listed_shown_and_read_from_files(home: Path) -> None:
    picture = home / "one.png"
    picture.write_bytes(png(3, good=True))
    (home / "profiles").mkdir()
    (home / "profiles" / "mine.toml").write_text("threshold = 0.01\nversion = 2\n")
    listed = tower(home, "profiles", "--json")
    assert listed.returncode == 0, listed.stderr
    assert [item["name"] for item in objects(listed)] == [
        "still",
        "poster",
        "draft",
        "clip",
        "mine",
    ]
    for name in ("mine", "profiles/mine.toml"):
        (seen,) = objects(tower(home, "assess", "one.png", "--profile", name, "--json"))
        assert (seen["profile"], seen["threshold"]) == ("mine 2", 0.01)
    shown = tower(home, "profiles", "mine")
    (home / "copy.toml").write_text(shown.stdout)
    (seen,) = objects(tower(home, "assess", "one.png", "--profile", "copy.toml", "--json"))
    assert (seen["profile"], seen["threshold"]) == ("mine 2", 0.01)
    (home / "profiles" / "bad.toml").write_text("tresh = 1")
    listed = tower(home, "profiles")
    assert listed.returncode == 1
    assert "nearest: threshold" in listed.stderr
    refused = tower(home, "assess", "one.png", "--profile", "bad")
    assert refused.returncode == 2
    assert "nearest: threshold" in refused.stderr
