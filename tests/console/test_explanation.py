"""The words that decided are shown when somebody asks, safely, and where there are none a sentence says why."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape

import pytest
from streamlit.testing.v1 import AppTest

from classifiers.explain import Carrier
from classifiers.types import ModelUnavailable, UrgencyReason
from monitor.drift import CALM, URGENT, Head
from monitor.storage import schema, stored
from monitor.storage.schema import mentions
from responders import explaining
from responders.console import context
from responders.console.words import LANGUAGES, words
from responders.explaining import LONGEST, Explained, LazyExplainer
from tests.console.clicking import Desk, html_of
from tests.console.seed import LONG

JUDGED = {Head.SENTIMENT: "negative", Head.TOXICITY: "clean", Head.INTENT: "complaint", Head.URGENCY: CALM}
OF_LANGUAGE = {"en": "en-fire", "ru": "ru-refund", "uk": "uk-fraud", "ar": "ar-broken"}
MARK = re.compile(r'<mark class="tf-weight-(\d)" title="([^"]*)">(.*?)</mark>', re.DOTALL)


@dataclass(slots=True)
class Parrot:
    """Stands in for the model: the first word weighs most, the second half, the third hardly anything."""

    labels: dict[Head, str] = field(default_factory=lambda: dict(JUDGED))
    sign: UrgencyReason | None = None
    silent: bool = False
    revision: str = "1"
    asked: list[tuple[str, str]] = field(default_factory=list)

    def explain(self, text: str, lang: str) -> Explained:
        self.asked.append((text, lang))
        found = [
            Carrier(start=match.start(), end=match.end(), text=match.group(), weight=weight)
            for match, weight in zip(re.finditer(r"\S+", text), (0.6, 0.3, 0.03), strict=False)
        ]
        carriers = () if self.silent else tuple(found)
        return Explained(labels=self.labels, carriers=dict.fromkeys(Head, carriers), sign=self.sign)


@pytest.fixture
def parrot(monkeypatch: pytest.MonkeyPatch) -> Parrot:
    model = Parrot()
    monkeypatch.setattr(explaining, "load_explainer", lambda _folder: model)
    return model


@pytest.fixture
def opened(desk: Desk) -> Callable[..., AppTest]:
    def open_it(name: str, head: Head | None = None) -> AppTest:
        desk.sign_in("view")
        number = desk.world.mentions[name]
        at = desk.open("reply", mention=number)
        assert not at.exception
        at.session_state[f"decided-{number}"] = True
        at.run()
        if head is not None:
            at.segmented_control(key=f"decided-of-{number}").set_value(head).run()
        assert not at.exception
        return at

    return open_it


def captions(at: AppTest) -> str:
    return "\n".join(caption.value.replace("\\", "") for caption in at.caption)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_the_heaviest_word_has_the_strongest_mark_in_every_language(
    opened: Callable[..., AppTest], parrot: Parrot, language: str
) -> None:
    say = words(language)
    at = opened(OF_LANGUAGE[language], Head.SENTIMENT)
    text, lang = parrot.asked[0]
    assert lang == language
    page = html_of(at)
    first, second, third = text.split()[:3]
    points = [say("decided.points", count=count) for count in (60, 30, 3)]
    assert MARK.findall(page) == [("3", points[0], first), ("2", points[1], second), ("1", points[2], third)]
    assert '<div class="tf-text tf-weighed" dir="auto"><mark' in page
    assert say("decided.help", label=say("sentiment.negative")) in unescape(page)
    assert say("decided.title") in [box.label for box in at.expander]


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_each_judgement_is_offered_with_its_label(
    desk: Desk, opened: Callable[..., AppTest], parrot: Parrot, language: str
) -> None:
    say = words(language)
    parrot.labels[Head.URGENCY] = URGENT
    at = opened("en-fire")
    control = at.segmented_control(key=f"decided-of-{desk.world.mentions['en-fire']}")
    labels = [say(key) for key in ("sentiment.negative", "toxicity.clean", "intent.complaint", "urgency-label.urgent")]
    assert [option.content for option in control.proto.options] == [
        f"{say.name('head', head)}: {label}" for head, label in zip(Head, labels, strict=True)
    ]
    assert control.value is Head.URGENCY


def test_nothing_is_asked_before_the_box_is_opened_and_once_after(
    desk: Desk, opened: Callable[..., AppTest], parrot: Parrot
) -> None:
    desk.sign_in("view")
    at = desk.open("reply", mention=desk.world.mentions["ru-refund"])
    assert not parrot.asked
    assert not MARK.search(html_of(at))
    for head in Head:
        opened("ru-refund", head)
    assert len(parrot.asked) == 1


def test_hostile_text_stays_text(opened: Callable[..., AppTest], parrot: Parrot) -> None:
    parrot.labels[Head.TOXICITY] = "toxic"
    page = html_of(opened("en-hostile", Head.TOXICITY))
    assert parrot.asked
    assert MARK.findall(page)[0][2] == "&lt;script&gt;alert(1)&lt;/script&gt;&lt;img"
    ours = page[page.index("tf-weighed") :]
    assert not re.search(r"<(script|img)|\u202e|\u200b", ours)


def test_a_post_without_a_judgement_has_no_box(opened: Callable[..., AppTest], parrot: Parrot) -> None:
    at = opened("en-new")
    assert words("en")("decided.title") not in [box.label for box in at.expander]
    assert not parrot.asked


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_without_the_model_one_sentence_says_so(
    opened: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    def load(_folder: object) -> Parrot:
        raise ModelUnavailable("model.onnx cannot be read")

    monkeypatch.setattr(explaining, "load_explainer", load)
    at = opened("ru-refund")
    sentence = words(language)("decided.missing", why="model.onnx cannot be read")
    assert sentence in [warning.value.replace("\\", "") for warning in at.warning]
    assert not MARK.search(html_of(at))


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_where_no_single_word_decided_it_says_so(opened: Callable[..., AppTest], parrot: Parrot, language: str) -> None:
    say = words(language)
    parrot.silent = True
    at = opened("ru-refund", Head.SENTIMENT)
    assert say("decided.none", label=say("sentiment.negative")) in captions(at)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_an_urgency_that_came_from_a_sign_names_its_reason(
    opened: Callable[..., AppTest], parrot: Parrot, language: str
) -> None:
    say = words(language)
    parrot.labels[Head.URGENCY], parrot.sign = URGENT, UrgencyReason.SAFETY
    at = opened("en-fire")
    assert say("decided.sign", reason=say("urgency.safety")) in captions(at)
    assert not MARK.search(html_of(at))


def test_a_sign_says_nothing_about_the_other_heads(opened: Callable[..., AppTest], parrot: Parrot) -> None:
    parrot.labels[Head.URGENCY], parrot.sign = URGENT, UrgencyReason.SAFETY
    assert MARK.search(html_of(opened("en-fire", Head.SENTIMENT)))


def test_a_model_that_answers_otherwise_by_now_marks_nothing(opened: Callable[..., AppTest], parrot: Parrot) -> None:
    parrot.labels[Head.SENTIMENT] = "positive"
    at = opened("ru-refund", Head.SENTIMENT)
    assert words("en")("decided.differs", now="positive", then="negative") in captions(at)
    assert not MARK.search(html_of(at))


def test_the_answer_of_another_model_is_not_explained_by_ours(
    desk: Desk, opened: Callable[..., AppTest], parrot: Parrot
) -> None:
    with desk.database.write() as unit:
        unit.execute(schema.mentions.update().values(model="tactful+sentiment:house/tone"))
    assert words("en")("decided.other-model") in captions(opened("ru-refund", Head.SENTIMENT))
    assert not parrot.asked
    assert MARK.search(html_of(opened("ru-refund", Head.INTENT)))


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_a_text_beyond_reason_is_not_tried(opened: Callable[..., AppTest], parrot: Parrot, language: str) -> None:
    at = opened("en-long")
    assert words(language)("decided.too-long", count=f"{len(LONG):,}", most=f"{LONGEST:,}") in captions(at)
    assert not parrot.asked


def test_the_title_is_explained_with_the_text_and_hidden_characters_are_shown_on_demand(
    desk: Desk, opened: Callable[..., AppTest], parrot: Parrot
) -> None:
    number = desk.world.mentions["ru-refund"]
    with desk.database.write() as unit:
        unit.execute(mentions.update().where(mentions.c.id == number).values(title="Воз\u200bврат"))
        mention = stored.get(unit, number)
    assert mention is not None
    at = opened("ru-refund", Head.SENTIMENT)
    assert parrot.asked[0][0] == f"Воз\u200bврат\n\n{mention.text}"
    assert MARK.findall(html_of(at))[0][2] == "Возврат"
    at.toggle(key="reveal-thread").set_value(True).run()
    assert "U+200B" in MARK.findall(html_of(at))[0][2]


def test_the_console_explains_with_the_model_of_its_settings(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    del desk
    folders: list[object] = []

    def load(folder: object) -> Parrot:
        folders.append(folder)
        return Parrot()

    monkeypatch.setattr(explaining, "load_explainer", load)
    opened = context.console()
    opened.explainer.explain("Where is my order?", "en")
    assert folders == [opened.settings.model.folder]
    assert isinstance(opened.explainer, LazyExplainer)
