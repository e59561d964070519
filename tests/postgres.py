"""A private PostgreSQL for tests: `python -m tests.postgres COMMAND…` runs a command with one.

The command finds it in TOWER_TEST_DATABASE_URL. A server named there already is used instead;
without one and without PostgreSQL on the machine the command runs as it is.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy

VARIABLE = "TOWER_TEST_DATABASE_URL"
ADVICE = (
    f"no PostgreSQL: on Debian `apt install postgresql`, then `make test`; or set {VARIABLE}="
    "postgresql://user@host/database"
)
IN_CI = os.environ.get("CI") == "true"
USER = "postgres"
PROGRAM_S = 120.0


def binaries() -> Path | None:
    """Return the folder of PostgreSQL's programs; Debian keeps them out of the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=_version)
    on_path = shutil.which("pg_ctl")
    if found:
        return found[-1].parent
    return Path(on_path).resolve().parent if on_path else None


def _version(pg_ctl: Path) -> int:
    return int(pg_ctl.parents[1].name)


@dataclass(frozen=True)
class Cluster:
    """A server of our own on a free loopback port; it refuses to run as root."""

    programs: Path
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        self._run("initdb", "-U", USER, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")

    def start(self) -> None:
        # tests pull no plug: what fsync guards against can't happen to them
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c max_connections=300 -c fsync=off "
            f"-c unix_socket_directories={self.folder}"
        )
        self._run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-w", "-m", mode, "stop")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), "-D", str(self.folder / "data"), *arguments]
        as_user = {"user": USER, "group": USER, "extra_groups": []} if os.getuid() == 0 else {}
        done = subprocess.run(  # type: ignore[call-overload]
            command,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=PROGRAM_S,
            **as_user,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr}")


@contextmanager
def private_cluster() -> Iterator[Cluster]:
    """Yield a running server; it is gone afterwards. Skips the test without PostgreSQL."""
    programs = binaries()
    if programs is None:
        missing(ADVICE)
    folder = Path(tempfile.mkdtemp(prefix="tower-pg-"))
    if os.getuid() == 0:
        os.chown(folder, pwd.getpwnam(USER).pw_uid, pwd.getpwnam(USER).pw_gid)
    cluster = Cluster(programs, folder, _free_port())
    try:
        cluster.create()
        cluster.start()
        yield cluster
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def missing(reason: str) -> None:
    """Skip what can't be tested here; where everything must be there, fail."""
    if IN_CI:
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def own_database() -> Iterator[str]:
    """Yield the address of an empty database on the tests' server; it is gone afterwards."""
    server = os.environ.get(VARIABLE)
    if server is None:
        missing(ADVICE)
    name = f"tower_{uuid4().hex[:12]}"
    address = sqlalchemy.make_url(server or "").set(drivername="postgresql+psycopg")
    admin = sqlalchemy.create_engine(address, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        own = address.set(drivername="postgresql", database=name)
        yield own.render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        admin.dispose()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def main(command: list[str]) -> int:
    if os.environ.get(VARIABLE) or binaries() is None:
        return subprocess.run(command, check=False).returncode
    with private_cluster() as cluster:
        return subprocess.run(
            command, check=False, env={**os.environ, VARIABLE: cluster.url}
        ).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
