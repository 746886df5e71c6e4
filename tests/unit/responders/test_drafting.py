from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitor.mention import Handling, Lane, MentionId
from responders.drafting import choose_door, suggest, values_for
from responders.reply import ReplyTarget
from responders.sample import TEMPLATES
from responders.templates import parse

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
BOOK = parse(TEMPLATES.read_bytes())
VALUES = {"brand": "Marola", "channel": "DM", "link": "https://marola.example"}


def post(text: str, lang: str | None = "en", intent: str | None = None) -> ReplyTarget:
    return ReplyTarget(
        mention_id=MentionId(1),
        source="sample",
        platform="forum",
        external_id="p1",
        parent_id=None,
        root_id=None,
        url=None,
        brand="marola",
        author="xX_kettle_99",
        author_name=None,
        title=None,
        text=text,
        text_hash="",
        lang=lang,
        intent=intent,
        lane=Lane.FLOW,
        severity=10.0,
        handling=Handling.OPEN,
        created_at=NOW,
        due_at=None,
        edited_at=None,
        gone_at=None,
    )


@pytest.mark.parametrize(
    ("text", "lang", "intent", "key"),
    [
        ("Where is my order? The parcel has not moved since Monday", "en", "question", "order-status"),
        ("Где мой заказ, посылка не двигается с понедельника", "ru", "question", "order-status"),
        ("Де моє замовлення? Посилка стоїть з понеділка", "uk", "question", "order-status"),
        ("أين طلبي؟ الشحنة لم تتحرك", "ar", "question", "order-status"),
        ("Как оформить возврат чайника?", "ru", "question", "return-how"),
        ("Гарантійний ремонт де роблять?", "uk", "question", "warranty"),
        ("هل الضمان يشمل الفلتر؟", "ar", "question", "warranty"),
        ("The kettle arrived broken", "en", "complaint", "broken-on-arrival"),
        ("Thank you, I love it", "en", "praise", "thanks-praise"),
    ],
)
def test_the_template_that_fits_comes_first(text: str, lang: str, intent: str, key: str) -> None:
    first = suggest(post(text, lang, intent), BOOK, VALUES, lane=Lane.FLOW)[0]
    assert (first.template, first.lang, first.missing) == (key, lang, ())
    assert first.why


def test_a_personal_reply_begins_with_an_empty_page() -> None:
    angry = post("My order! Smoke, fire, broken again!", intent="complaint")
    assert suggest(angry, BOOK, VALUES, lane=Lane.PERSONAL) == ()
    asked = suggest(angry, BOOK, VALUES, lane=Lane.PERSONAL, even_personal=True)
    assert asked[0].template == "safety-first"


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Since when does a kettle burn a child's hand?", "en"),
        ("С каких пор чайник обжигает ребёнка?", "ru"),
        ("Відколи чайник обпікає дитину?", "uk"),
        ("منذ متى تحرق الغلاية طفلا؟", "ar"),
    ],
)
def test_the_same_intent_alone_makes_no_template_fit(text: str, lang: str) -> None:
    assert suggest(post(text, lang, "question"), BOOK, VALUES, lane=Lane.FLOW) == ()


def test_nothing_fits_an_urgent_post() -> None:
    fire = post("Smoke and fire, my child is injured, where is my order?", intent="question")
    assert suggest(fire, BOOK, VALUES, lane=Lane.PERSONAL, even_personal=True)
    assert suggest(fire, BOOK, VALUES, lane=Lane.PERSONAL, even_personal=True, urgent=True) == ()


def test_a_personal_template_is_not_offered_in_the_flow_lane() -> None:
    found = suggest(post("smoke and fire", intent="complaint"), BOOK, VALUES, lane=Lane.FLOW, limit=99)
    assert "safety-first" not in {suggestion.template for suggestion in found}


@pytest.mark.parametrize("lang", [None, "und", "de"])
def test_an_unknown_language_gets_no_template(lang: str | None) -> None:
    assert suggest(post("Where is my order?", lang, "question"), BOOK, VALUES, lane=Lane.FLOW) == ()


def test_nothing_fits_something_else() -> None:
    assert suggest(post("The weather is nice", intent="other"), BOOK, VALUES, lane=Lane.FLOW) == ()


def test_what_is_not_known_stays_open() -> None:
    first = suggest(post("Where is my order?", intent="question"), BOOK, {}, lane=Lane.FLOW)[0]
    assert first.missing == ("channel",)
    assert "{{ channel }}" in first.text


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ("Ада", "Ада"),
        ("Марія-Анна К", "Марія-Анна К"),
        ("ليلى", "ليلى"),
        ("xX_kettle_99", None),
        ("Best Deals http://x.example", None),
        ("{{ 7*7 }}", None),
        ("", None),
        (None, None),
    ],
)
def test_a_handle_is_no_name(shown: str | None, name: str | None) -> None:
    values = values_for(replace(post("x"), author_name=shown), brand="Marola", channel="DM", domain="marola.example")
    assert values["name"] == name
    assert values["link"] == "https://marola.example"


def test_the_door_that_serves_the_platform() -> None:
    doors: dict[str, dict[str, object]] = {
        "ours": {"kind": "reddit"},
        "hand": {"kind": "by_hand", "platforms": ["forum", "rss"]},
        "off": {"kind": "x", "enabled": False},
    }
    assert choose_door("reddit", doors, "dry_run") == "ours"
    assert choose_door("forum", doors, "dry_run") == "hand"
    assert choose_door("x", doors, "dry_run") == "dry_run"
    assert choose_door("dry_run", {"a": {"kind": "dry_run"}}, "by_hand") == "by_hand"
    assert choose_door("reddit", {}, "dry_run") == "dry_run"
