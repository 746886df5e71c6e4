"""The words that carried a judgement, with the shipped model."""

import random
from collections.abc import Collection

import pytest

from classifiers.encoder import Encoder
from classifiers.explain import HEADS, MOST_PIECES, explain
from classifiers.heads import softmax

TEXTS = (
    ("en", "The delivery was two weeks late and the box was torn, honestly a disgrace."),
    ("en", "I love this blender, the best thing I have bought all year."),
    ("ru", "Заказ так и не привезли, на звонки никто не отвечает, ужасный сервис."),
    ("ru", "Огромное спасибо мастеру Олегу, всё починил за полчаса!"),
    ("uk", "Гроші зняли двічі, а підтримка мовчить уже четвертий день."),
    ("uk", "Дуже смачна кава і привітні бариста, прийдемо ще."),
    ("ar", "الطلب تأخر أسبوعين والصندوق وصل مكسور، خدمة سيئة جدا."),
    ("ar", "شكرا لكم على سرعة التوصيل والتعامل الراقي."),
)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load()


def test_deleting_the_named_words_costs_the_label_more_than_deleting_others(encoder: Encoder) -> None:
    rng = random.Random(7)  # noqa: S311 - drawing words, not secrecy
    named, drawn = 0.0, 0.0
    for lang, text in TEXTS:
        carriers = explain(text, lang, encoder)["sentiment"][:2]
        gone = {(carrier.start, carrier.end) for carrier in carriers}
        words = [(text.find(word), text.find(word) + len(word)) for word in text.split()]
        others = rng.sample([word for word in words if word not in gone], len(gone))
        before, after, other = (
            output.sentiment for output in encoder.run([text, _without(text, gone), _without(text, others)])
        )
        label = max(range(len(before)), key=before.__getitem__)
        named += softmax(before)[label] - softmax(after)[label]
        drawn += softmax(before)[label] - softmax(other)[label]
    assert named > 2 * max(drawn, 0.0) + 0.1


def test_places_are_those_of_the_text_as_given(encoder: Encoder) -> None:
    text = "<b>You</b> are\u200b an absolute id\u200biot, all of you."
    carriers = explain(text, "en", encoder)["toxicity"]
    assert carriers
    assert all(text[carrier.start : carrier.end] == carrier.text for carrier in carriers)
    assert "id\u200biot" in carriers[0].text


def test_a_long_text_is_narrowed_down_to_words(encoder: Encoder) -> None:
    dull = "We went to the shop on the corner and bought some bread and milk for the week. " * 3
    # One word must carry it: of several that say the same none is missed when it alone is left out.
    text = f"{dull}The bread was terrible. {dull}"
    assert len(text.split()) > 2 * MOST_PIECES
    carriers = explain(text, "en", encoder)["sentiment"]
    assert carriers
    assert carriers[0].text == "terrible."


@pytest.mark.parametrize("text", ["", " \n", "\u2800"])
def test_nothing_said_is_carried_by_nothing(encoder: Encoder, text: str) -> None:
    assert explain(text, "und", encoder) == dict.fromkeys(HEADS, ())


def _without(text: str, parts: Collection[tuple[int, int]]) -> str:
    for start, end in sorted(parts, reverse=True):
        text = text[:start] + text[end:]
    return text
