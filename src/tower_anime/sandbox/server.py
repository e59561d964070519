"""Starts and stops the sandbox: a process of its own, or a thread for tests."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from tower_anime.errors import Unavailable
from tower_anime.sandbox.catalog import Catalog
from tower_anime.sandbox.execute import Executor
from tower_anime.sandbox.faults import Faults
from tower_anime.sandbox.folders import Folders
from tower_anime.sandbox.jobs import JobQueue
from tower_anime.sandbox.routes import Routes, application
from tower_anime.sandbox.sockets import Sockets

DEFAULT_PORT = 8199
_START_LIMIT_S = 20.0


@dataclass(frozen=True, kw_only=True)
class SandboxConfig:
    """How the sandbox runs.

    `port` 0 takes a free one. `folder` holds outputs and inputs; None makes a temporary one that
    goes with the server. `faults` maps names (see `faults.FAULTS`) to probabilities 0–1, drawn
    from `fault_seed`. `announce` is a file that gets `{"url", "pid"}` once the server listens.
    `world` 0 has the checkpoints' documented sweet spots, any other number draws them by lot.
    """

    host: str = "127.0.0.1"
    port: int = 0
    folder: Path | None = None
    seconds_per_step: float = 0.0
    faults: Mapping[str, float] = field(default_factory=dict)
    fault_seed: int | None = None
    announce: Path | None = None
    world: int = 0


def serve(config: SandboxConfig) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        Unavailable: the address is taken.
    """
    with _listening(config) as (server, sock, url):
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: setattr(server, "should_exit", True))
        print(f"sandbox generator on {url} (draws, no diffusion model)", file=sys.stderr)
        asyncio.run(server.serve(sockets=[sock]))


@contextlib.contextmanager
def running(config: SandboxConfig | None = None) -> Iterator[str]:
    """Run the sandbox in a thread of this process and yield its address."""
    with _listening(config or SandboxConfig()) as (server, sock, url):
        thread = threading.Thread(
            target=lambda: asyncio.run(server.serve(sockets=[sock])), name="sandbox"
        )
        thread.start()
        try:
            if not server.ready.wait(_START_LIMIT_S):
                raise Unavailable("the sandbox did not start")
            yield url
        finally:
            server.should_exit = True
            thread.join()


class _Server(uvicorn.Server):
    """uvicorn that leaves signals to its caller and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@contextlib.contextmanager
def _listening(config: SandboxConfig) -> Iterator[tuple[_Server, socket.socket, str]]:
    """Bind the address, build the server around it and clean both up."""
    made = None if config.folder else Path(tempfile.mkdtemp(prefix="tower-sandbox-"))
    folders = Folders(config.folder or made or Path())
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    # asyncio turns Nagle's delay off only for sockets that name their protocol
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((config.host, config.port))
        except OSError as taken:
            raise Unavailable(f"can't listen on {config.host}:{config.port}: {taken}") from taken
        host = f"[{config.host}]" if ":" in config.host else config.host
        url = f"http://{host}:{sock.getsockname()[1]}"
        yield _Server(_uvicorn(config, folders, url)), sock, url
    finally:
        sock.close()
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)


def _uvicorn(config: SandboxConfig, folders: Folders, url: str) -> uvicorn.Config:
    faults = Faults(config.faults, seed=config.fault_seed)
    sockets = Sockets()

    def tell(remaining: int) -> None:
        sockets.send("status", {"status": {"exec_info": {"queue_remaining": remaining}}}, None)

    queue, catalog = JobQueue(tell), Catalog()
    executor = Executor(
        catalog=catalog,
        folders=folders,
        queue=queue,
        sockets=sockets,
        faults=faults,
        seconds_per_step=config.seconds_per_step,
        world=config.world,
    )

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        del app
        worker = threading.Thread(target=executor.run, name="sandbox-worker")
        worker.start()
        publisher = asyncio.create_task(sockets.publish())
        if config.announce is not None:
            _announce(config.announce, url)
        try:
            yield
        finally:
            queue.close()
            await asyncio.to_thread(worker.join)
            publisher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await publisher

    routes = Routes(
        catalog=catalog, folders=folders, queue=queue, sockets=sockets, executor=executor
    )
    return uvicorn.Config(
        application(routes, faults, lifespan=lifespan),
        log_level="warning",
        access_log=False,
        lifespan="on",
        ws="websockets-sansio",
        ws_max_size=16 * 1024 * 1024,
        timeout_graceful_shutdown=1,
    )


def _announce(file: Path, url: str) -> None:
    """Write the address in one piece, so that a reader never sees half of it."""
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    partial.write_text(json.dumps({"url": url, "pid": os.getpid()}), "utf-8")
    partial.replace(file)
