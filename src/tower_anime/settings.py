"""Every setting with unit and range, read once.

Precedence: command line, environment (`TOWER_…`, nested with `__`), credentials of systemd
(`LoadCredential=TOWER_API_TOKEN:…`), `.env` in the working folder, `tower-anime.toml` in the
working folder, the same in the user's configuration folder, defaults.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import PlatformDirs
from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from tower_anime.domain.families import FAMILIES
from tower_anime.domain.rating import check_rating
from tower_anime.errors import BadInput

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token of RFC 9110

FILE_NAME = "tower-anime.toml"
DEFAULT_PORT = 44451
_dirs = PlatformDirs("tower-anime", appauthor=False)
_PREFIX, _ENV_FILE = "TOWER_", ".env"
_FILES = (Path(FILE_NAME), Path(_dirs.user_config_dir) / FILE_NAME)


class QualitySettings(BaseModel):
    """The bar. Left out, the profile's own figures hold (`still`: 0.7, 1024, 1024)."""

    threshold: float | None = Field(None, ge=0.0, le=1.0, description="score that passes, 0 to 1")
    min_width: int | None = Field(None, ge=1, le=16384, description="px")
    min_height: int | None = Field(None, ge=1, le=16384, description="px")


class DirectorSettings(BaseModel):
    """Language models and their limits. A model that is missing is replaced by another role's."""

    creative_direction: str = Field("qwen2.5-coder:32b", description="model for style and sessions")
    prompt_enhancement: str = Field("llama3.1:8b", description="model for prompts")
    quality_assessment: str = Field(
        "mixtral:8x7b", description="model for reviews when it can see and no other is named"
    )
    story_development: str = Field("gemma2:9b", description="model for stories")
    vision: str | None = Field(
        None,
        description="model that looks at pictures; default: any whose server says that it can",
    )
    num_ctx: int = Field(8192, ge=4096, le=1_048_576, description="context asked of Ollama, tokens")
    deadline_s: float = Field(30.0, gt=0.0, le=58.0, description="one question with its repair, s")
    budget_s: float = Field(
        55.0, gt=0.0, le=58.0, description="all director time of one generation, s"
    )
    shared_gpu: bool = Field(
        default=False,
        description="models and renderer share one card: unload one before the other works",
    )


class HttpSettings(BaseModel):
    """The HTTP server."""

    cors_origins: tuple[str, ...] = Field(
        (), description='other sites whose pages may call, as JSON: ["https://app.example"]'
    )
    max_body_mb: float = Field(4.0, gt=0.0, le=1024.0, description="JSON bodies, MiB")
    max_upload_mb: float = Field(128.0, gt=0.0, le=4096.0, description="files to assess, MiB")
    calls_per_s: float = Field(
        500.0, ge=0.0, le=100_000.0, description="calls from one address, 1/s; 0: no limit"
    )
    session_hours: float = Field(
        12.0, gt=0.0, le=8760.0, description="how long a browser stays logged in, h"
    )


