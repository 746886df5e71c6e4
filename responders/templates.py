"""Reply templates: parse, check, fill; one template, several languages. Pure: bytes in, values out.

A template file is JSONL, a row for each language of a key: `key`, `lang`, `level` (flow or personal), `intent`,
`topic` (words that a fitting post uses, in that language), `text`. A text may hold `{{ field }}`,
`{{ field | default("…") }}` and `{% if field %}…{% endif %}`, nothing else: it is words, not a program.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from jinja2 import TemplateSyntaxError, Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from classifiers.types import Intent
from monitor.mention import Lane

FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "name": "what the writer calls themselves",
        "brand": "our brand",
        "channel": "the private way to us",
        "link": "where the writer finds more, on a domain of ours",
        "product": "the thing that it is about",
        "order": "an order number that the writer made public",
        "city": "where it happened",
        "date": "a day that we may name",
    }
)
MAX_TEXT: Final = 5_000
MAX_VALUE: Final = 200
KEY: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
LANG: Final = re.compile(r"[a-z]{2}")
_ALLOWED: Final = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.If, nodes.Const)


class TemplateFault(Exception):
    """A template cannot be used as asked; the message names it and the remedy."""


class UnfilledField(TemplateFault):
    """A field of the template has no value; `name` is the field."""

    def __init__(self, name: str) -> None:
        super().__init__(f'the field "{name}" ({FIELDS.get(name, "unknown")}) is not filled in; give it a value')
        self.name = name


class _Unfilled(Undefined):
    """A field without a value: false in `{% if %}`, an error that names it where it would be written."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        raise UnfilledField(self._undefined_name or "")


class _LeftOpen(_Unfilled):
    """A field without a value, left as it stands: the reply check refuses it until a person fills it in."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"{{{{ {self._undefined_name} }}}}"


# Autoescape is off because replies are plain text: "&amp;" would be posted as such. Pages escape what they show.
_STRICT: Final = ImmutableSandboxedEnvironment(undefined=_Unfilled, autoescape=False)
_OPEN: Final = ImmutableSandboxedEnvironment(undefined=_LeftOpen, autoescape=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A template in one language; `topic` holds the words that a fitting post uses."""

    lang: str
    text: str
    topic: tuple[str, ...]
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One answer in several languages."""

    key: str
    level: Lane
    intent: Intent | None
    wordings: Mapping[str, Wording]


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row of a template file that was set aside, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateBook:
    """Every usable template of a file, and the rows that were not."""

    templates: Mapping[str, Template] = field(default_factory=dict)
    set_aside: tuple[BadRow, ...] = ()

    def missing(self, languages: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Keys that lack some of these languages, with the languages they lack."""
        wanted = tuple(languages)
        lacks = {
            key: tuple(lang for lang in wanted if lang not in template.wordings)
            for key, template in self.templates.items()
        }
        return {key: langs for key, langs in lacks.items() if langs}


class _RowFault(Exception):
    """A row cannot be used."""


def parse(content: bytes) -> TemplateBook:
    """Read a template file; a bad row costs only itself and is set aside with its line and reason."""
    templates: dict[str, Template] = {}
    bad: list[BadRow] = []
    for number, raw in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not raw.strip():
            continue
        try:
            key, level, intent, wording = _row(raw)
            _add(templates, key, level, intent, wording)
        except _RowFault as fault:
            bad.append(BadRow(line=number, reason=str(fault)))
    return TemplateBook(templates=MappingProxyType(templates), set_aside=tuple(bad))


def fill(template: Template, lang: str, values: Mapping[str, str | None]) -> str:
    """The template's words in one language; raises UnfilledField, or TemplateFault when it has no such language."""
    return _render(_STRICT, template, lang, values)


def fill_open(template: Template, lang: str, values: Mapping[str, str | None]) -> tuple[str, tuple[str, ...]]:
    """As `fill`, but a field without a value stays as `{{ field }}`; the second value names those."""
    text = _render(_OPEN, template, lang, values)
    fields = template.wordings[lang].fields
    given = _usable(values)
    return text, tuple(name for name in fields if name not in given and f"{{{{ {name} }}}}" in text)


def plain(value: str) -> str:
    """A value from outside as a piece of one line: no control or direction characters, no line breaks, not too long."""
    kept = "".join(
        character
        for character in unicodedata.normalize("NFC", value.replace("\n", " ").replace("\t", " "))
        if unicodedata.category(character) not in ("Cc", "Cs", "Co", "Cn")
        and (unicodedata.category(character) != "Cf" or character in "\u200c\u200d")
    )
    return " ".join(kept.split())[:MAX_VALUE].strip()


