"""Write settings without touching what people wrote: a table at the end of `tactful.toml`, secrets in `.env`."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from monitor.config import PREFIX, SettingsError, is_secret

SECRET_MODE: Final = 0o600
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""A source's name: it must fit in a variable's name as well."""

TomlValue = str | int | float | bool | list[str]


def append_table(file: Path, path: str, values: Mapping[str, TomlValue]) -> None:
    """Add the table `[path]` at the end of a settings file, whole or not at all; a new file is made.

    Comments and order stay as they are. Raises SettingsError when the file cannot be written, or when a table of that
    name is there already.
    """
    try:
        before = file.read_text(encoding="utf-8-sig") if file.exists() else ""
        lines = [f"[{path}]", *(f"{key} = {toml(value)}" for key, value in values.items())]
        gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
        after = before + gap + "\n".join(lines) + "\n"
        tomllib.loads(after)
        _replace(file, after, mode=0o644)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"{file} cannot be changed: {reason}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: [{path}] cannot be added: {error}") from error


def add_secrets(folder: Path, path: str, values: Mapping[str, str]) -> Path:
    """Set the secrets of the table `path` in the folder's `.env`, readable by its owner only; the file's path.

    A variable that is there already gets the new value. Raises SettingsError.
    """
    file = folder / ".env"
    names = {PREFIX + "__".join((*path.split("."), key)).upper(): value for key, value in values.items()}
    try:
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        kept = [line for line in before.splitlines() if line.split("=", 1)[0].strip() not in names]
        after = "\n".join([*kept, *(f"{name}={quoted(value)}" for name, value in names.items())]) + "\n"
        _replace(file, after, mode=SECRET_MODE)
        back = dotenv_values(file, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"{file} cannot be changed: {reason}") from error
    if any(back.get(name) != value for name, value in names.items()):
        raise SettingsError(f"{file} cannot keep this secret; set the variable {next(iter(names))} yourself")
    return file


def toml(value: TomlValue) -> str:
    """A value in TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in escaped) + '"'


def quoted(value: str) -> str:
    """A secret as `.env` holds it; raises SettingsError for one of several lines."""
    if not value.isprintable():
        raise SettingsError("a secret is one line without control characters")
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def secret_keys(keys: Mapping[str, object]) -> list[str]:
    """The keys of a table that are secrets."""
    return [key for key in keys if is_secret(key)]


def _replace(file: Path, text: str, *, mode: int) -> None:
    """Write a file whole or not at all; one that is there keeps its mode, unless it is to hold secrets."""
    target = file.resolve()
    if target.exists() and mode != SECRET_MODE:
        mode = target.stat().st_mode & 0o777
    draft = target.with_name(f".{target.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        os.fchmod(stream.fileno(), mode)
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(target)
