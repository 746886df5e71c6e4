"""What the check notes is read in the language of whoever reads it."""

import re
from datetime import UTC, datetime

import pytest

from classifiers.reply_risk import Reply, ReplyJudge, default_rules
from classifiers.types import RiskReport
from monitor.mention import Lane
from responders.check import SHIPPED_POLICY
from responders.compliance import decide, parse_policy
from responders.console import findings
from responders.console.words import sentences, words
from responders.reply import CheckReport, Verdict

TEXT = SHIPPED_POLICY.read_text(encoding="utf-8")
SCRIPTS = {"ru": r"[а-яё]", "uk": r"[а-яіїєґ]", "ar": r"[\u0600-\u06ff]"}
WANTED = TEXT.replace('least = "pass"', 'least = "review"').replace('unknown = "near"', 'unknown = "far"')


def noted(text: str = "We.", *, followers: int | None = 5, complete: bool = True) -> tuple[str, ...]:
    report = RiskReport(risk=0.1, findings=(), model="m", revision="r", complete=complete)
    policy = parse_policy(WANTED)
    return decide(report, lane=Lane.FLOW, platform="x", followers=followers, policy=policy, text=text).notes


def judged(draft: str, mention: str | None = None) -> tuple[str, ...]:
    judge = ReplyJudge(rules=default_rules(), encoder=None, missing="only the rules judged this draft: no <model>")
    return judge.assess([Reply(draft=draft, mention=mention)])[0].notes


NOTES = sorted(
    {
        *noted(complete=False),
        *noted("a" * 1285),
        *noted("See https://brand.example"),
        *noted(followers=12_000),
        *noted(followers=None),
        *judged("a " * 6_000),
        *judged("We \u202ewill"),
        *judged("<b>We</b> will."),
        *judged("We will.", "Wo bleibt denn mein Paket, bitte schauen Sie doch einmal nach"),
        "the check took longer than 2 seconds; a person must decide",
    }
)


def shown(sentence: str, language: str) -> str:
    report = CheckReport(
        verdict=Verdict.REVIEW,
        risk=0.1,
        findings=(),
        policy="p",
        model="m",
        revision="r",
        checked_at=datetime(2026, 3, 2, tzinfo=UTC),
        notes=(sentence,),
    )
    return findings.listed(words(language), report)


def test_the_notes_are_many_kinds() -> None:
    known = {key for key, form in findings._known_notes().items() if any(form.fullmatch(note) for note in NOTES)}
    left = {key for key in sentences("en") if key.startswith("check-note.")} - known
    assert left == {"check-note.too-long", "check-note.no-language"}, "those two need the model, or luck"


@pytest.mark.parametrize("language", list(SCRIPTS))
@pytest.mark.parametrize("note", NOTES)
def test_every_note_is_said_in_the_reader_s_language(note: str, language: str) -> None:
    said = re.sub(r"<.*?>", "", shown(note, language))
    assert re.search(SCRIPTS[language], said)
    assert not re.search(r"[a-z]{5,} [a-z]{2,}", said.replace("only the rules judged this draft", "")), said
    numbers = re.findall(r"\d[\d,.]*\d|\d", note)
    assert all(number in said for number in numbers)


def test_a_note_that_nobody_knows_stays_as_it_is() -> None:
    assert "something new &lt;b&gt;" in shown("something new <b>", "ru")
    assert "no &lt;model&gt;" in shown("only the rules judged this draft: no <model>", "ru")
    assert "<model>" not in shown("only the rules judged this draft: no <model>", "ar")


def test_in_english_a_note_is_as_the_check_said_it() -> None:
    for note in NOTES:
        assert re.sub(r"<[^>]*>", "", shown(note, "en")).startswith(note.split("<")[0].split('"')[0])
