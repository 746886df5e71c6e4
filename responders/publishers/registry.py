"""The kinds of doors there are; a kind's code, and the client library behind it, is imported when it is used.

`dry_run` and `by_hand` are always there under their own names; everything else must be set up.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Final, Protocol, cast

import structlog
from pydantic import ValidationError

from monitor.config import Settings, SettingsError, explain
from monitor.config_layers import PREFIX, is_secret
from responders.publishers.closed import ClosedDoor
from responders.publishers.settings import DoorSettings
from responders.reply import ParentState, Published, ReplyTarget


class Publishes(Protocol):
    """What `build` gives: one door; its contract is `Publisher` in `responders/publishing.py`."""

    @property
    def by_person(self) -> bool:
        """Whether a person posts."""

    def publish(self, target: ReplyTarget, text: str) -> Published:
        """Post once."""

    def find_own(self, target: ReplyTarget, text: str, since: datetime) -> Published | None:
        """Look for our own reply."""

    def parent_state(self, target: ReplyTarget) -> ParentState:
        """Look whether the post is still there."""


class _Module(Protocol):
    """What a publisher's file offers."""

    SETTINGS: type[DoorSettings]
    build: Callable[[str, DoorSettings, Settings], Publishes]


@dataclass(frozen=True, slots=True, kw_only=True)
class KindInfo:
    """One kind of door: its file under `responders/publishers/`, the secrets it needs, and what it does."""

    name: str
    module: str
    description: str
    secrets: tuple[str, ...] = ()


_KINDS: Final = (
    KindInfo(name="dry_run", module="dry_run", description="posts nothing and says what it would have posted"),
    KindInfo(name="by_hand", module="by_hand", description="a person posts; the console gives text and link"),
    KindInfo(
        name="reddit",
        module="reddit",
        description="Reddit: a comment under a post or comment, as the account of an approved app",
        secrets=("client_secret", "password"),
    ),
    KindInfo(
        name="x",
        module="x",
        description="X: a reply to a post whose author mentioned or quoted the account",
        secrets=("api_key", "api_key_secret", "access_token", "access_token_secret"),
    ),
)
DOOR_KINDS: Final[Mapping[str, KindInfo]] = {kind.name: kind for kind in _KINDS}
ALWAYS: Final = ("dry_run", "by_hand")


def kinds() -> list[KindInfo]:
    """Every kind of door, the harmless ones first."""
    return list(_KINDS)


def settings_of(name: str, table: Mapping[str, object]) -> DoorSettings:
    """The table `[doors.<name>]` as its kind's settings; raises SettingsError that names the key."""
    try:
        return _module(name, table).SETTINGS.model_validate(dict(table))
    except ValidationError as error:
        missing = error.errors(include_input=False, include_url=False)[0]
        key = str(missing["loc"][0]) if missing["loc"] else ""
        if missing["type"] == "missing" and is_secret(key):
            variable = f"{PREFIX}DOORS__{name}__{key}".upper()
            msg = f'the setting "doors.{name}.{key}" is missing; set {variable} in the environment'
            raise SettingsError(msg) from error
        raise SettingsError(explain(error, "settings", prefix=f"doors.{name}")) from error


def build(name: str, table: Mapping[str, object], settings: Settings) -> Publishes:
    """The door of `[doors.<name>]`; no platform is spoken to yet. Raises SettingsError."""
    return _module(name, table).build(name, settings_of(name, table), settings)


def build_all(settings: Settings, *, strict: bool = True) -> dict[str, Publishes]:
    """Every door that is set up and enabled, and those that always are; raises SettingsError.

    Where not `strict`, a door that cannot be built is closed and says so in the log, and approved replies wait for it:
    a long-running publisher must not die of one door's missing secret.
    """
    doors: dict[str, Publishes] = {}
    for name, table in _tables(settings).items():
        try:
            if settings_of(name, table).enabled:
                doors[name] = build(name, table, settings)
        except SettingsError as error:
            if strict:
                raise
            doors[name] = ClosedDoor(why=str(error))
            structlog.get_logger("publisher").error("door.closed", door=name, why=str(error))
    if settings.replies.default_door not in doors:
        raise SettingsError(_no_default(doors))
    return doors


def examine(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Every door by itself: its name, what it does (or that it is off), and what is wrong with it or nothing.

    No platform is spoken to.
    """
    usable = []
    for name, table in _tables(settings).items():
        try:
            if not settings_of(name, table).enabled:
                yield name, "off (enabled = false)", ""
                continue
            build(name, table, settings)
        except SettingsError as error:
            yield name, "", str(error)
        else:
            usable.append(name)
            yield name, DOOR_KINDS[str(table["kind"])].description, ""
    if settings.replies.default_door not in usable:
        yield "default", "", _no_default(usable)


def _tables(settings: Settings) -> dict[str, Mapping[str, object]]:
    always: dict[str, Mapping[str, object]] = {name: {"kind": name} for name in ALWAYS}
    return always | dict(settings.doors)


def _no_default(doors: Iterable[str]) -> str:
    known = ", ".join(sorted(doors))
    return f'the setting "replies.default_door" names no door that is set up; there are {known}'


def _module(name: str, table: Mapping[str, object]) -> _Module:
    kind = table.get("kind")
    info = DOOR_KINDS.get(kind) if isinstance(kind, str) else None
    if info is None:
        known = ", ".join(DOOR_KINDS)
        wrong = "is missing" if kind is None else f'cannot be "{kind}"'
        msg = f'the setting "doors.{name}.kind" {wrong}; it is one of {known}'
        raise SettingsError(msg)
    return cast("_Module", import_module(f"responders.publishers.{info.module}"))
