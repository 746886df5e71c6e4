"""A first `tactful.toml` out of a few answers. Pure, but for the one function that writes the file."""

import json
import os
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from monitor.config import Settings
from monitor.query import BrandQuery, QueryError

_DOMAIN: Final = re.compile(r"(?=.{1,253}$)([\w-]{1,63}\.)+[\w-]{2,63}", re.UNICODE)


class AnswerRefused(Exception):
    """An answer cannot be used: the key of the sentence to show, and what it tells of."""

    def __init__(self, key: str, **values: str) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What an administrator says about a first brand; lists are one entry a line."""

    name: str
    spellings: Sequence[str] = ()
    handles: Sequence[str] = ()
    domains: Sequence[str] = ()
    query: str = ""
    feed: str = ""


def lines(text: str) -> tuple[str, ...]:
    """The entries of a text with one a line; empty and doubled ones are left out."""
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def settings_text(answers: Answers) -> str:
    """The file's text; raises AnswerRefused. It is read back before it is given out, so it can be read."""
    name = answers.name.strip()
    if not name:
        raise AnswerRefused("settings.need-name")
    for domain in answers.domains:
        if not _DOMAIN.fullmatch(domain):
            raise AnswerRefused("settings.bad-domain", value=domain)
    feed = answers.feed.strip()
    if feed and (urlsplit(feed).scheme not in ("http", "https") or not urlsplit(feed).hostname):
        raise AnswerRefused("settings.bad-feed")
    try:
        BrandQuery.of(name, answers.query, spellings=answers.spellings)
    except QueryError as error:
        raise AnswerRefused("settings.bad-query-at", why=str(error)) from error
    entries: list[tuple[str, str | Sequence[str]]] = [
        ("name", name),
        ("query", answers.query.strip()),
        ("spellings", answers.spellings),
        ("domains", answers.domains),
        ("handles", [handle.lstrip("@") for handle in answers.handles]),
    ]
    text = "# Written by the console's settings page. tactful.example.toml shows every other setting.\n\n"
    text += f"[brands.{key_of(name)}]\n"
    text += "".join(f"{key} = {_value(value)}\n" for key, value in entries if value)
    if feed:
        text += f'\n[sources.forum]\nkind = "feed"\nurl = {_value(feed)}\n'
    try:
        Settings.model_validate(tomllib.loads(text))
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise AnswerRefused("settings.bad", why=str(error).splitlines()[0]) from error
    return text


def key_of(name: str) -> str:
    """A key for the brand's table: what of its name is ASCII, else `brand`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "brand"


def write(file: Path, text: str, *, replace: bool) -> Path | None:
    """Write the settings file whole or not at all; the one that it replaces is kept, and its new name is returned.

    Raises FileExistsError when there is a file and `replace` is false, OSError when the folder cannot be written.
    """
    backup: Path | None = None
    draft = file.with_name(f".{file.name}.new")
    draft.write_text(text, encoding="utf-8")
    if file.exists():
        if not replace:
            draft.unlink()
            raise FileExistsError(file)
        backup = backup_of(file)
        os.link(file, backup)
    draft.replace(file)
    return backup


def backup_of(file: Path) -> Path:
    """Where the present file will be kept: the first free name."""
    number = 1
    while file.with_name(f"{file.name}.{number}.bak").exists():
        number += 1
    return file.with_name(f"{file.name}.{number}.bak")


def _value(value: str | Sequence[str]) -> str:
    # JSON's strings are TOML's basic strings, but for DEL, which TOML wants escaped.
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return "[" + ", ".join(_value(item) for item in value) + "]"
