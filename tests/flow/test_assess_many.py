"""`assess` as people use it: many files, a report, heat maps, judging anew."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import tower_anime
from tests import drawn
from tests.flow.rig import encoded, png
from tests.flow.test_cli import objects, tower
from tower_anime import BadInput, Verdict, assess_file, crew, pictures, terminal_pictures
from tower_anime.inspection import Showing, Wanted, profiles_of
from tower_anime.settings import Settings

_HOLDS = """
import fcntl, sys, time
lock = open(sys.argv[1], "rb")
fcntl.flock(lock, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""

NIGHT = drawn.noisy(drawn.drawn("night", seed=2, size=512), sigma=40)


@pytest.fixture
def art(tmp_path: Path) -> Path:
    folder = tmp_path / "art"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.png").write_bytes(png(number + 1, good=True))
    (folder / "3 <!--<script>.png").write_bytes(encoded(NIGHT))
    (folder / "4.png").write_bytes(png(1, good=True)[:9000])
    return folder


def test_processes_give_the_same_in_the_same_order(tmp_path: Path, art: Path) -> None:
    alone = tower(tmp_path, "assess", str(art), "--jobs", "1", "--json")
    together = tower(tmp_path, "assess", str(art), "--jobs", "2", "--json")
    assert alone.returncode == together.returncode == 2
    first, second = (objects(done) for done in (alone, together))
    for item in (*first, *second):
        del item["seconds"]
    assert first == second
    assert [Path(item["path"]).name[0] for item in first] == ["0", "1", "2", "3", "4"]
    assert alone.stderr == together.stderr == ""


def test_a_hang_costs_one_file(art: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [Wanted(path=path, prompt=None, profile=None) for path in sorted(art.iterdir())]
    profiles = profiles_of(Settings(), files)
    monkeypatch.setattr(crew, "_patience_s", lambda path: 0.0 if path.name[0] == "1" else 60.0)
    found = list(crew.look_at_all(files, profiles, jobs=2, showing=Showing()))
    assert [look.path.name[0] for look in found] == ["0", "1", "2", "3", "4"]
    late = found[1].assessment
    assert late.error is not None
    assert late.error.type == "timeout"
    assert found[2].assessment.verdict is Verdict.PASS


def test_a_dead_process_costs_the_file_it_worked_on(art: Path) -> None:
    worker = crew._Worker(crew._portable(profiles_of(Settings(), [])), Showing(), art)
    first, second = (Wanted(path=art / f"{n}.png", prompt=None, profile=None) for n in range(2))
    assert worker.takes((0, first))
    worker.give((0, first))
    assert worker.takes((1, second))
    assert not worker.takes((1, Wanted(path=Path("a.mp4"), prompt=None, profile=None)))
    assert not worker.takes((1, Wanted(path=Path("a.png"), prompt="x" * 99_999, profile=None)))
    assert worker.process is not None
    assert worker.process.pid is not None
    os.kill(worker.process.pid, signal.SIGKILL)
    worker.process.join()
    worker.give((1, second))
    assert crew._ready([worker]) == [worker]
    answer = worker.take()
    assert isinstance(answer, tuple)
    assert answer[0] == "crashed"
    assert worker.process is None
    assert list(worker.tasks) == [(1, second)]


def test_what_a_dead_process_had_in_hand_is_done_by_others(
    art: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [Wanted(path=path, prompt=None, profile=None) for path in sorted(art.iterdir())]
    give = crew._Worker.give
    killed: list[crew.Task] = []

    def deadly(self: crew._Worker, task: crew.Task) -> None:
        give(self, task)
        if len(self.tasks) > 1 and not killed and self.process and self.process.pid:
            killed.append(task)
            os.kill(self.process.pid, signal.SIGKILL)

    monkeypatch.setattr(crew._Worker, "give", deadly)
    profiles = profiles_of(Settings(), files)
    found = list(crew.look_at_all(files, profiles, jobs=2, showing=Showing()))
    assert killed
    assert [look.path.name[0] for look in found] == ["0", "1", "2", "3", "4"]
    errors = [look.assessment.error.type for look in found if look.assessment.error]
    assert sorted(errors) == ["crashed", "truncated"]


def test_large_pictures_take_turns_and_a_dead_process_gives_its_turn_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "LARGE_PIXELS", 512 * 512)
    monkeypatch.setattr(crew, "_TURN_S", 5.0)
    large, small = tmp_path / "large.png", tmp_path / "small.png"
    large.write_bytes(encoded(drawn.drawn("cel", size=512)))
    small.write_bytes(encoded(drawn.drawn("cel", size=256)))
    turn = tmp_path / "turn"
    turn.touch()
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDS, str(turn)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    order = []
    with crew._turn_for(small, turn):
        order.append("small")
    threading.Timer(0.2, lambda: (order.append("died"), holder.kill())).start()
    with crew._turn_for(large, turn):
        order.append("large")
    holder.wait()
    holder.stdout.close()
    assert order == ["small", "died", "large"]


def test_the_report_is_one_file_that_holds_everything(tmp_path: Path, art: Path) -> None:
    done = tower(tmp_path, "assess", str(art), "--report", "r.html", "--heatmaps", "maps")
    assert done.returncode == 2
    assert "5 files" in done.stdout
    html = (tmp_path / "r.html").read_text()
    assert not re.search(r"""(?:src|href)\s*=\s*["']?https?:|@import|url\(""", html)
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)
    assert found is not None
    files = json.loads(found.group(1))["files"]
    assert [Path(file["path"]).name[0] for file in files] == ["0", "1", "2", "3", "4"]
    noisy, broken = files[3], files[4]
    assert "noise" in noisy["heat_maps"]
    assert noisy["preview"]
    assert broken["error"]["type"] == "truncated"
    assert broken["preview"] is None
    maps = sorted(path.name for path in (tmp_path / "maps").iterdir())
    assert any(name.endswith(".noise.png") for name in maps)
    refused = tower(tmp_path, "assess", str(art), "--report", "nowhere/r.html")
    assert refused.returncode == 1
    assert "can't be written" in refused.stderr


def test_rejudging_opens_no_picture(tmp_path: Path, art: Path) -> None:
    done = tower(tmp_path, "assess", str(art), "--json")
    (tmp_path / "judged.jsonl").write_text(done.stdout)
    for path in art.iterdir():
        path.unlink()
    (tmp_path / "mine.toml").write_text("threshold = 0.999\nversion = 7\n")
    again = tower(
        tmp_path, "assess", "--rejudge", "judged.jsonl", "--profile", "mine.toml", "--json"
    )
    seen = objects(again)
    assert [item["verdict"] for item in seen] == ["reject"] * 4 + ["unmeasured"]
    assert {item["profile"] for item in seen[:4]} == {"mine 7"}
    assert [item["score"] for item in seen] == [item["score"] for item in objects(done)]
    assert seen[0]["measurements"] == objects(done)[0]["measurements"]
    (tmp_path / "strict.jsonl").write_text(again.stdout)
    lost = tower(tmp_path, "assess", "--rejudge", "strict.jsonl")
    assert "there is no profile 'mine 7' any more; 4 judged by the usual" in lost.stderr
    said = tower(tmp_path, "assess", "--rejudge", "judged.jsonl", "--profile", "mine.toml")
    assert "no profile" not in said.stderr
    assert "5 judged again" in said.stdout
    assert "pass → reject" in said.stdout
    (tmp_path / "bad.jsonl").write_text('{"path": "x"}\n')
    refused = tower(tmp_path, "assess", "--rejudge", "bad.jsonl")
    assert refused.returncode == 2
    assert "line 1" in refused.stderr


# ---- Python ---------------------------------------------------------------------------------


def test_a_path_bytes_and_an_array_are_judged_alike(tmp_path: Path) -> None:
    data = encoded(NIGHT)
    (tmp_path / "a.png").write_bytes(data)
    scores = {
        assess_file(source, prompt="night").score
        for source in (tmp_path / "a.png", str(tmp_path / "a.png"), data, NIGHT, NIGHT / 255)
    }
    assert len(scores) == 1
    rgba = np.dstack([NIGHT, np.full(NIGHT.shape[:2], 255, np.uint8)])
    assert assess_file(rgba, prompt="night").score in scores
    assert assess_file(NIGHT[..., 0], profile="draft").profile == "draft"
    assert assess_file(b"nothing").verdict is Verdict.UNMEASURED
    for wrong in (np.zeros((4, 4, 2), np.uint8), 5):
        with pytest.raises(BadInput):
            assess_file(wrong)  # type: ignore[arg-type]


def test_importing_the_package_is_light() -> None:
    code = "import sys, tower_anime; print('numpy' in sys.modules, 'cv2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
    assert set(tower_anime.__all__) <= set(dir(tower_anime))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = tower_anime.nonsense  # type: ignore[attr-defined]


# ---- pictures in a terminal -------------------------------------------------------------------


def test_terminals_get_what_they_understand(monkeypatch: pytest.MonkeyPatch) -> None:
    way, shown = terminal_pictures.way_of_terminal, terminal_pictures.shown
    assert way({"KITTY_WINDOW_ID": "1"}) is None  # stdout is no terminal here
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    assert way({"KITTY_WINDOW_ID": "1"}) is terminal_pictures.Way.KITTY
    assert way({"TERM_PROGRAM": "iTerm.app"}) is terminal_pictures.Way.ITERM
    assert way({"KITTY_WINDOW_ID": "1", "TMUX": "x"}) is None
    assert way({"TERM": "xterm-256color"}) is None
    preview = pictures.preview_of(NIGHT)
    begins = {"kitty": "\x1b_Ga=T,f=100", "iterm": "\x1b]1337;File=inline=1", "sixel": "\x1bPq"}
    for kind, begin in begins.items():
        assert shown(preview, terminal_pictures.Way(kind)).startswith(begin)
    assert terminal_pictures.has_sixel(b"\x1b[?62;4;22c")
    assert not terminal_pictures.has_sixel(b"\x1b[?4;22c")
    assert not terminal_pictures.has_sixel(b"")
