import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.morphology import arabic_stems, is_known, key, keys_of, name_forms, word_forms
from monitor.transliteration import script_of, spellings_of


def found(word: str, forms: frozenset[str]) -> bool:
    return bool(keys_of(word) & forms)


@pytest.mark.parametrize(
    ("word", "met"),
    [
        ("банк", "банками"),
        ("сапоги", "сапогах"),
        ("служба", "службою"),
        ("пятёрочка", "пятерочке"),
        ("вернуть", "вернули"),
        ("посилка", "посилки"),
        ("крамниця", "крамниць"),
        ("зв'язок", "зв’язку"),
        ("марола", "маролу"),
        ("марола", "Маролою"),
        ("нордвинд", "Нордвинда"),
        ("нордвінд", "нордвіндові"),
        ("лумей", "лумея"),
        ("хмарець", "хмарця"),
        ("хмарець", "Хмарцем"),
        ("смачок", "смачку"),
        ("смачок", "смачоком"),
        ("брунец", "брунцов"),
        ("зимолек", "зимольки"),
        ("ламия", "ламией"),
        ("store", "stores"),
        ("nordwind", "Nordwind's"),
        ("nordwind", "nordwinds"),
        ("nordwind", "Nordwind'а"),
        ("delivery", "deliveries"),
        ("box", "boxes"),
        ("boots", "boot"),
        ("متجر", "والمتجر"),
        ("متجر", "بمتجرهم"),
        ("متجر", "للمتجر"),
        ("المتجر", "متجر"),
        ("خدمة", "خدمتكم"),
        ("أسعار", "الاسعار"),
        ("شركة", "شركه"),
    ],
)
def test_forms_are_found(word: str, met: str) -> None:
    assert found(met, word_forms(word))


@pytest.mark.parametrize(
    ("word", "met"),
    [
        ("банк", "банка́нал"),
        ("банк", "банкет"),
        ("стекло", "стекала"),
        ("лента", "лентяй"),
        ("news", "new"),
        ("glass", "glas"),
        ("марола", "мародёр"),
        ("متجر", "تجربة"),
        ("لبن", "بن"),
    ],
)
def test_other_words_are_not(word: str, met: str) -> None:
    assert not found(met, word_forms(word))


@pytest.mark.parametrize(
    ("name", "met"),
    [
        ("Nordwind", "нордвинд"),
        ("Nordwind", "Нордвіндом"),
        ("Nordwind", "نوردويند"),
        ("Nordwind", "وبنوردويند"),
        ("Nordwind", "nordvind"),
        ("Nordwind", "nordwnid"),
        ("Нордвинд", "nordwind"),
        ("Нордвинд", "نوردفيند"),
        ("نوردويند", "nordwind"),
        ("نوردويند", "нордвинда"),
        ("Marola", "марола"),
        ("Marola", "مارولا"),
        ("Marola", "لمارولا"),
        ("مارولا", "marola"),
        ("Zappos", "заппос"),
        ("Shoply", "шопли"),
        ("Лумора", "lumora"),
        ("Їжачок", "yizhachok"),
        ("Lenta", "ленту"),
        ("Kit", "кіт"),
        ("Kit", "кит"),
        ("Silpo", "сільпо"),
    ],
)
def test_names_in_other_alphabets(name: str, met: str) -> None:
    assert found(met, name_forms(name))


@pytest.mark.parametrize(
    ("name", "met"),
    [
        ("Nordwind", "northwind"),
        ("Marola", "мерлуза"),
        ("Nordwind", "норд"),
        ("Luma", "лама"),
        ("Svit", "звіт"),
        ("Tesla", "тесля"),
    ],
)
def test_other_names_are_not(name: str, met: str) -> None:
    assert not found(met, name_forms(name))


def test_a_common_word_is_not_spelled_as_another_common_word() -> None:
    assert found("лист", name_forms("list"))
    assert not found("лист", name_forms("list", certain=False))


def test_look_alike_letters_have_one_key() -> None:
    assert key("Nоrdwind") == "nordwind"
    assert key("Mapoлa") == "марола"


def test_dictionaries_of_both_languages_are_asked() -> None:
    assert is_known("посылками")
    assert is_known("посилками")
    assert not is_known("нордвинд")


def test_arabic_stems_keep_three_letters() -> None:
    assert {"والد", "الد"} >= arabic_stems("والد")
    assert arabic_stems("بك") == {"بك"}


def test_likeliest_spelling_comes_first() -> None:
    assert spellings_of("nordwind")[0] == "нордвинд"
    assert spellings_of("шопли")[0] == "shopli"
    assert spellings_of("12") == spellings_of("abвг") == spellings_of("x" * 41) == ()


@given(st.text(max_size=20))
def test_any_word_has_forms_that_find_it(word: str) -> None:
    assert found(word, word_forms(word))
    assert script_of(key(word)) in {None, "latin", "cyrillic", "arabic"}
    spellings_of(key(word))
