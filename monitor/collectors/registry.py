"""The kinds of sources there are; a kind's code, and the client library behind it, is imported when it is used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Final, Protocol, cast

from pydantic import ValidationError

from monitor.collectors.settings import Ledger, SourceSettings
from monitor.config import PREFIX, Settings, SettingsError, explain, is_secret
from monitor.mention import Batch, Cursor, SourceName


class Collects(Protocol):
    """What `build` gives: it brings what is new since a cursor."""

    def fetch(self, cursor: Cursor, *, now: datetime) -> Batch:
        """Fetch once; raises the errors of `monitor.errors`."""
        ...


class _Module(Protocol):
    """What a collector's file offers."""

    SETTINGS: type[SourceSettings]
    build: Callable[[SourceName, SourceSettings, Settings, Ledger | None], Collects]


@dataclass(frozen=True, slots=True, kw_only=True)
class KindInfo:
    """One kind of source: its file under `monitor/collectors/`, the secrets it needs, and what it brings."""

    name: str
    module: str
    description: str
    secrets: tuple[str, ...] = ()

    @property
    def needs_key(self) -> bool:
        """Whether the platform asks for credentials."""
        return bool(self.secrets)


_KINDS: Final = (
    KindInfo(name="replay", module="replay", description="posts of a JSONL file, played again in simulated time"),
    KindInfo(name="feed", module="feed", description="RSS, Atom and JSON Feed, comment feeds included"),
    KindInfo(
        name="reddit",
        module="reddit",
        description="Reddit: search, subreddits' comments, comment trees, inbox mentions and replies",
        secrets=("client_secret",),
    ),
    KindInfo(
        name="x",
        module="x",
        description="X: recent search or an account's mentions, within a spending cap",
        secrets=("bearer_token",),
    ),
)
SOURCE_KINDS: Final[Mapping[str, KindInfo]] = {kind.name: kind for kind in _KINDS}


def kinds() -> list[KindInfo]:
    """Every kind of source, those that need no key first."""
    return sorted(SOURCE_KINDS.values(), key=lambda kind: kind.needs_key)


def settings_class(kind: str) -> type[SourceSettings]:
    """What a source of some kind may set, for a form that asks for it; raises SettingsError for an unknown kind."""
    return _module("<name>", {"kind": kind}).SETTINGS


def settings_of(name: str, table: Mapping[str, object]) -> SourceSettings:
    """The table `[sources.<name>]` as its kind's settings; raises SettingsError that names the key."""
    try:
        return _module(name, table).SETTINGS.model_validate(dict(table))
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        key = str(fault["loc"][0]) if fault["loc"] else ""
        if fault["type"] == "missing" and is_secret(key):
            variable = f"{PREFIX}SOURCES__{name}__{key}".upper()
            raise SettingsError(f'the secret "sources.{name}.{key}" is missing; set {variable}') from error
        raise SettingsError(explain(error, "settings", prefix=f"sources.{name}")) from error


def build(
    name: SourceName, table: Mapping[str, object], settings: Settings, *, ledger: Ledger | None = None
) -> Collects:
    """The collector of `[sources.<name>]`; nothing is fetched yet.

    `ledger` says what the source has cost; kinds that cost money are not built without it.
    Raises SettingsError.
    """
    return _module(name, table).build(name, settings_of(name, table), settings, ledger)


def _module(name: str, table: Mapping[str, object]) -> _Module:
    kind = table.get("kind")
    info = SOURCE_KINDS.get(kind) if isinstance(kind, str) else None
    if info is None:
        known = ", ".join(SOURCE_KINDS)
        wrong = "is missing" if kind is None else f'cannot be "{kind}"'
        raise SettingsError(f'the setting "sources.{name}.kind" {wrong}; it is one of {known}')
    return cast("_Module", import_module(f"monitor.collectors.{info.module}"))
