"""Reads the reply rules: one TOML file a category, `words.toml` for what all share. Wrong data is named.

The pattern language is that of regular expressions on folded text, with four shorthands that keep rules readable:
a blank stands for any run of blanks, commas, quotes and dashes inside a sentence; `~` for one to four words;
`@` for any ending of a word form; `{name}` for a pattern of `words.toml` or of the rule file's own `[words.LANG]`.
A pattern begins and ends at word borders; in Arabic each word may carry the clitics wa- and fa-.
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from classifiers.rule_engine import LanguageRule, Rule, Scope, Words
from classifiers.surface import LETTERS
from classifiers.types import Category, Severity

RULES_FOLDER: Final = Path(__file__).with_name("rules")
LANGUAGES: Final = ("en", "ru", "uk", "ar")

_GAP_BETWEEN: Final = r"(?:[\s,;:\-–—\"«»“”„()*_/]+)"
_FEW_WORDS: Final = rf"'?\w[\w']*(?:{_GAP_BETWEEN}'?\w[\w']*){{0,3}}?"
_CLITIC: Final = "[وف]?"
_MACRO: Final = re.compile(r"\{([a-z_]+)\}")
_PATTERN_FIELDS: Final = (
    "find",
    "unless_before",
    "unless_after",
    "unless_sentence",
    "unless_draft",
    "when_sentence",
    "when_mention",
    "unless_mention",
)
_RULE_FIELDS: Final = frozenset({"id", "severity", "score", "why", "suggestion", "scope", "detector", *LANGUAGES})
_LANGUAGE_FIELDS: Final = frozenset({*_PATTERN_FIELDS, "hits", "passes"})

Macros = Mapping[str, Sequence[str]]


class RuleFileBroken(Exception):
    """A rule file cannot be used; the message names the file, the rule and what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A draft that a rule must find (`hit`) or must leave alone, with the mention it answers where that matters."""

    rule: str
    lang: str
    hit: bool
    draft: str
    mention: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFiles:
    """Everything read from one folder of rules; `version` changes with every byte of it."""

    rules: Sequence[Rule]
    words: Mapping[str, Words]
    examples: Sequence[Example]
    version: str


def expanded(pattern: str, macros: Macros) -> str:
    """A pattern with its `{names}` replaced; raises KeyError for a name that nobody defined."""
    for _ in range(5):
        if not _MACRO.search(pattern):
            break
        pattern = _MACRO.sub(lambda m: "(?:" + "|".join(macros[m[1]]) + ")", pattern)
    return pattern


def regular_expression(pattern: str, lang: str) -> str:
    """One pattern with its shorthands replaced, without the word borders around it."""
    clitic = _CLITIC if lang == "ar" else ""
    parts, position, in_class = [clitic], 0, False
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            parts.append(pattern[position : position + 2])
            position += 2
            continue
        if pattern.startswith("(?P<", position):
            end = pattern.index(">", position) + 1
            parts.append(pattern[position:end])
            position = end
            continue
        if in_class:
            in_class = char != "]"
            parts.append(char.lower().translate(LETTERS))
        elif char == "[":
            in_class = True
            parts.append(char)
        elif char == " ":
            parts.append(_GAP_BETWEEN + clitic)
        elif char == "~":
            parts.append(_FEW_WORDS)
        elif char == "@":
            parts.append(r"[\w']*")
        else:
            parts.append(char.lower().translate(LETTERS))
        position += 1
    return "".join(parts)


def compiled(patterns: Sequence[str], lang: str, macros: Macros) -> re.Pattern[str]:
    """Any of the patterns, at word borders."""
    alternatives = "|".join(regular_expression(expanded(pattern, macros), lang) for pattern in patterns)
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)")


def load_rule_files(folder: Path = RULES_FOLDER) -> RuleFiles:
    """Read every rule; raises RuleFileBroken with one sentence for a file that is missing or wrong."""
    shared = _table(folder / "words.toml")
    words = {lang: _words(shared, lang, folder / "words.toml") for lang in LANGUAGES}
    rules: list[Rule] = []
    examples: list[Example] = []
    digest = hashlib.sha256()
    for category in Category:
        path = folder / f"{category.value}.toml"
        table = _table(path)
        macros = {lang: _strings_by_name(shared, lang) | _own_words(table, lang) for lang in LANGUAGES}
        for number, entry in enumerate(_entries(table, path), start=1):
            name = str(entry.get("id", f"number {number}"))
            try:
                rule, own = _rule(entry, category, macros)
            except (KeyError, ValueError, TypeError, re.error) as error:
                raise RuleFileBroken(f"{path.name}, rule {name}: {_reason(error)}") from error
            rules.append(rule)
            examples.extend(own)
    for path in sorted(folder.glob("*.toml")):
        digest.update(path.read_bytes())
    return RuleFiles(rules=rules, words=words, examples=examples, version=digest.hexdigest()[:12])


def _reason(error: Exception) -> str:
    return f"nothing is called {error}" if isinstance(error, KeyError) else str(error)


def _table(path: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RuleFileBroken(f"the rule file {path} cannot be read ({error.strerror}); restore it") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RuleFileBroken(f"the rule file {path} is not TOML: {error}") from error


def _entries(table: Mapping[str, object], path: Path) -> Sequence[Mapping[str, object]]:
    entries = table.get("rule")
    if not isinstance(entries, list) or not entries:
        raise RuleFileBroken(f"{path.name} holds no [[rule]]")
    return entries


def _strings(value: object, name: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f'"{name}" must be a list of strings')
    return value


def _strings_by_name(table: Mapping[str, object], lang: str) -> dict[str, Sequence[str]]:
    value = table.get(lang, {})
    if not isinstance(value, Mapping):
        raise TypeError(f'"{lang}" must be a table')
    return {str(name): _strings(patterns, str(name)) for name, patterns in value.items()}


def _own_words(table: Mapping[str, object], lang: str) -> dict[str, Sequence[str]]:
    words = table.get("words", {})
    if not isinstance(words, Mapping):
        raise RuleFileBroken('"words" must be a table by language')
    return _strings_by_name(words, lang)


def _words(shared: Mapping[str, object], lang: str, path: Path) -> Words:
    macros = _strings_by_name(shared, lang)
    try:
        return Words(
            you=compiled(macros["you"], lang, macros),
            negation=compiled(macros["neg"], lang, macros),
            condition=compiled(macros["condition"], lang, macros),
            announced=compiled(macros["announced"], lang, macros),
        )
    except (KeyError, re.error) as error:
        raise RuleFileBroken(f"{path.name}, {lang}: {_reason(error)}") from error


def _by_language(value: object, name: str) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(text, str) for text in value.values()):
        raise ValueError(f'"{name}" must hold one sentence by language')
    missing = set(LANGUAGES) - set(value)
    if missing:
        raise ValueError(f'"{name}" has no sentence in {", ".join(sorted(missing))}')
    return {str(lang): str(text) for lang, text in value.items()}


def _rule(entry: Mapping[str, object], category: Category, macros: Mapping[str, Macros]) -> tuple[Rule, list[Example]]:
    unknown = set(entry) - _RULE_FIELDS
    if unknown:
        raise ValueError(f"unknown field {', '.join(sorted(unknown))}")
    rule_id = f"{category.value}/{entry['id']}"
    languages: list[LanguageRule] = []
    examples: list[Example] = []
    for lang in LANGUAGES:
        part = entry.get(lang, {})
        if not isinstance(part, Mapping):
            raise TypeError(f'"{lang}" must be a table')
        if set(part) - _LANGUAGE_FIELDS:
            raise ValueError(f"unknown field {', '.join(sorted(set(part) - _LANGUAGE_FIELDS))} under {lang}")
        patterns = {
            name: compiled(_strings(part[name], name), lang, macros[lang]) for name in _PATTERN_FIELDS if name in part
        }
        if patterns:
            languages.append(LanguageRule(lang=lang, **patterns))
        for field, hit in (("hits", True), ("passes", False)):
            examples.extend(_example(rule_id, lang, hit, value) for value in _list(part.get(field, [])))
    return Rule(
        id=rule_id,
        category=category,
        severity=Severity(str(entry["severity"])),
        score=_score(entry["score"]),
        why=_by_language(entry["why"], "why"),
        suggestion=_by_language(entry["suggestion"], "suggestion") if "suggestion" in entry else {},
        scope=frozenset(Scope(name) for name in _strings(entry.get("scope", []), "scope")),
        languages=tuple(languages),
        detector=None if "detector" not in entry else str(entry["detector"]),
    ), examples


def _score(value: object) -> float:
    if not isinstance(value, int | float) or not 0 < value <= 1:
        raise ValueError('"score" must be a number in 0…1')
    return float(value)


def _list(value: object) -> Sequence[object]:
    if not isinstance(value, list):
        raise TypeError('"hits" and "passes" must be lists')
    return value


def _example(rule: str, lang: str, hit: bool, value: object) -> Example:
    if isinstance(value, str):
        return Example(rule=rule, lang=lang, hit=hit, draft=value, mention=None)
    if isinstance(value, Mapping) and isinstance(value.get("draft"), str):
        mention = value.get("mention")
        return Example(
            rule=rule, lang=lang, hit=hit, draft=str(value["draft"]), mention=None if mention is None else str(mention)
        )
    raise ValueError("an example must be a string or {mention, draft}")
