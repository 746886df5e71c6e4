import pytest

from classifiers.language import LanguageGuesser
from classifiers.types import UNKNOWN_LANGUAGE

GUESSER = LanguageGuesser()


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Where is my refund? It has been two weeks now", "en"),
        ("Где мой возврат? Уже две недели прошло", "ru"),
        ("Де моє повернення? Вже два тижні минуло", "uk"),
        ("أين المبلغ المسترد؟ مر أسبوعان كاملان", "ar"),
        ("Wo bleibt meine Erstattung? Es sind schon zwei Wochen vergangen", "de"),
        ("پول من کجاست؟ دو هفته گذشته است و پاسخی ندادید", "fa"),
    ],
)
def test_the_language_of_a_sentence(text: str, lang: str) -> None:
    found = GUESSER.guess(text)
    assert found.label == lang
    assert 0.5 <= found.score <= 1.0


@pytest.mark.parametrize("text", ["", "  ", "😀😀", "12345 !!!", "https://shop.example/sale @shop #sale", "\x00"])
def test_without_words_the_language_is_unknown(text: str) -> None:
    found = GUESSER.guess(text)
    assert (found.label, found.score) == (UNKNOWN_LANGUAGE, 0.0)


def test_latin_product_names_do_not_sway_a_cyrillic_text() -> None:
    assert GUESSER.guess("Купив Samsung Galaxy Buds Pro, а чохол Premium Leather Case вже облазить").label == "uk"


def test_the_platform_settles_doubt() -> None:
    assert GUESSER.guess("ok", named="ru").label == "ru"
    assert GUESSER.guess("😀", named="uk-UA").label == "uk"


def test_the_platform_does_not_overrule_a_clear_text() -> None:
    assert GUESSER.guess("Спасибо большое, всё очень понравилось", named="en").label == "ru"


def test_a_named_language_we_do_not_serve_stays_unknown() -> None:
    assert GUESSER.guess("ok", named="pt").label == UNKNOWN_LANGUAGE


def test_the_same_text_gets_the_same_digits() -> None:
    text = "Terrible service. The parcel came broken and nobody answers, I want my money back!"
    assert len({GUESSER.guess(text).score for _ in range(50)}) == 1
