"""What a draft repeats: our last replies, and templates where the post is too angry and too specific for one."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from classifiers.types import Category, Finding, Severity
from monitor.mention import Handling, Lane, MentionId
from responders.reply import ReplyTarget
from responders.sameness import (
    ALIKE,
    ALIKE_FILLED,
    SAME_WORDS,
    SHORTEST,
    TEMPLATE_ON_ANGER,
    Spoken,
    particulars,
    reworded,
    sameness,
    share_said,
    words_of,
)
from responders.sample import TEMPLATES
from responders.templates import TemplateBook, fill, parse

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
BOOK = parse(TEMPLATES.read_bytes())
NO_BOOK = TemplateBook()
OURS = {
    "en": "We have asked the workshop about your kettle and they expect the part by the middle of next week, Nora.",
    "ru": "Мы спросили мастерскую про ваш чайник: деталь они ждут к середине следующей недели, тогда и позвоним, Нора.",
    "uk": "Ми запитали майстерню про ваш чайник: деталь чекають до середини наступного тижня, тоді подзвонимо, Норо.",
    "ar": "سألنا الورشة عن غلايتكم وهم ينتظرون وصول القطعة في منتصف الأسبوع القادم وسوف نتصل بكم عند وصولها يا نورا.",
}
ANGRY = "Third call to your manager, order 44182 since 12 May, and the kettle still leaks. Shame on you."


def post(text: str = ANGRY, *, mention: int = 1, sentiment: str | None = "negative") -> ReplyTarget:
    return ReplyTarget(
        mention_id=MentionId(mention),
        source="sample",
        platform="reddit",
        external_id="p1",
        parent_id=None,
        root_id=None,
        url=None,
        brand="marola",
        author="someone",
        author_name=None,
        title=None,
        text=text,
        text_hash="0" * 64,
        lang="en",
        intent="complaint",
        lane=Lane.PERSONAL,
        severity=40.0,
        handling=Handling.OPEN,
        created_at=NOW,
        due_at=None,
        edited_at=None,
        gone_at=None,
        sentiment=sentiment,
    )


def spoken(text: str, *, mention: int = 2, author: str = "olha", days: int = 3) -> Spoken:
    return Spoken(
        text=text,
        author=author,
        at=NOW - timedelta(days=days),
        mention_id=MentionId(mention),
        mention="My kettle leaks.",
        lang="en",
    )


def filled(key: str, lang: str = "en") -> str:
    return fill(
        BOOK.templates[key],
        lang,
        {"name": "Nora", "channel": "DM", "link": "https://marola.example", "brand": "Marola"},
    )


@pytest.mark.parametrize("lang", ["en", "ru", "uk", "ar"])
def test_the_words_of_a_last_reply_are_found_with_its_date_and_author(lang: str) -> None:
    again = OURS[lang].replace(OURS[lang].split()[-1], "Ann.")
    (finding,) = sameness(again, post(), lane=Lane.FLOW, spoken=[spoken(OURS[lang])], book=NO_BOOK)
    assert (finding.rule, finding.category, finding.severity) == (SAME_WORDS, Category.NO_EMPATHY, Severity.WARN)
    assert finding.start is None
    assert ALIKE <= finding.score <= 1
    assert "2026-02-27" in finding.why
    assert "olha" in finding.why
    assert f"{int(finding.score * 100)} %" in finding.why


@pytest.mark.parametrize("lang", ["en", "ru", "uk", "ar"])
def test_another_answer_about_the_same_thing_is_not_the_same_words(lang: str) -> None:
    other = {
        "en": "The part for your kettle has come to the workshop, Nora, and tomorrow somebody calls you about the day.",
        "ru": "Деталь для чайника уже в мастерской, Нора: завтра вам позвонят и спросят, какой день вам удобен.",
        "uk": "Деталь для чайника вже в майстерні, Норо: завтра вам подзвонять і спитають, який день зручний.",
        "ar": "وصلت قطعة الغلاية إلى الورشة يا نورا، وغدًا سيتصل بكم أحد زملائنا ليسأل عن اليوم الذي يناسبكم للزيارة.",
    }
    assert len(words_of(other[lang])) >= SHORTEST
    assert sameness(other[lang], post(), lane=Lane.FLOW, spoken=[spoken(OURS[lang])], book=NO_BOOK) == ()


def test_a_short_courtesy_may_be_repeated() -> None:
    courtesy = "Thank you, we have just sent you a DM."
    assert sameness(courtesy, post(), lane=Lane.FLOW, spoken=[spoken(courtesy)], book=NO_BOOK) == ()


def test_the_likest_reply_is_named_and_of_equals_the_latest() -> None:
    cut = " ".join([*OURS["en"].split()[:-4], "one", "two", "three", "four"])
    earlier, later = spoken(OURS["en"], author="first", days=9), spoken(OURS["en"], author="second", days=1)
    (finding,) = sameness(
        OURS["en"], post(), lane=Lane.FLOW, spoken=[spoken(cut, author="cut", days=0), earlier, later], book=NO_BOOK
    )
    assert "second" in finding.why
    assert finding.score == 1


def test_a_reply_to_the_same_post_is_no_repetition() -> None:
    assert (
        sameness(OURS["en"], post(mention=2), lane=Lane.FLOW, spoken=[spoken(OURS["en"], mention=2)], book=NO_BOOK)
        == ()
    )


@pytest.mark.parametrize("lang", ["en", "ru", "uk", "ar"])
def test_a_template_on_an_angry_and_specific_post_needs_a_second_person(lang: str) -> None:
    (finding,) = sameness(filled("delivery-late", lang), post(), lane=Lane.PERSONAL, spoken=[], book=BOOK)
    assert (finding.rule, finding.severity) == (TEMPLATE_ON_ANGER, Severity.REVIEW)
    assert '"delivery-late"' in finding.why
    assert "44182" in finding.why


@pytest.mark.parametrize(
    ("target", "lane"),
    [
        (post(sentiment="neutral"), Lane.PERSONAL),
        (post(sentiment=None), Lane.PERSONAL),
        (post("You are the worst shop ever, shame on you"), Lane.PERSONAL),
        (post(), Lane.FLOW),
    ],
    ids=["calm", "not judged", "names nothing", "flow lane"],
)
def test_elsewhere_a_template_is_welcome(target: ReplyTarget, lane: Lane) -> None:
    assert sameness(filled("delivery-late"), target, lane=lane, spoken=[], book=BOOK) == ()


def test_a_template_of_the_personal_level_only_warns() -> None:
    (finding,) = sameness(filled("safety-first"), post(), lane=Lane.PERSONAL, spoken=[], book=BOOK)
    assert finding.severity is Severity.WARN


def test_a_template_that_became_an_answer_of_its_own_is_none() -> None:
    own = (
        "Nora, three calls since 12 May and it still leaks: that would make anybody angry. I have your repair on my "
        "desk and ring the workshop myself now. " + filled("delivery-late")
    )
    assert sameness(own, post(), lane=Lane.PERSONAL, spoken=[], book=BOOK) == ()


def test_every_filled_template_is_known_again() -> None:
    for key, template in BOOK.templates.items():
        for lang, wording in template.wordings.items():
            words = words_of(filled(key, lang))
            if len(words) >= SHORTEST:
                assert share_said(words, words_of(wording.text)) >= ALIKE_FILLED, (key, lang)


def test_templates_of_different_matters_are_not_alike() -> None:
    for lang in ("en", "ru", "uk", "ar"):
        texts = [words_of(template.wordings[lang].text) for template in BOOK.templates.values()]
        assert all(share_said(one, other) < ALIKE_FILLED for one, other in pairwise(texts))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("order 44182, waiting since 12.05", ("44182", "12.05")),
        ("It died on Friday and your courier laughed", ("Friday", "courier")),
        ("The MX-200 leaks", ("MX-200",)),
        ("Вчера ваш менеджер нахамил", ("Вчера", "менеджер")),
        ("У п’ятницю кур’єрка кинула коробку", ("п’ятницю", "кур’єрка")),
        ("المندوب رفض يوم الخميس", ("المندوب", "الخميس")),
        ("انتظرت ٣ أسابيع", ("٣",)),
        ("You are all useless, never again", ()),
        ("Вы все ужасные", ()),
        ("Ви жахливі", ()),
        ("أنتم الأسوأ", ()),
    ],
)
def test_particulars_are_what_a_general_answer_would_miss(text: str, named: tuple[str, ...]) -> None:
    assert particulars(text) == named


def test_words_are_compared_without_case_marks_links_and_handles() -> None:
    assert words_of("Hello, @nora! SEE https://marola.example/a?b=1 – “now”") == ("hello", "see", "now")
    assert words_of("مُحَمَّدٌ أهلًا") == words_of("محمد اهلا")


def test_reasons_can_be_read_in_every_language_of_the_console() -> None:
    findings: list[Finding] = [
        *sameness(OURS["en"], post(), lane=Lane.FLOW, spoken=[spoken(OURS["en"])], book=NO_BOOK),
        *sameness(filled("delivery-late"), post(), lane=Lane.PERSONAL, spoken=[], book=BOOK),
    ]
    assert len(findings) == 2
    for finding in findings:
        assert reworded(finding, "en") == finding
        for lang in ("ru", "uk", "ar"):
            there = reworded(finding, lang)
            assert there.why != finding.why
            assert there.suggestion != finding.suggestion
            assert "{" not in there.why
            for value in ("olha", "2026-02-27") if finding.rule == SAME_WORDS else ("delivery-late", "44182"):
                assert value in there.why
    foreign = replace(findings[0], rule="insult/slur")
    assert reworded(foreign, "ru") == foreign


def test_values_from_outside_cannot_break_the_reason() -> None:
    text = 'Your manager ({named}) "and" {share} 50 % 12 May'
    (finding,) = sameness(filled("delivery-late"), post(text), lane=Lane.PERSONAL, spoken=[], book=BOOK)
    assert "50" in reworded(finding, "uk").why


@pytest.mark.parametrize("half", ["{{", "{%"])
def test_fields_that_never_end_cost_no_time(half: str) -> None:
    began = time.process_time()
    assert words_of(half * 10_000) == ()
    assert time.process_time() - began < 0.5
