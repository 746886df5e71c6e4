"""What a brand answers to common questions: parse and check. Pure: bytes in, values out.

A file of answers (FAQ) is JSONL, a row for each language of a key: `key`, `lang`, `question`, `answer`, and `updated`
(`YYYY-MM-DD`) where somebody knows when it was last true. Answers are words, not templates: no fields.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from responders.templates import KEY, LANG, MAX_TEXT, BadRow

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIELDS: Final = ("key", "lang", "question", "answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One question with its answer in one language; `updated` is the day it was last looked at, None: nobody says."""

    key: str
    lang: str
    question: str
    text: str
    updated: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerBook:
    """Every usable row of a file of answers, and the rows that were not."""

    answers: tuple[Answer, ...] = ()
    set_aside: tuple[BadRow, ...] = ()


class _RowFault(Exception):
    """A row cannot be used."""


def parse_answers(content: bytes) -> AnswerBook:
    """Read a file of answers; a bad row costs only itself and is set aside with its line and reason."""
    answers: dict[tuple[str, str], Answer] = {}
    bad: list[BadRow] = []
    for number, raw in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not raw.strip():
            continue
        try:
            answer = _answer(raw)
        except _RowFault as fault:
            bad.append(BadRow(line=number, reason=str(fault)))
            continue
        if answers.setdefault((answer.key, answer.lang), answer) is not answer:
            reason = f'the answer "{answer.key}" has a text in "{answer.lang}" already'
            bad.append(BadRow(line=number, reason=reason))
    return AnswerBook(answers=tuple(answers.values()), set_aside=tuple(bad))


def _answer(raw: bytes) -> Answer:
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _RowFault("the row is not JSON in UTF-8") from error
    if not isinstance(row, dict):
        raise _RowFault("the row is not a JSON object")
    key, lang, question, text = (_text(row, name) for name in _FIELDS)
    if not KEY.fullmatch(key):
        raise _RowFault(f'the key "{key[:64]}" may hold only a-z, 0-9 and dashes')
    if not LANG.fullmatch(lang):
        raise _RowFault(f'"{lang[:16]}" is not a language code such as ru, uk, ar or en')
    return Answer(key=key, lang=lang, question=question, text=text, updated=_day(row.get("updated")))


def _text(row: Mapping[str, object], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise _RowFault(f'the row has no "{name}"' if value is None else f'"{name}" must be a text with words')
    if len(value) > MAX_TEXT:
        raise _RowFault(f'"{name}" is longer than {MAX_TEXT} characters')
    return value.strip()


def _day(value: object) -> date | None:
    if value is None:
        return None
    fault = _RowFault(f'"updated" must be a day such as 2026-03-02, not "{str(value)[:32]}"')
    # `fromisoformat` alone takes other notations too, and "20260302.5" for a day.
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise fault
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise fault from error
