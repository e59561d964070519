"""Where an approved clip goes in a library, and the words beside it."""

from __future__ import annotations

from datetime import UTC, date

from tower_anime.domain.attempt import Attempt
from tower_anime.domain.generation import Generation, History
from tower_anime.domain.production import Episode, Story
from tower_anime.domain.release import (
    MOVIES,
    SANDBOX_FOLDER,
    SHOWS,
    Art,
    EpisodePlace,
    Release,
)
from tower_anime.release.names import one_of_several, title_name
from tower_anime.release.nfo import (
    SANDBOX_TAG,
    Words,
    episode_nfo,
    movie_nfo,
    season_nfo,
    series_nfo,
)

NO_ART = Art()
MAX_TITLE_CHARS = 80  # a prompt is no title: its beginning has to do

_SUFFIXES = {
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/x-matroska": ".mkv",
    "video/webm": ".webm",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/png": ".png",
}


def clip_release(
    generation: Generation,
    attempt: Attempt,
    *,
    place: EpisodePlace | None = None,
    take: int = 1,
    rating: str = "",
    art: Art = NO_ART,
    series_art: Art = NO_ART,
    replaces: tuple[str, ...] = (),
) -> Release:
    """Return how an approved clip is released: as an episode, or as a film of its own.

    `take` counts the places that are somebody else's (`PlaceTaken`): 1 is the place meant, 2 the
    next. What a sandbox drew goes below `Sandbox/` and carries a tag.
    """
    if place is not None:
        return _episode(generation, attempt, place, take, rating, art, series_art, replaces)
    return _film(generation, attempt, take, rating, art, replaces)


def episode_place(story: Story, shot_id: str, *, last_year: int) -> EpisodePlace | None:
    """Return where the clip of a shot stands in its series; None if it is in no episode.

    Where every episode of the season has one shot at most, a clip has its episode's number;
    otherwise the season's shots are counted through, in the order of the story. `last_year` is
    taken for a project whose beginning is not known.
    """
    shot = next((one for one in story.shots if one.id == shot_id), None)
    scene = next((one for one in story.scenes if shot and one.id == shot.scene_id), None)
    episode = next((one for one in story.episodes if scene and one.id == scene.episode_id), None)
    if shot is None or scene is None or episode is None:
        return None
    season = [one for one in story.episodes if one.season == episode.season]
    shots = {one.id: _shot_ids(story, one) for one in season}
    alone = all(len(ids) <= 1 for ids in shots.values())
    in_order = [shot_id for one in season for shot_id in shots[one.id]]
    number = episode.number if alone else in_order.index(shot.id) + 1
    part = shots[episode.id].index(shot.id) + 1
    title = episode.title or scene.title or f"Episode {episode.number}"
    started = story.project.created_at
    return EpisodePlace(
        series=story.project.name,
        year=started.astimezone(UTC).year if started else last_year,
        season=episode.season,
        number=number,
        title=title if alone else f"{title} – {scene.title or 'part'} {part}",
        plot="\n\n".join(text for text in (episode.synopsis, scene.description) if text),
        series_plot=story.project.description,
    )


def earlier_files(history: History, attempt: Attempt) -> tuple[str, ...]:
    """Return the SHA-256 of the other attempts' files: `attempt` takes their place."""
    files = (one.artifact for one in history.attempts if one.number != attempt.number)
    return tuple(file.sha256 for file in files if file)


def _shot_ids(story: Story, episode: Episode) -> list[str]:
    return [
        shot.id
        for scene in story.scenes
        if scene.episode_id == episode.id
        for shot in story.shots_of(scene)
    ]


def _episode(
    generation: Generation,
    attempt: Attempt,
    place: EpisodePlace,
    take: int,
    rating: str,
    art: Art,
    series_art: Art,
    replaces: tuple[str, ...],
) -> Release:
    name, number = title_name(place.series), place.number + take - 1
    series = f"{_root(attempt)}{SHOWS}/{name} ({place.year})"
    season = f"{series}/Season {place.season:02d}"
    stem = f"{name} S{place.season:02d}E{number:02d}"
    words = _words(generation, attempt, title=place.title, plot=place.plot, rating=rating)
    nfo = episode_nfo(words, series=place.series, season=place.season, number=number)
    of_series = series_nfo(
        place.series, plot=place.series_plot, year=place.year, rating=rating, tags=words.tags
    )
    shared: dict[str, str | bytes] = {
        f"{series}/tvshow.nfo": of_series,
        f"{season}/season.nfo": season_nfo(place.season),
        **_pictures(series_art, prefix=f"{series}/"),
    }
    return Release(
        generation_id=generation.id,
        artifact_sha256=_sha256(attempt),
        relative_path=f"{season}/{stem}{_suffix(attempt)}",
        companions={
            f"{stem}.nfo": nfo,
            **({f"{stem}-thumb.jpg": art.thumb} if art.thumb else {}),
        },
        shared=shared,
        replaces=replaces,
        numbered=False,
    )


def _film(
    generation: Generation,
    attempt: Attempt,
    take: int,
    rating: str,
    art: Art,
    replaces: tuple[str, ...],
) -> Release:
    title = generation.brief.prompt
    year = _aired(generation).year
    name = f"{one_of_several(title_name(title, max_chars=MAX_TITLE_CHARS), take)} ({year})"
    words = _words(generation, attempt, title=_short(title), plot=title, rating=rating)
    return Release(
        generation_id=generation.id,
        artifact_sha256=_sha256(attempt),
        relative_path=f"{_root(attempt)}{MOVIES}/{name}/{name}{_suffix(attempt)}",
        companions={
            f"{name}.nfo": movie_nfo(words),
            **({f"{name}-thumb.jpg": art.thumb} if art.thumb else {}),
            **_pictures(art, prefix=""),
        },
        replaces=replaces,
        numbered=False,
    )


def _words(
    generation: Generation, attempt: Attempt, *, title: str, plot: str, rating: str
) -> Words:
    request = attempt.request
    runtime_s = (
        request.frames / request.frame_rate if request.frames and request.frame_rate else None
    )
    sandbox = (SANDBOX_TAG,) if attempt.backend == "sandbox" else ()
    return Words(
        id=generation.id,
        title=title,
        plot=plot or generation.brief.prompt,
        aired=_aired(generation),
        runtime_s=runtime_s,
        rating=rating,
        tags=sandbox,
    )


def _pictures(art: Art, *, prefix: str) -> dict[str, str | bytes]:
    named = {"poster.jpg": art.poster, "fanart.jpg": art.fanart}
    return {f"{prefix}{name}": data for name, data in named.items() if data}


def _short(title: str) -> str:
    """Return the beginning of a prompt, cut between words, as a title for people."""
    line = " ".join(title.split())
    if len(line) <= MAX_TITLE_CHARS:
        return line
    return line[:MAX_TITLE_CHARS].rsplit(" ", 1)[0].rstrip(" ,;") + "…"


def _root(attempt: Attempt) -> str:
    return f"{SANDBOX_FOLDER}/" if attempt.backend == "sandbox" else ""


def _suffix(attempt: Attempt) -> str:
    assert attempt.artifact is not None
    return _SUFFIXES.get(attempt.artifact.media_type, ".bin")


def _sha256(attempt: Attempt) -> str:
    assert attempt.artifact is not None
    return attempt.artifact.sha256


def _aired(generation: Generation) -> date:
    """Return the day (UTC) on which the generation was wished for: it never changes."""
    assert generation.created_at is not None, "a stored generation has its time of creation"
    return generation.created_at.astimezone(UTC).date()
