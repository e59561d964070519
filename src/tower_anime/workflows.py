"""Workflow files and inputs: listing, checking, setting, and keeping them for a generation."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tower_anime import inputs
from tower_anime.adapters.embedded import clip_texts, is_clip
from tower_anime.adapters.masks import masked_png
from tower_anime.adapters.media import OpenCvMedia
from tower_anime.compose import open_blobs, open_renderers
from tower_anime.domain.brief import Brief
from tower_anime.domain.frame import Frame
from tower_anime.domain.graph import Catalog, Graph
from tower_anime.domain.request import PARAMETERS as REQUESTED
from tower_anime.domain.request import Kind, parse_parameter
from tower_anime.errors import BadInput, InvalidGraph, NotFound, ServerDown, Unreadable
from tower_anime.graph import draw, guess, preflight, ready, text
from tower_anime.graph.bind import changes, set_values
from tower_anime.graph.convert import Conversion, convert, missing_in, write_back
from tower_anime.graph.links import Slot, value_at
from tower_anime.graph.own import Template, parse_bindings, template_of
from tower_anime.graph.roles import PARAMETERS, Roles, reads_mask
from tower_anime.graph.source import Source, bundled, parse_source
from tower_anime.own_sandbox import prepare_folder
from tower_anime.ports import Renderer
from tower_anime.profiles import check_named
from tower_anime.sandbox.catalog import Catalog as SandboxCatalog
from tower_anime.settings import Settings

View = dict[str, Any]

_SHELF = "workflows"  # the folder of imported ones, in the data folder
_NAME = re.compile(r"[\w-][\w. -]*")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Checked:
    """What was found out about one workflow. `view` is the object of `workflow check --json`."""

    view: View
    template: Template | None = None  # of what could be read

    @property
    def is_fine(self) -> bool:
        """Whether the server would take it."""
        return not (self.view.get("error") or self.view["problems"] or self.view["missing_nodes"])

    @property
    def is_unreadable(self) -> bool:
        """Whether it is no workflow at all."""
        return "error" in self.view


def listed(settings: Settings) -> tuple[View, ...]:
    """Return the workflows that come along, then the imported ones with their versions."""
    imported = (
        {"name": name, "title": f"imported, version {len(versions)}", "versions": len(versions)}
        for name, versions in _shelf(settings).items()
    )
    along = tuple(
        {
            "name": each.name,
            "title": each.title,
            "kind": each.kind.value,
            "family": each.family.name,
            "needs_image": each.needs_image,
        }
        for each in ready.READY.values()
    )
    return (*along, *imported)


def keep_by_name(settings: Settings, file: Path, *, name: str | None) -> str:
    """Keep a workflow file in the data folder; returns `name@version`.

    A TOML file beside it (its bindings) is kept with it. What is the name's last version already
    makes no new one.
    """
    written, bindings = _read(file), _bindings_beside(file)
    _parsed(file, written)
    name = name or file.stem
    if ready.find(name) or not _NAME.fullmatch(name):
        raise BadInput(
            f"a workflow can't be called {name!r}: letters, digits, dots, dashes, underscores "
            "and spaces are allowed, the names of those that come along are taken"
        )
    versions = _shelf(settings).get(name, ())
    if versions and (_read(versions[-1]), _bindings_beside(versions[-1])) == (written, bindings):
        return f"{name}@{len(versions)}"
    folder = settings.data_dir / _SHELF / name
    prepare_folder(folder)
    kept = folder / f"{len(versions) + 1:04d}.json"
    if bindings is not None:
        write(kept.with_suffix(".toml"), bindings)
    write(kept, written)
    return f"{name}@{len(versions) + 1}"


def keep_sent(
    settings: Settings, data: bytes, *, sent_as: str, name: str | None, bindings: str | None
) -> str:
    """Keep a workflow that somebody sent (a file's bytes, the TOML of its bindings), by its name.

    What `keep_by_name` returns and raises; without `name` it is called as the file was.
    """
    usual = re.sub(r"[^\w. -]+", "_", Path(sent_as.replace("\\", "/")).stem).lstrip(". ")
    with tempfile.TemporaryDirectory(prefix="workflow-") as folder:
        file = Path(folder) / "workflow.json"
        file.write_bytes(data)
        if bindings and bindings.strip():
            write(file.with_suffix(".toml"), bindings)
        try:
            return keep_by_name(settings, file, name=name or usual or "workflow")
        except BadInput as error:
            raise BadInput(str(error).replace(f"{file} ", "").replace(str(file), "")) from error


def _shelf(settings: Settings) -> dict[str, tuple[Path, ...]]:
    """Return the imported workflows: the files of each name, oldest version first."""
    folder = settings.data_dir / _SHELF
    if not folder.is_dir():
        return {}
    names = sorted(path for path in folder.iterdir() if path.is_dir())
    return {path.name: tuple(sorted(path.glob("*.json"))) for path in names}


def _file_of(settings: Settings, given: str) -> Path:
    """Return the file of a workflow: a path, or a name (`name`, `name@version`) on the shelf."""
    file = Path(given)
    if file.exists():
        return file
    try:
        return _imported(settings, given)
    except BadInput:
        if file.name == given and not file.suffix:
            names = ", ".join((*ready.READY, *_shelf(settings)))
            raise BadInput(
                f"there is no workflow {given!r}: neither a file nor one of {names}"
            ) from None
        return file


def catalog_of(settings: Settings, file: Path | None) -> Catalog:
    """Return the node classes of a file (`object_info`, also gzipped), a server or the sandbox."""
    if file is not None:
        return _catalog_file(file)
    if not settings.comfy_urls:
        return SandboxCatalog().listing([])
    (renderer,) = open_renderers(settings, settings.comfy_urls[:1])
    try:
        return renderer.catalog()
    finally:
        renderer.close()


def catalog_at(renderers: Sequence[Renderer]) -> Catalog:
    """Return the node classes of the first server that answers; `ServerDown` when none does."""
    for renderer in renderers:
        with contextlib.suppress(ServerDown):
            return renderer.catalog()
    raise ServerDown("no server answers: what it offers is not known")


def check(settings: Settings, names: Sequence[str], catalog: Catalog) -> tuple[Checked, ...]:
    """Check workflows (files or names) one by one; what can't be read gets an `error`."""
    return tuple(_check(settings, name, catalog) for name in names)


def _check(settings: Settings, name: str, catalog: Catalog) -> Checked:
    try:
        return show(settings, name, catalog)
    except BadInput as error:
        return _not_read(name, error)


def show(settings: Settings, name: str, catalog: Catalog) -> Checked:
    """Describe a workflow that comes along, fitted to the catalog's models, or a user's own."""
    along = ready.find(name)
    if along is None:
        return _check_file(_file_of(settings, name), catalog)
    graph = ready.fit(ready.template(name), along, catalog)
    about: View = {"name": along.name, "title": along.title, "kind": along.kind.value}
    about["needs_image"] = along.needs_image
    template = template_of(graph, catalog)
    return Checked({**about, **_view(along.name, template, catalog), "graph": graph}, template)


def named(settings: Settings, name: str, catalog: Catalog) -> Checked:
    """Describe a workflow that comes along or was imported; `NotFound` for another name."""
    if ready.find(name) is None:
        try:
            file = _imported(settings, name)
        except BadInput as error:
            raise NotFound(str(error)) from error
        found = _check_file(file, catalog)
        return replace(found, view={**found.view, "name": name, "path": name})
    return show(settings, name, catalog)


def drawing(found: Checked) -> str:
    """Return a workflow as an SVG picture; `BadInput` if it could not be read."""
    if found.template is None:
        raise BadInput(f"{found.view['path']}: {found.view['error']['message']}")
    return draw.svg(found.template)


def tree(found: Checked) -> tuple[str, ...]:
    """Return the lines of a workflow drawn as text; none if it could not be read."""
    return draw.tree(found.template) if found.template else ()


def set_parameters(
    settings: Settings, name: str, pairs: Mapping[str, str], catalog: Catalog, *, out: Path
) -> Checked:
    """Write a workflow with some parameters changed to `out`, in the format that it has.

    In API format every other byte stays as it is, in UI format every other value.
    `BadInput` names the parameters that have no single place, and the values that are allowed.
    """
    file, written = _written(settings, name, catalog)
    source = _parsed(file, written)
    graph = _on(source, catalog).graph
    roles = template_of(graph, catalog, source.bindings).roles
    values = {key: _value(key, given, graph, roles) for key, given in pairs.items()}
    if source.ui is None:
        write(out, text.replaced(written, graph, changes(graph, roles, values)))
    else:
        new = write_back(source.ui, set_values(graph, roles, values), catalog)
        write(out, json.dumps(new, ensure_ascii=False, indent=2 if "\n" in written else None))
    return _check_file(out, catalog)


def to_api_format(settings: Settings, name: str, catalog: Catalog) -> tuple[str, tuple[str, ...]]:
    """Return the text of a workflow in API format, and what to tell the user about it.

    The first are the classes that are missing, with their nodes.
    """
    result = _on(_parsed(*_written(settings, name, catalog)), catalog)
    told = tuple(f"missing node: {m.class_type} (node {m.node})" for m in result.missing)
    return json.dumps(result.graph, ensure_ascii=False, indent=2) + "\n", (*told, *result.notes)


def _written(settings: Settings, name: str, catalog: Catalog) -> tuple[Path, str]:
    """Return where a workflow lies and its text; one that comes along is fitted to the catalog."""
    along = ready.find(name)
    if along is None:
        file = _file_of(settings, name)
        return file, _read(file)
    graph = ready.fit(ready.template(name), along, catalog)
    return Path(name), json.dumps(graph, ensure_ascii=False, indent=2) + "\n"


def write(out: Path, written: str) -> None:
    """Write a text to a file of the user's; `BadInput` says why that can't be done."""
    try:
        out.write_bytes(written.encode("utf-8"))
    except OSError as error:
        raise BadInput(f"{out} can't be written: {error.strerror}") from error


def keep_inputs(settings: Settings, brief: Brief) -> Brief:
    """Return the brief with its workflow and input picture checked and kept among our files.

    A workflow is the name of one that comes along or was imported, or a file; a picture is a
    file. A picture without a workflow is drawn over by `image_to_image`, with a mask by
    `inpaint`; a clip begins with it.
    """
    return _kept(settings, brief, file_of=_file_of, picture_of=lambda _, given: _picture(given))


def keep_named(settings: Settings, brief: Brief) -> Brief:
    """Return the brief of a caller who may not name files of this machine, as `keep_inputs` does.

    A workflow is one that comes along or was imported, a picture one that was sent before, or
    any of ours, a profile one that has a name. `BadInput` says what there is.
    """
    check_named(brief.profile)
    return _kept(settings, brief, file_of=_imported, picture_of=inputs.find)


def _imported(settings: Settings, given: str) -> Path:
    """Return the file of an imported workflow: `name`, `name@version` or `name@SHA-256`."""
    name, _, version = given.rpartition("@") if "@" in given else (given, "", "")
    if _HASH.fullmatch(version):  # as a brief names it
        try:
            return open_blobs(settings).find(version)
        except NotFound as error:
            raise BadInput(f"there is no workflow {given!r}: {error}") from error
    versions = _shelf(settings).get(name, ())
    number = int(version) if version.isdigit() else len(versions)
    if not 0 < number <= len(versions) or (version and not version.isdigit()):
        names = ", ".join((*ready.READY, *_shelf(settings)))
        raise BadInput(
            f"unknown workflow {given!r}; there are: {names} "
            "(a file of your own is sent to /api/v1/workflows first)"
        )
    return versions[number - 1]


FileOf = Callable[[Settings, str], Path]
PictureOf = Callable[[Settings, str], tuple[str, bytes, Frame]]


def _kept(settings: Settings, brief: Brief, *, file_of: FileOf, picture_of: PictureOf) -> Brief:
    if brief.workflow is None and brief.image is None:
        return brief
    usual = "inpaint" if brief.mask else "image_to_image"
    if brief.kind is Kind.CLIP:
        usual = "image_to_video_wan"
    brief = _keep_workflow(settings, replace(brief, workflow=brief.workflow or usual), file_of)
    return _keep_image(settings, brief, picture_of) if brief.image else brief


def _keep_workflow(settings: Settings, brief: Brief, file_of: FileOf) -> Brief:
    given = str(brief.workflow)
    along = ready.find(given)
    if along is None:
        file = file_of(settings, given)
        written = _read(file)
        source = _parsed(file, written)
        if source.graph is not None:  # of a file in UI format only a server tells
            _check_image(brief, template_of(source.graph, bindings=source.bindings))
        prepare_folder(settings.data_dir)
        kept = bundled(written, _bindings_beside(file)).encode()
        artifact = open_blobs(settings).put(kept, media_type="application/json")
        called = Path(given).stem if file == Path(given) else given.partition("@")[0]
        return replace(brief, workflow=f"{called}@{artifact.sha256}")
    if along.kind is not Kind.STILL and brief.kind is Kind.STILL:
        raise BadInput(f"the workflow {along.name} makes clips; set `kind` to clip")
    if along.kind is Kind.STILL and brief.kind is Kind.CLIP:
        clips = ", ".join(each.name for each in ready.READY.values() if each.kind is Kind.CLIP)
        raise BadInput(f"the workflow {along.name} makes stills; clips make: {clips}")
    if along.needs_image and not brief.image:
        raise BadInput(f"the workflow {along.name} starts from a picture; name one as `image`")
    _check_image(brief, template_of(ready.template(along.name)))
    return replace(brief, workflow=along.name)


def _check_image(brief: Brief, template: Template) -> None:
    roles = template.roles
    if brief.image and "image" not in roles.bound:
        why = [doubt.reason for doubt in roles.ambiguous if doubt.parameter == "image"]
        reason = why[0] if why else "it loads none"
        raise BadInput(f"the workflow has no place for an input picture: {reason}")
    if brief.mask and not reads_mask(template.graph):
        raise BadInput("the workflow uses no mask: nothing reads the one that LoadImage hands out")


def _keep_image(settings: Settings, brief: Brief, picture_of: PictureOf) -> Brief:
    """Keep the picture, its mask in its alpha; without a size of the user's, draw at its aspect."""
    name, data, frame = picture_of(settings, str(brief.image))
    height, width = frame.shape[:2]
    if brief.mask:
        mask_name, mask, shape = picture_of(settings, brief.mask)
        kept_mask = inputs.keep(settings, mask, shape, name=mask_name)
        brief, data = replace(brief, mask=kept_mask.called), masked_png(frame, shape)
    image = inputs.keep(settings, data, frame, name=name)
    along = ready.find(str(brief.workflow))
    parameters = dict(brief.parameters)
    if along and not parameters.keys() & {"width", "height"}:
        parameters["width"], parameters["height"] = along.family.nearest_bucket(width, height)
    return replace(brief, image=image.called, parameters=parameters)


def _picture(given: str) -> tuple[str, bytes, Frame]:
    file = Path(given)
    try:
        data = file.read_bytes()
        return file.name, data, OpenCvMedia().decode_still(data).frame
    except OSError as error:
        raise BadInput(f"the picture {file} can't be read: {error.strerror}") from error
    except Unreadable as error:
        raise BadInput(f"the picture {file} can't be used: {error}") from error


# ---- one file -------------------------------------------------------------------------------


def _check_file(file: Path, catalog: Catalog) -> Checked:
    try:
        source = _parsed(file, _read(file))
        result = _on(source, catalog)
        template = template_of(result.graph, catalog, source.bindings)
        view = _view(str(file), template, catalog, source=source, notes=result.notes)
        return Checked(view, template)
    except (BadInput, InvalidGraph) as error:
        return _not_read(str(file), error)


def _not_read(name: str, error: BadInput | InvalidGraph) -> Checked:
    message = str(error).removeprefix(f"the workflow {name}: ")
    return Checked({"path": name, "error": {"type": "unreadable", "message": message}})


def _on(source: Source, catalog: Catalog) -> Conversion:
    """Return a workflow's graph for a catalog; missing classes raise nothing."""
    if source.ui is not None:
        return convert(source.ui, catalog)
    graph = source.on(catalog)
    return Conversion(graph, {}, missing_in(graph, catalog))


def _view(
    path: str,
    template: Template,
    catalog: Catalog,
    *,
    source: Source | None = None,
    notes: tuple[str, ...] = (),
) -> View:
    graph, roles = template.graph, template.roles
    found = preflight.problems(graph, catalog)
    return {
        "path": path,
        "format": "ui" if source and source.ui is not None else "api",
        "family": guess.family(graph).name,
        "nodes": len(graph),
        "missing_nodes": sorted(
            {graph[p.node]["class_type"] for p in found if p.type == "missing_node_type"}
        ),
        "nearest": {
            graph[p.node]["class_type"]: near.split(", ")
            for p in found
            if p.type == "missing_node_type" and (near := p.message.partition("; nearest: ")[2])
        },
        "bound": {
            name: [_slot_view(graph, slot) for slot in slots] for name, slots in roles.bound.items()
        },
        "moved_with_steps": [_slot_view(graph, slot) for slot in roles.splits],
        "bound_by_user": sorted(source.bindings) if source else [],
        "unbound": list(roles.unbound),
        "ambiguous": [
            {
                "parameter": doubt.parameter,
                "candidates": [_slot_view(graph, slot) for slot in doubt.candidates],
                "reason": doubt.reason,
            }
            for doubt in roles.ambiguous
        ],
        "problems": [
            {"node": p.node, "input": p.input, "type": p.type, "message": p.message}
            for p in found
            if p.type != "missing_node_type"
        ],
        "notes": list(notes),
    }


def _slot_view(graph: Graph, slot: Slot) -> View:
    return {"node": slot.node, "input": slot.input, "value": value_at(graph, slot)}


def _value(key: str, given: str, graph: Graph, roles: Roles) -> object:
    """Return a value as the interface's parameter takes it, else as the slot's present one."""
    if key not in PARAMETERS:
        raise BadInput(f"unknown parameter {key!r}; allowed: {', '.join(PARAMETERS)}")
    if key in REQUESTED:
        return parse_parameter(key, given)
    slots = roles.bound.get(key, ())
    present = value_at(graph, slots[0]) if slots else given
    if isinstance(present, bool) or not isinstance(present, int | float):
        return given
    try:
        return int(given) if isinstance(present, int) else float(given)
    except ValueError:
        raise BadInput(f"{key} must be a number, not {given!r}") from None


def _read(file: Path) -> str:
    """Return a file's text; of a picture or clip the workflow that ComfyUI wrote into it."""
    try:
        data = file.read_bytes()
        if is_clip(data):
            return _embedded(file, clip_texts(data))
        if data.startswith(b"\x89PNG"):
            return _embedded(file, OpenCvMedia().decode_still(data).texts)
        return data.decode("utf-8")
    except OSError as error:
        raise BadInput(f"the workflow {file} can't be read: {error.strerror}") from error
    except (UnicodeDecodeError, Unreadable) as error:
        raise BadInput(f"the workflow {file} can't be read: {error}") from error


def _embedded(file: Path, texts: Mapping[str, str]) -> str:
    written = texts.get("workflow") or texts.get("prompt")
    if not written:
        raise BadInput(f"the workflow {file} can't be read: the file carries no workflow")
    return written


def _bindings_beside(file: Path) -> str | None:
    """Return the text of the TOML of a workflow's name beside it, None where there is none."""
    beside = file.with_suffix(".toml")
    return _read(beside) if beside.is_file() and beside != file else None


def _parsed(file: Path, written: str) -> Source:
    bindings = _bindings_beside(file)
    if bindings is not None:
        try:
            parse_bindings(bindings)
        except BadInput as error:
            raise BadInput(f"{file.with_suffix('.toml')}: {error}") from error
    try:
        return parse_source(written, bindings)
    except BadInput as error:
        raise BadInput(f"the workflow {file}: {error}") from error


def _catalog_file(file: Path) -> Catalog:
    try:
        data = file.read_bytes()
        packed = data.startswith(b"\x1f\x8b")
        catalog = json.loads(gzip.decompress(data) if packed else data)
    except (OSError, ValueError, EOFError, RecursionError) as error:
        raise BadInput(f"the catalog {file} can't be read: {error}") from error
    if not isinstance(catalog, dict) or not all(
        isinstance(body, dict) and isinstance(body.get("input"), dict) for body in catalog.values()
    ):
        raise BadInput(f"the catalog {file} is no answer of /object_info")
    return catalog
