"""Where settings come from, before they are checked: a TOML file, `.env`, a secrets folder, the environment.

Each layer is laid over the one before it in one tree, which remembers where each value came from, so that a complaint
about a value can name its place. Secrets are refused in the file, and values are never shown.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from dotenv import dotenv_values

PREFIX: Final = "TACTFUL__"
CONFIG_VARIABLE: Final = f"{PREFIX}CONFIG"
SECRET_WORDS: Final = ("secret", "password", "token", "webhook", "api_key", "private_key", "bearer")

SettingPath = tuple[str, ...]


class SettingsError(Exception):
    """A setting cannot be used: one sentence that names the file or key and the remedy."""


class Layers:
    """A tree of settings, and for each value the place it came from."""

    def __init__(self, file: Path) -> None:
        """Start with the settings file; raises SettingsError when it cannot be read or holds a secret."""
        self.file = file
        self.tree = _read_toml(file)
        self._origins: dict[SettingPath, str] = {}
        _refuse_secrets(self.tree, file)

    def lay(self, values: Mapping[str, str], place: str) -> None:
        """Lay variables over what is there; `place` says where they came from, `{name}` standing for the variable."""
        for name in sorted(values):
            if name.startswith(PREFIX) and name != CONFIG_VARIABLE:
                path = self._put(name, values[name])
                self._origins[path] = place.format(name=name)

    def origin(self, path: SettingPath) -> str:
        """Where the value at `path`, or the first one below it that is not from the file, came from."""
        for known, place in self._origins.items():
            shorter = min(len(known), len(path))
            if known[:shorter] == path[:shorter]:
                return place
        return str(self.file)

    def _put(self, name: str, value: str) -> SettingPath:
        parts = name[len(PREFIX) :].lower().split("__")
        if not all(parts):
            msg = f"the variable {name} names no setting; write {PREFIX}SECTION__KEY"
            raise SettingsError(msg)
        here = self.tree
        path: list[str] = []
        for part in parts[:-1]:
            table = _as_spelled(here, part)
            path.append(table)
            there = here.setdefault(table, {})
            if not isinstance(there, dict):
                msg = f'the variable {name} goes below "{".".join(path)}", which is a value and not a table'
                raise SettingsError(msg)
            here = there
        key = _as_spelled(here, parts[-1])
        if isinstance(here.get(key), dict):
            msg = f'the variable {name} names the table "{".".join((*path, key))}"; add __KEY for a setting in it'
            raise SettingsError(msg)
        here[key] = value if is_secret(key) else _value(value)
        return (*path, key)


def dotenv(folder: Path) -> Mapping[str, str]:
    """The variables of `.env` in a folder; none when there is no such file. Raises SettingsError."""
    file = folder / ".env"
    try:
        return {name: value for name, value in dotenv_values(file, interpolate=False).items() if value is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, error) from error


def secrets_folder(folder: Path) -> Mapping[str, str]:
    """Each file `secrets/TACTFUL__…` as a variable: its name, its content without outer white space."""
    values: dict[str, str] = {}
    directory = folder / "secrets"
    try:
        files = sorted(directory.iterdir()) if directory.is_dir() else []
    except OSError as error:
        raise _unreadable(directory, error) from error
    for file in files:
        if not file.name.upper().startswith(PREFIX) or not file.is_file():
            continue
        try:
            values[file.name.upper()] = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise _unreadable(file, error) from error
    return values


def is_secret(key: str) -> bool:
    """Whether a key's name says that its value is a secret (sources and doors name their own keys)."""
    return any(word in key.lower() for word in SECRET_WORDS) or key.lower() == "key"


def has_password(value: object) -> bool:
    """Whether a value is an address with a password in it, such as `postgresql://me:word@host/`."""
    if not isinstance(value, str) or "://" not in value:
        return False
    try:
        parts = urlsplit(value)
        return bool(parts.password) or "password=" in parts.query.lower()
    except ValueError:
        return False


def _read_toml(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        msg = f"{file}: there is no such settings file; copy tactful.example.toml to it"
        raise SettingsError(msg) from error
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, error) from error
    except tomllib.TOMLDecodeError as error:
        msg = f"{file}: the settings file is not TOML: {error}"
        raise SettingsError(msg) from error
    except RecursionError as error:
        msg = f"{file}: the settings file is nested too deeply; settings are two or three tables deep"
        raise SettingsError(msg) from error


def _unreadable(file: Path, error: OSError | UnicodeDecodeError) -> SettingsError:
    if isinstance(error, UnicodeDecodeError):
        return SettingsError(f"{file}: the file is not UTF-8; save it as UTF-8")
    return SettingsError(f"{file}: the file cannot be read: {error.strerror or error}")


def _refuse_secrets(value: object, file: Path, path: SettingPath = ()) -> None:
    """Raise SettingsError for the first secret in the file: a key named like one, or a password in an address."""
    if isinstance(value, Mapping):
        for key, below in value.items():
            _refuse_secrets(below, file, (*path, str(key)))
    elif path and (is_secret(path[-1]) or has_password(value)):
        variable = PREFIX + "__".join(part.upper().replace("-", "_") for part in path)
        what = "is a secret" if is_secret(path[-1]) else "holds a password"
        msg = f'{file}: "{".".join(path)}" {what}; keep it out of the file and set {variable} instead'
        raise SettingsError(msg)
    elif isinstance(value, list):
        for below in value:
            _refuse_secrets(below, file, path)


def _as_spelled(table: Mapping[str, object], part: str) -> str:
    """The key of `table` that a variable's part means: variables know neither capitals nor hyphens."""
    same = (key for key in table if key.lower().replace("-", "_") == part)
    return next(same, part)


def _value(text: str) -> object:
    """A list, number or boolean in TOML syntax; anything else is the text itself."""
    try:
        value: object = tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return text
    return value if isinstance(value, list | bool | int | float) else text
