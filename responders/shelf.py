"""The answers that a brand has in files, read once: templates, common questions, and those that meanings start from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from monitor.config import Settings
from monitor.mention import Lane
from responders.drafting import Entry, Source, entries
from responders.knowledge import AnswerBook, parse_answers
from responders.sample import FAQ, TEMPLATES
from responders.templates import TemplateBook, parse


class ShelfFault(Exception):
    """A file of answers cannot be read; the message names it and the setting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Templates and common answers, with the times (UTC) at which their files were last changed.

    `reference` are the sample brand's, which say the same in every language, whatever the brand.
    """

    templates: TemplateBook
    answers: AnswerBook
    filed: Mapping[Source, datetime]
    reference: tuple[Entry, ...]


def shelf_of(settings: Settings) -> Shelf:
    """The answers under these settings; an invented shop's answers are given to the sample brand only.

    Raises ShelfFault when a file cannot be read.
    """
    templates = settings.replies.templates or TEMPLATES
    answers = settings.replies.faq or (FAQ if settings.sample else None)
    book, changed = _read(templates, "replies.templates")
    filed = {Source.TEMPLATE: changed}
    answer_book = AnswerBook()
    if answers is not None:
        content, filed[Source.FAQ] = _read(answers, "replies.faq")
        answer_book = parse_answers(content)
    return Shelf(templates=parse(book), answers=answer_book, filed=filed, reference=reference())


def reference() -> tuple[Entry, ...]:
    """What the sample brand is asked, in every language alike; see `drafting.middles`."""
    own, answers = parse(TEMPLATES.read_bytes()), parse_answers(FAQ.read_bytes())
    return entries(own, answers, (), {}, lane=Lane.PERSONAL, filed={})


def _read(file: Path, setting: str) -> tuple[bytes, datetime]:
    try:
        return file.read_bytes(), datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except OSError as error:
        msg = f"{file}: the answers cannot be read ({error.strerror}); see the setting {setting}"
        raise ShelfFault(msg) from error