def _render(
    environment: ImmutableSandboxedEnvironment, template: Template, lang: str, values: Mapping[str, str | None]
) -> str:
    wording = template.wordings.get(lang)
    if wording is None:
        there = ", ".join(template.wordings)
        msg = f'the template "{template.key}" has no text in "{lang}"; it has {there}'
        raise TemplateFault(msg)
    return environment.from_string(wording.text).render(_usable(values)).strip()


def _usable(values: Mapping[str, str | None]) -> dict[str, str]:
    cleaned = {name: plain(value) for name, value in values.items() if value is not None and name in FIELDS}
    return {name: value for name, value in cleaned.items() if value}


def _row(raw: bytes) -> tuple[str, Lane, Intent | None, Wording]:
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError) as error:
        msg = "the row is not JSON in UTF-8"
        raise _RowFault(msg) from error
    if not isinstance(row, dict):
        msg = "the row is not a JSON object"
        raise _RowFault(msg)
    key, lang, text = (_text(row, name) for name in ("key", "lang", "text"))
    if not KEY.fullmatch(key):
        msg = f'the key "{key[:64]}" may hold only a-z, 0-9 and dashes'
        raise _RowFault(msg)
    if not LANG.fullmatch(lang):
        msg = f'"{lang[:16]}" is not a language code such as ru, uk, ar or en'
        raise _RowFault(msg)
    wording = Wording(lang=lang, text=text, topic=tuple(_text(row, "topic", "").split()), fields=_fields_of(text))
    return key, _level(_text(row, "level", "flow")), _intent(_text(row, "intent", "")), wording


def _text(row: Mapping[str, object], name: str, default: str | None = None) -> str:
    value = row.get(name, default)
    if not isinstance(value, str):
        wrong = f'the row has no "{name}"' if value is None else f'"{name}" must be a string'
        raise _RowFault(wrong)
    if name == "text" and not value.strip():
        msg = "the text is empty"
        raise _RowFault(msg)
    return value


def _level(name: str) -> Lane:
    try:
        return Lane(name)
    except ValueError as error:
        msg = f'"{name[:32]}" is no level; it is flow or personal'
        raise _RowFault(msg) from error


def _intent(name: str) -> Intent | None:
    try:
        return Intent(name) if name else None
    except ValueError as error:
        known = ", ".join(Intent)
        msg = f'"{name[:32]}" is no intent; it is one of {known}'
        raise _RowFault(msg) from error


def _fields_of(text: str) -> tuple[str, ...]:
    """The fields that a text uses, in order; raises _RowFault for anything that is more than words and fields."""
    if len(text) > MAX_TEXT:
        msg = f"the text is longer than {MAX_TEXT} characters"
        raise _RowFault(msg)
    try:
        tree = _STRICT.parse(text)
    except (TemplateSyntaxError, RecursionError) as error:
        msg = f"the text cannot be read as a template: {error}"
        raise _RowFault(msg) from error
    for node in tree.find_all(nodes.Node):
        harmless = isinstance(node, _ALLOWED) or (isinstance(node, nodes.Filter) and node.name == "default")
        if not harmless or (isinstance(node, nodes.Name) and node.ctx != "load"):
            msg = 'the text may hold {{ field }}, {{ field | default("…") }} and {% if field %} only'
            raise _RowFault(msg)
    used = tuple(dict.fromkeys(node.name for node in tree.find_all(nodes.Name)))
    unknown = [name for name in used if name not in FIELDS]
    if unknown:
        known = ", ".join(FIELDS)
        msg = f'the text uses the unknown field "{unknown[0]}"; there are {known}'
        raise _RowFault(msg)
    return used


def _add(templates: dict[str, Template], key: str, level: Lane, intent: Intent | None, wording: Wording) -> None:
    before = templates.get(key)
    if before is None:
        templates[key] = Template(
            key=key, level=level, intent=intent, wordings=MappingProxyType({wording.lang: wording})
        )
        return
    if wording.lang in before.wordings:
        msg = f'the template "{key}" has a text in "{wording.lang}" already'
        raise _RowFault(msg)
    if (before.level, before.intent) != (level, intent):
        msg = f'the template "{key}" has another level or intent in an earlier row'
        raise _RowFault(msg)
    wordings = MappingProxyType({**before.wordings, wording.lang: wording})
    templates[key] = Template(key=key, level=level, intent=intent, wordings=wordings)