class NotifySettings(BaseModel):
    """Who is told when something is approved, awaits review or is wrong."""

    webhook_urls: tuple[SecretStr, ...] = Field(
        (), description='addresses that get a POST of JSON, as JSON: ["https://…"]'
    )
    webhook_secret: SecretStr | None = Field(None, description="signs what is posted to them")
    urls: tuple[SecretStr, ...] = Field(
        (), description='addresses of apprise (extra `notify`), as JSON: ["mailto://…"]'
    )

    @field_validator("webhook_urls")
    @classmethod
    def _check_urls(cls, urls: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for url in urls:
            if not url.get_secret_value().startswith(("http://", "https://")):
                raise ValueError("a webhook's address begins with http:// or https://")
        return urls


class Settings(BaseSettings):
    """All settings. Secrets are never printed."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_nested_delimiter="__",
        env_file=_ENV_FILE,
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
    )

    data_dir: Path = Field(Path(_dirs.user_data_dir), description="database, artifacts, locks")
    database_url: str | None = Field(
        None, description="sqlite:////absolute/path or postgresql://…; default: in data_dir"
    )
    library_dir: Path | None = Field(
        None, description="where approved files go; default: data_dir/library"
    )
    jellyfin_url: str | None = Field(
        None, description="Jellyfin that shows the library, for example http://127.0.0.1:8096"
    )
    jellyfin_api_key: SecretStr | None = Field(
        None, description="its API key (dashboard, API keys)"
    )
    jellyfin_library_dir: str | None = Field(
        None, description="the library folder as Jellyfin sees it; default: the same path"
    )
    library_max_rating: str | None = Field(
        None, description="work rated above (or not rated) stays out of the library; PG-13, 16, …"
    )
    comfy_urls: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="ComfyUI servers, separated by commas; none: the built-in sandbox"
    )
    comfy_token: SecretStr | None = Field(None, description="bearer token for the ComfyUI servers")
    comfy_headers: dict[str, SecretStr] = Field(
        {}, description='sent with every call to them, as JSON: {"X-Api-Key": "…"}'
    )
    comfy_silence_limit_s: float = Field(
        300.0, ge=5.0, le=86_400.0, description="a running job without progress times out, s"
    )
    comfy_blind_limit_s: float = Field(
        14_400.0,
        ge=5.0,
        le=604_800.0,
        description="the same where no event stream gets through and only HTTP says it runs, s",
    )
    model_families: dict[str, str] = Field(
        {}, description='families of your model files, as JSON: {"my_mix*": "pony"}'
    )
    ollama_url: str | None = Field(None, description="Ollama, for example http://127.0.0.1:11434")
    openai_url: str | None = Field(
        None, description="a server with OpenAI's /v1/chat/completions; with or without /v1"
    )
    openai_api_key: SecretStr | None = Field(None, description="bearer token for that server")
    echo_url: str | None = Field(None, description="Echo Brain, for example http://127.0.0.1:8309")
    learning: bool = Field(
        default=True,
        description="begin with parameters and correct with changes that helped before",
    )
    director: DirectorSettings = Field(DirectorSettings(), description="language models")
    api_token: SecretStr | None = Field(None, description="demanded by the HTTP server when set")
    http: HttpSettings = Field(HttpSettings(), description="the HTTP server")
    notify: NotifySettings = Field(NotifySettings(), description="who is told")
    log_format: Literal["text", "json"] = Field(
        "text", description="of `serve` on stderr: text, or json with the generation's id"
    )
    concurrency: int = Field(4, ge=1, le=64, description="generations worked on at a time")
    quality: QualitySettings = Field(QualitySettings(), description="the bar")

    @field_validator("comfy_urls", mode="before")
    @classmethod
    def _split_urls(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(url.strip().rstrip("/") for url in value.split(",") if url.strip())
        return value

    @field_validator("comfy_urls")
    @classmethod
    def _check_urls(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        for url in urls:
            if not url.startswith(("http://", "https://")):
                raise ValueError(f"a server's address looks like http://127.0.0.1:8188, not {url}")
        return urls

    @field_validator("comfy_headers")
    @classmethod
    def _check_headers(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, value in headers.items():
            text = value.get_secret_value()
            if not _HEADER_NAME.fullmatch(name) or not text.isprintable() or not text.isascii():
                raise ValueError(f"the header {name!r} has a name or value that HTTP can't carry")
        return headers

    @field_validator("model_families")
    @classmethod
    def _check_families(cls, families: dict[str, str]) -> dict[str, str]:
        for pattern, name in families.items():
            if name not in FAMILIES:
                raise ValueError(
                    f"{pattern!r} is said to be {name!r}; there are: {', '.join(FAMILIES)}"
                )
        return families

    @field_validator("library_max_rating")
    @classmethod
    def _check_rating(cls, rating: str | None) -> str | None:
        try:
            return check_rating(rating) if rating and rating.strip() else None
        except BadInput as error:
            raise ValueError(str(error)) from error

    @field_validator("ollama_url", "openai_url", "echo_url", "jellyfin_url")
    @classmethod
    def _check_url(cls, url: str | None) -> str | None:
        if not url:
            return None
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"a server's address looks like http://127.0.0.1:11434, not {url}")
        return url

    @field_validator("data_dir", "library_dir")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path.expanduser().absolute() if path else None

    @property
    def store_url(self) -> str:
        """The database's address."""
        return self.database_url or f"sqlite:///{self.data_dir / 'tower.sqlite'}"

    @property
    def library_folder(self) -> Path:
        """The library's folder."""
        return self.library_dir or self.data_dir / "library"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is given
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources, strongest first."""
        return (
            init_settings,
            env_settings,
            *_credentials(settings_cls),
            dotenv_settings,
            *(TomlConfigSettingsSource(settings_cls, toml_file=file) for file in _FILES),
        )


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A setting for people's eyes. `value` None: it is not set; a secret only says that it is."""

    name: str
    value: str | None
    is_default: bool
    description: str


def shown(settings: Settings) -> tuple[Shown, ...]:
    """Return every setting; what may hold a secret, an address's password too, is hidden."""
    return tuple(_shown(settings, "TOWER_"))


def _shown(group: BaseModel, prefix: str) -> Iterator[Shown]:
    for name, field in type(group).model_fields.items():
        value = getattr(group, name)
        if isinstance(value, BaseModel):
            yield from _shown(value, f"{prefix}{name.upper()}__")
            continue
        yield Shown(
            name=f"{prefix}{name.upper()}",
            value=_plain(value),
            is_default=value == field.default,
            description=field.description or "",
        )


def _plain(value: object) -> str | None:
    if value is None or value in ((), {}):
        return None
    if isinstance(value, SecretStr):
        return "set (hidden)"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_plain(one)}" for key, one in value.items())
    if isinstance(value, tuple):
        return ", ".join(str(_plain(one)) for one in value)
    return re.sub(r"(?<=://)[^/@]*@", "…@", str(value))


def _credentials(kind: type[BaseSettings]) -> tuple[PydanticBaseSettingsSource, ...]:
    """Return the files that systemd hands us: a setting's variable is the file's name."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder or not Path(folder).is_dir():
        return ()
    return (SecretsSettingsSource(kind, secrets_dir=folder, case_sensitive=False),)


def read_settings(**overrides: Any) -> Settings:
    """Read all sources; `BadInput` names each setting that is wrong and what is allowed.

    `overrides` are the command line's; None means "not given".
    """
    given = {key: value for key, value in overrides.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = [
            f"{'TOWER_' + '__'.join(str(part).upper() for part in item['loc'])}: {item['msg']}"
            for item in error.errors(include_input=False)
        ]
        raise BadInput("settings that can't be used:\n  " + "\n  ".join(lines)) from None
    except (ValueError, OSError) as error:
        raise BadInput(f"the settings can't be read: {error}") from error


def current_settings() -> Settings:
    """Read all sources, as `read_settings` does, where one of them is new since the last call."""
    return _read_once(_sources())


@lru_cache(maxsize=1)
def _read_once(_sources: tuple[object, ...]) -> Settings:
    return read_settings()


def _sources() -> tuple[object, ...]:
    """Return what tells a change of the sources: the environment, the files' size and time."""
    set_here = (
        (key, value) for key, value in os.environ.items() if key.upper().startswith(_PREFIX)
    )
    return (Path.cwd(), *sorted(set_here), *(_stamp(file) for file in (Path(_ENV_FILE), *_FILES)))


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
