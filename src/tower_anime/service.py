"""`tower-anime service`: the systemd unit, hardened, and its installation."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tower_anime.adapters.systemd import Supervisor as Supervisor
from tower_anime.errors import BadInput, StorageFull
from tower_anime.settings import Settings

UNIT = "tower-anime-pipeline.service"
UNIT_DIR = Path("/etc/systemd/system")
STATE = "tower-anime"
WATCHDOG_S = 60  # a round of the working loop takes milliseconds, a database that is away 35 s
STOP_S = 45  # requests 5 s, running steps 10 s, threads that wait for a database 30 s

_HOMES = ("/home", "/root", "/run/user")
_USER_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_CREDENTIAL = re.compile(r"TOWER_[A-Z0-9_]+")


@dataclass(frozen=True, kw_only=True)
class UnitWishes:
    """How the service shall run.

    `user` None: systemd makes one for the run (`DynamicUser`), which owns nothing but its state
    folder; a library shared with others needs a user of theirs. `gpu`: this machine's graphics
    cards may be read (NVML), which needs devices and writable code. `credentials` are pairs of a
    setting's variable and the file that holds its value.
    """

    executable: Path
    host: str = "127.0.0.1"
    port: int = 44451
    user: str | None = None
    group: str | None = None
    gpu: bool = False
    library_dir: Path | None = None
    data_dir: Path | None = None
    environment_file: Path | None = None
    credentials: tuple[tuple[str, Path], ...] = ()


def unit_text(wishes: UnitWishes) -> str:
    """Return the unit file."""
    sections = (
        ("Unit", _unit_section()),
        ("Service", (*_service_section(wishes), *_hardening(wishes))),
        ("Install", ("WantedBy=multi-user.target",)),
    )
    return "\n".join(line for name, lines in sections for line in (f"[{name}]", *lines, ""))


def check_wishes(wishes: UnitWishes) -> UnitWishes:
    """Return wishes that a unit can be made of; `BadInput` names what is wrong."""
    for name in (wishes.user, wishes.group):
        if name is not None and not _USER_NAME.fullmatch(name):
            raise BadInput(f"{name!r} is no name of a user or group")
    for variable, file in wishes.credentials:
        if not _CREDENTIAL.fullmatch(variable):
            raise BadInput(
                f"a credential looks like TOWER_API_TOKEN=/etc/tower-anime/token, not {variable!r}"
            )
        _check_path(file)
    for path in (wishes.library_dir, wishes.data_dir, wishes.environment_file, wishes.executable):
        if path is not None:
            _check_path(path)
    if wishes.user is None and wishes.data_dir is not None:
        raise BadInput(
            "without --user the data is in /var/lib/tower-anime; name a user to keep it elsewhere"
        )
    return wishes


def _check_path(path: Path) -> None:
    if not path.is_absolute() or any(char in str(path) for char in "\n\"'\\%$:"):
        raise BadInput(f"{path} can't stand in a unit file: give an absolute path, plain letters")


def _unit_section() -> Sequence[str]:
    return (
        "Description=Tower Anime: quality control of anime production",
        "Wants=network-online.target",
        "After=network-online.target postgresql.service",
        "StartLimitIntervalSec=300",
        "StartLimitBurst=10",
    )


def _service_section(wishes: UnitWishes) -> Sequence[str]:
    lines = [
        "Type=notify",
        "NotifyAccess=main",
        f'ExecStart="{wishes.executable}" serve --host {wishes.host} --port {wishes.port}',
        "Restart=on-failure",
        "RestartSec=2",
        "TimeoutStartSec=180",
        f"TimeoutStopSec={STOP_S}",
        f"WatchdogSec={WATCHDOG_S}",
        "KillMode=mixed",
        f'Environment="TOWER_DATA_DIR={wishes.data_dir or Path("/var/lib", STATE)}"',
        'Environment="PYTHONDONTWRITEBYTECODE=1"',
        f"WorkingDirectory={wishes.data_dir or '%S/' + STATE}",
    ]
    if wishes.library_dir is not None:
        lines.append(f'Environment="TOWER_LIBRARY_DIR={wishes.library_dir}"')
    if wishes.environment_file is not None:
        lines.append(f"EnvironmentFile=-{wishes.environment_file}")
    lines += [f"LoadCredential={name}:{file}" for name, file in wishes.credentials]
    if wishes.user is None:
        lines.append("DynamicUser=yes")
    else:
        lines += [f"User={wishes.user}", f"Group={wishes.group or wishes.user}"]
    if wishes.data_dir is None:
        lines += [f"StateDirectory={STATE}", "StateDirectoryMode=0700"]
    return lines


def _hardening(wishes: UnitWishes) -> Sequence[str]:
    writable = [path for path in (wishes.library_dir, wishes.data_dir) if path is not None]
    return (
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "AmbientCapabilities=",
        "ProtectSystem=strict",
        *_homes(wishes),
        *(f"ReadWritePaths=-{path}" for path in writable),
        "PrivateTmp=yes",
        *_devices(gpu=wishes.gpu),
        "PrivateUsers=yes",
        "ProtectProc=invisible",  # ProcSubset=pid would hide /proc/meminfo from the metrics
        "ProtectClock=yes",
        "ProtectHostname=yes",
        "ProtectKernelLogs=yes",
        "ProtectKernelModules=yes",
        "ProtectKernelTunables=yes",
        "ProtectControlGroups=yes",
        "RestrictNamespaces=yes",
        "RestrictRealtime=yes",
        "RestrictSUIDSGID=yes",
        "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
        "LockPersonality=yes",
        "SystemCallArchitectures=native",
        "SystemCallFilter=@system-service",
        "SystemCallFilter=~@privileged @resources",
        "SystemCallErrorNumber=EPERM",
        "RemoveIPC=yes",
        "KeyringMode=private",
        # what the library shows is for others to read; the state folder is closed by its mode
        f"UMask={'0077' if wishes.library_dir is None else '0027'}",
    )


def _devices(*, gpu: bool) -> Sequence[str]:
    if not gpu:
        return ("PrivateDevices=yes", "DevicePolicy=closed", "MemoryDenyWriteExecute=yes")
    cards = ("char-nvidia", "char-nvidia-uvm", "char-nvidia-caps", "char-drm")
    return ("DevicePolicy=closed", *(f"DeviceAllow={card} rw" for card in cards))


def _homes(wishes: UnitWishes) -> Sequence[str]:
    """Hide homes; what the program itself needs of them is bound back, read-only."""
    needed = {wishes.executable.parent.parent, Path(sys.base_prefix), Path(sys.prefix)}
    needed |= {wishes.executable.resolve().parent.parent}
    inside = sorted(str(path) for path in needed if str(path).startswith(_HOMES))
    outside = [path for path in (wishes.library_dir, wishes.data_dir) if path is not None]
    written = [str(path) for path in outside if str(path).startswith(_HOMES)]
    if not inside and not written:
        return ("ProtectHome=yes",)
    return (
        "ProtectHome=tmpfs",
        *(f"BindReadOnlyPaths={path}" for path in inside),
        *(f"BindPaths={path}" for path in written),
    )


# ---- Installation -----------------------------------------------------------------------------


def executable() -> Path:
    """Return the program that this process is, as a unit starts it."""
    beside = Path(sys.executable).with_name("tower-anime")
    found = shutil.which("tower-anime")
    if beside.is_file():
        return beside
    if found is None:
        raise BadInput("the program tower-anime is not beside its Python; install the package")
    return Path(found).absolute()


def install(text: str, *, folder: Path = UNIT_DIR) -> tuple[str, ...]:
    """Write the unit and let systemd start it; returns what was done and what is left to do."""
    file = folder / UNIT
    try:
        before = file.read_text(encoding="utf-8") if file.exists() else None
        if before != text:
            temporary = file.with_suffix(".new")
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(file)
    except OSError as error:
        raise StorageFull(
            f"{file} can't be written ({error.strerror}); run it as root, or use --print"
        ) from error
    done = f"{file} is as it was" if before == text else f"wrote {file}"
    commands = (("daemon-reload",), ("enable", UNIT), ("restart", UNIT))
    return (done, *_systemctl(commands, folder=folder))


def uninstall(*, folder: Path = UNIT_DIR) -> tuple[str, ...]:
    """Stop the service and remove its unit; data and library stay."""
    file = folder / UNIT
    if not file.exists():
        return (f"{file} is not there",)
    stopped = _systemctl((("disable", "--now", UNIT),), folder=folder)
    try:
        file.unlink()
    except OSError as error:
        raise StorageFull(f"{file} can't be removed ({error.strerror}); run it as root") from error
    reloaded = _systemctl((("daemon-reload",),), folder=folder)
    return (*stopped, f"removed {file}", *reloaded, "data and library were left where they are")


def _systemctl(commands: Sequence[Sequence[str]], *, folder: Path) -> tuple[str, ...]:
    """Run systemctl where systemd runs; else say what to do later."""
    program = shutil.which("systemctl")
    if folder != UNIT_DIR or program is None or not Path("/run/systemd/system").is_dir():
        return tuple(f"left to do: systemctl {' '.join(command)}" for command in commands)
    told = []
    for command in commands:
        done = subprocess.run(  # noqa: S603 - our own words, no shell
            [program, *command], capture_output=True, text=True, check=False
        )
        if done.returncode:
            reason = done.stderr.strip() or f"exit status {done.returncode}"
            raise BadInput(f"systemctl {' '.join(command)} fails: {reason}")
        told.append(f"systemctl {' '.join(command)}")
    return tuple(told)


def unit_wishes(settings: Settings, *, credentials: Sequence[str], **wishes: object) -> UnitWishes:
    """Return checked wishes from the command line's words and the settings."""
    pairs = []
    for text in credentials:
        name, sep, file = text.partition("=")
        if not sep:
            raise BadInput(f"a credential looks like TOWER_API_TOKEN=/path/to/file, not {text!r}")
        pairs.append((name.strip(), Path(file.strip())))
    given = UnitWishes(
        executable=executable(),
        library_dir=settings.library_dir,
        credentials=tuple(pairs),
        **wishes,  # type: ignore[arg-type]
    )
    return check_wishes(given)
