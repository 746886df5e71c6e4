import io
import re
from collections import Counter

import pytest

from classifiers.legible import legible
from classifiers.text import clean
from classifiers.training.attacks import (
    PLAIN,
    AttackFigures,
    Item,
    Sentence,
    attack_figures,
    drawn,
    items,
    print_table,
    sentences,
)

LANGUAGES = ("en", "ru", "uk", "ar")


def test_every_language_has_its_sentences() -> None:
    written = sentences()
    assert Counter((s.lang, s.toxic) for s in written) == {
        (lang, toxic): 16 if toxic else 12 for lang in LANGUAGES for toxic in (True, False)
    }
    assert len({s.text for s in written}) == len(written)
    assert all(s.text.count(s.word) == 1 for s in written)


def test_there_are_enough_items_of_every_language() -> None:
    given = items(sentences())
    by_language = Counter(item.lang for item in given)
    assert min(by_language[lang] for lang in LANGUAGES) >= 400
    assert len({(item.sentence, item.disguise) for item in given}) == len(given)
    assert len({item.text for item in given}) == len(given)
    assert given == items(sentences())


def disguised(lang: str, word: str) -> dict[str, str]:
    found = items([Sentence(lang=lang, text=f"< {word} >", word=word, toxic=True)])
    return {item.disguise: item.text.removeprefix("< ").removesuffix(" >") for item in found}


def test_disguises_of_a_latin_word() -> None:
    found = disguised("en", "moron")
    assert found[PLAIN] == "moron"
    assert found["look-alikes"] == "m\u043e\u0433\u043e\u043f"
    assert found["compatible forms"] == "\uff4d\uff4f\uff52\uff4f\uff4e"
    assert found["zero width"] == "m\u200bo\u200cr\u2060o\ufeffn"
    assert found["soft hyphens"] == "m\u00ado\u00adr\u00ado\u00adn"
    assert found["backwards"] == "\u202enorom\u202c"
    assert found["combining marks"] == "m\u0301o\u0308r\u0330o\u0336n\u0301"
    assert found["stretched"] == "mooooron"
    assert found["leetspeak"] == "m0r0n"
    assert found["mixed case"] == "mOrOn"
    assert found["spaced out"] == "m o r o n"
    assert found["blanks"] == "m\u2800o\u00a0r\u2800o\u00a0n"
    assert found["dots"] == "m.o.r.o.n"
    assert found["asterisk inside"] == "mo*ron"
    assert found["letter masked"] == "m*ron"
    assert found["entities"] == "&lt; &#109;&#111;&#114;&#111;&#110; &gt;"
    assert found["tags"] == "&lt; mo<b></b>ron &gt;"
    assert "tatweel" not in found


def test_a_disguise_that_changes_nothing_is_no_item() -> None:
    cyrillic, arabic = disguised("uk", "\u0433\u043d\u0438\u0434\u0438"), disguised("ar", "\u0643\u0644\u0628")
    assert "compatible forms" not in cyrillic
    assert "mixed case" not in arabic
    assert "leetspeak" not in arabic
    assert arabic["tatweel"] == "\u0643\u0640\u0644\u0640\u0628"
    assert arabic["look-alikes"] == "\u06a9\u0644\u0628"
    assert arabic["compatible forms"] == "\ufed9\ufedd\ufe8f"
    assert arabic["backwards"] == "\u202d\u0628\u0644\u0643\u202c"


def test_what_the_model_reads_is_the_plain_sentence() -> None:
    undone = {"zero width", "soft hyphens", "bidi marks", "backwards", "dots", "tags", "tatweel"}
    undone |= {"entities", "mixed case", "compatible forms", "spaced out", "blanks"}
    apart = {"dots", "spaced out", "blanks"}
    written = sentences()
    # "p.i.g" could be an abbreviation; beside a word of one letter nothing tells whose letter it is ("a c r e t i n").
    doubtful = {
        number
        for number, one in enumerate(written)
        if (len(one.word) == 3 and one.lang != "ar") or re.search(rf"\b\w {one.word}|{one.word} \w\b", one.text)
    }
    given = items(written)
    plain = {one.sentence: legible(clean(one.text).text) for one in given if one.disguise == PLAIN}
    for one in given:
        if one.disguise in undone and not (one.disguise in apart and one.sentence in doubtful):
            assert legible(clean(one.text).text).casefold() == plain[one.sentence].casefold(), one


def item(sentence: int, disguise: str, *, toxic: bool, lang: str = "en") -> Item:
    return Item(sentence=sentence, lang=lang, disguise=disguise, text="t", toxic=toxic)


def test_figures_count_only_what_is_caught_plain() -> None:
    given = [
        item(0, PLAIN, toxic=True),
        item(1, PLAIN, toxic=True),
        item(2, PLAIN, toxic=True),
        item(3, PLAIN, toxic=False),
        item(0, "dots", toxic=True),
        item(1, "dots", toxic=True),
        item(2, "dots", toxic=True),
        item(3, "dots", toxic=False),
        item(4, PLAIN, toxic=False, lang="uk"),
    ]
    found = attack_figures(given, [True, True, False, False, True, False, True, True, False])
    assert found == [
        AttackFigures(disguise=PLAIN, lang="en", insults=3, caught=2 / 3, clean=1, flagged=0.0),
        AttackFigures(disguise="dots", lang="en", insults=2, caught=0.5, clean=1, flagged=1.0),
        AttackFigures(disguise=PLAIN, lang="uk", insults=0, caught=None, clean=1, flagged=0.0),
    ]
    out = io.StringIO()
    print_table(found, out)
    assert out.getvalue().splitlines()[1:] == [
        "attack plain                                67% of 3 0% of 1      - 0% of 1",
        "attack dots                                 50% of 2 100% of 1    -",
    ]


def test_every_item_needs_an_answer() -> None:
    with pytest.raises(ValueError, match="zip"):
        attack_figures([item(0, PLAIN, toxic=True)], [])


def test_a_draw_keeps_to_its_limit_and_to_its_seed() -> None:
    written = sentences()
    some = drawn(written, 60, seed=1)
    assert Counter(s.lang for s in some) == dict.fromkeys(LANGUAGES, 3)
    assert max(Counter(i.lang for i in items(some)).values()) <= 60
    assert some == drawn(written, 60, seed=1)
    assert len(drawn(written, 1, seed=1)) == len(LANGUAGES)
    assert len(drawn(written, 10**6, seed=1)) == len(written)
