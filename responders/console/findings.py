"""What the reply check found, shown: marks in the text, and the same in words with the reason and a better wording."""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from html import escape
from string import Formatter
from typing import Final

from classifiers.types import Finding
from responders.console.rendering import Mark, badge, inert, marked
from responders.console.words import DEFAULT, Words, sentences
from responders.promise_policy import REASONS
from responders.reply import CheckReport, Verdict
from responders.sameness import SAME_WORDS, TEMPLATE_ON_ANGER, reworded

_PARTS: Final = Formatter().parse
_KINDS = {Verdict.PASS: "good", Verdict.REVIEW: "care", Verdict.BLOCK: "bad"}


def marks(say: Words, report: CheckReport | None) -> list[Mark]:
    """The findings that have a place in the text, in the order of `listed`."""
    if report is None:
        return []
    return [
        Mark(start=finding.start, end=finding.end, severity=finding.severity.value, label=_label(say, finding))
        for finding in _sorted(report, say)
        if finding.start is not None and finding.end is not None
    ]


def draft(say: Words, text: str, report: CheckReport | None) -> str:
    """A draft that can only be read, its risky words marked and numbered."""
    return marked(text, marks(say, report))


def verdict(say: Words, report: CheckReport) -> str:
    """The verdict and the risk in a box each."""
    words = say(f"desk.verdict-{report.verdict.value}")
    return badge(words, kind=_KINDS[report.verdict]) + " " + badge(say("desk.risk", percent=round(report.risk * 100)))


def listed(say: Words, report: CheckReport) -> str:
    """Every finding with its number, category, reason and better wording."""
    notes = "".join(f'<p class="tf-note">{_note(say, sentence)}</p>' for sentence in report.notes)
    if not report.findings:
        # Only a pass may be told so: an incomplete check found nothing because it did not look.
        clear = not notes or report.verdict is Verdict.PASS
        return (f'<p class="tf-faint">{escape(say("desk.no-findings"))}</p>' if clear else "") + notes
    rows: list[str] = []
    number = 0
    for finding in _sorted(report, say):
        number += finding.start is not None
        prefix = f"<b>{number}.</b> " if finding.start is not None else ""
        quote = f" «{inert(_short(finding.text))}»" if finding.text else ""
        better = (
            f'<span class="tf-better">{escape(say("desk.better", text=""))}{inert(finding.suggestion)}</span>'
            if finding.suggestion
            else ""
        )
        severity = say.name("severity", finding.severity.value)
        name = escape(_name(say, finding))
        rows.append(
            f'<li class="tf-{finding.severity.value}"><div>{prefix}<b>{name}</b>'
            f" ({escape(severity)})<bdi>{quote}</bdi></div>"
            f'<div class="tf-text">{inert(finding.why)}</div>{better}</li>'
        )
    return f'<ol class="tf-findings">{"".join(rows)}</ol>{notes}'


def _sorted(report: CheckReport, say: Words) -> list[Finding]:
    """Findings with a place first, in the order of the text; those about the whole draft after them."""
    found = [_in_words(finding, say.language) for finding in report.findings]
    return sorted(found, key=lambda finding: (finding.start is None, finding.start or 0, finding.end or 0))


def _in_words(finding: Finding, language: str) -> Finding:
    """A stored finding with its reason in the reader's language, as its rule words it; unchanged where none does."""
    if language == DEFAULT:
        return finding
    if finding.rule in (SAME_WORDS, TEMPLATE_ON_ANGER):
        return reworded(finding, language)
    # Imported when somebody reads in another language: compiling the rules takes a second.
    from classifiers.reply_risk import default_rules, model_trust  # noqa: PLC0415 - see above
    from classifiers.rule_files import RuleFileBroken  # noqa: PLC0415 - see above

    try:
        rule = default_rules().rules.get(finding.rule)
        if rule is not None:
            return replace(
                finding,
                why=rule.why.get(language, finding.why),
                suggestion=rule.suggestion.get(language, finding.suggestion) if finding.suggestion else None,
            )
        reasons = model_trust().reasons[finding.category] if finding.rule.startswith("model/") else None
    except RuleFileBroken:
        return finding
    reasons = reasons or REASONS.get(finding.rule, {})
    return replace(finding, why=reasons.get(language, finding.why))


def _note(say: Words, sentence: str) -> str:
    """A note of the check in the reader's language, as HTML; as it stands where it is none that we know."""
    if say.language != DEFAULT:
        for key, known in _known_notes().items():
            match = known.fullmatch(sentence)
            if match:
                return say(key, **{name: inert(value) for name, value in match.groupdict().items()})
    return inert(sentence)


@cache
def _known_notes() -> Mapping[str, re.Pattern[str]]:
    """What each note looks like, made from its English sentence."""
    english = {key: sentence for key, sentence in sentences(DEFAULT).items() if key.startswith("check-note.")}
    return {
        key: re.compile(
            "".join(re.escape(words) + (f"(?P<{name}>.+)" if name else "") for words, name, _, _ in _PARTS(sentence)),
            re.DOTALL,
        )
        for key, sentence in english.items()
    }


def _label(say: Words, finding: Finding) -> str:
    return f"{_name(say, finding)}: {finding.why}"


def _name(say: Words, finding: Finding) -> str:
    """What a finding is about: its category, or its rule where that says it better."""
    key = f"finding.{finding.rule.rpartition('/')[2]}"
    return say(key) if finding.rule in (SAME_WORDS, TEMPLATE_ON_ANGER) else say.name("finding", finding.category.value)


def _short(text: str, limit: int = 60) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
