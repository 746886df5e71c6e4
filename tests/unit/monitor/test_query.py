import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.query import BrandQuery, Document, Query, QueryError, brand_of


def matched(query: str, text: str, **about: str) -> list[str] | None:
    """The matched pieces of the original text, None where the query does not match."""
    found = Query.parse(query).match(Document(text=text, **about))
    return None if found is None else [text[span.start : span.end] for span in found.spans]


@pytest.mark.parametrize(
    ("query", "text", "pieces"),
    [
        ("нордвинд", "Заказал в Нордвинде палатку", ["Нордвинде"]),
        ("нордвинд", "Замовив у Нордвінді намет", ["Нордвінді"]),
        ("Нордвинд", "Ordered a tent from NORDWIND!", ["NORDWIND"]),
        ("Nordwind", "طلبت خيمة من نوردويند", ["نوردويند"]),
        ("Nordwind", "The Nord-Wind tent leaks", ["Nord-Wind"]),
        ("Nordwind", "#нордвинд снова подвёл", ["нордвинд"]),
        ("Nordwind", "hey @NordwindShop, any news", ["Nordwind"]),
        ("nordwindshop", "hey @NordwindShop, any news", ["NordwindShop"]),
        ("nordwind", "ask @nordwind_help", ["nordwind"]),
        ("палатка Nordwind", "Палатку привезли из Nordwind", ["Палатку", "Nordwind"]),
        ("палатка Nordwind", "Палатку привезли", None),
        ("палатка AND намет", "палатка", None),
        ("палатка OR намет", "Купив намета", ["намета"]),
        ("nordwind NOT airlines", "Nordwind Airlines", None),
        ("nordwind NOT (airlines OR flight)", "Nordwind flights", None),
        ("nordwind AND NOT airlines", "Nordwind shop", ["Nordwind"]),
        ("a b OR c", "c", ["c"]),
        ("a OR b c", "b", None),
        ("(a OR b) c", "b", None),
        ("(a OR b) c", "b c", ["b", "c"]),
        ('"служба поддержки"', "Пишу в службу поддержки", ["службу поддержки"]),
        ('"служба поддержки"', "поддержка и служба", None),
        ("«служба поддержки»", "служба поддержки", ["служба поддержки"]),
        ('"refund late"~2', "late, so very refund", ["late, so very refund"]),
        ('"refund late"~1', "late, so very refund", None),
        ("refund NEAR/2 tent", "tent without any refund", ["tent without any refund"]),
        ("refund NEAR/1 tent", "tent without any refund", None),
        ("refund NEAR/2f tent", "tent without any refund", None),
        ("tent NEAR/2f refund", "tent without any refund", ["tent without any refund"]),
        ("(tent OR boat) NEAR/1 (refund OR money) NEAR/0 back", "boat: money back", ["boat: money back"]),
        ("возвр*", "хочу возвратить", ["возвратить"]),
        ("نورد*", "من بنوردويند", ["بنوردويند"]),
        ("exact:банк", "иду из банка", None),
        ("exact:банк", "это Банк", ["Банк"]),
        ('exact:"в банк"', "иду в банк", ["в банк"]),
        ("raw:Apple", "an apple", None),
        ("raw:Apple", "an Apple", ["Apple"]),
        ("e-bike", "my e-bikes broke", ["e-bikes"]),
        ("B&H", "ordered at B&H", ["B&H"]),
        ("متجر", "وبالمتجر عروض", ["وبالمتجر"]),
        ("مدرسة", "إلى مدرستهم", ["مدرستهم"]),
        ("boot", "two boots and the boot's sole", ["boots", "boot's"]),
        ("and or not", "AND or not", ["AND", "or", "not"]),
        ("10:30", "at 10:30 sharp", ["10:30"]),
        ("палатка", "Reply\nPosts: 4\nпала\u200bтка &amp; вёсла", ["пала\u200bтка"]),
        ("Нордвинд", "нордвиндовский фонарик", ["нордвиндовский"]),
        ("Нордвінд", "нордвіндівську ковдру", ["нордвіндівську"]),
        ("Nordwind", "طلبت من بنورد ويند", ["بنورد ويند"]),
        ("Nordwind", "<b>Nord</b>wind", ["Nord</b>wind"]),
        ("Nordwind", "Nоrdwind с кириллицей", ["Nоrdwind"]),
        ("kayak", "> my kayak sank\nagreed", ["kayak"]),
    ],
)
def test_match(query: str, text: str, pieces: list[str] | None) -> None:
    assert matched(query, text) == pieces


@pytest.mark.parametrize(
    ("query", "about", "expected"),
    [
        ("tent author:ann", {"author": "@Ann"}, True),
        ("tent author:ann", {"author": "u/ann"}, True),
        ("tent author:an*", {"author": "Ann"}, True),
        ('tent author:"Ann Lee"', {"author": "ann lee"}, True),
        ("tent author:ann", {"author": "Anna"}, False),
        ("tent NOT author:ann", {"author": "ann"}, False),
        ("tent author:ann", {}, False),
        ("tent site:forum.example", {"site": "https://www.forum.example/t/1"}, True),
        ("tent site:forum.example", {"site": "old.forum.example"}, True),
        ("tent site:forum.example", {"site": "notforum.example"}, False),
        ("tent site:forum.example/t", {"site": "https://forum.example/t/1"}, True),
        ("tent site:forum.example/t", {"site": "https://forum.example/tent"}, False),
        ("tent site:reddit", {"site": "reddit"}, True),
        ("tent site:reddit", {"site": "https://old.reddit.com/r/x"}, True),
        ("tent site:forum.example", {"site": "http://[broken"}, False),
        ("tent lang:en", {"lang": "en"}, True),
        ("tent lang:EN", {"lang": "en-GB"}, True),
        ("tent lang:uk", {"lang": "ru"}, False),
        ("tent (lang:uk OR lang:ru)", {"lang": "ru"}, True),
    ],
)
def test_fields(query: str, about: dict[str, str], expected: bool) -> None:
    assert (matched(query, "a tent", **about) is not None) is expected


def test_fields_alone_match_without_places() -> None:
    assert matched("lang:ru", "что угодно", lang="ru") == []


@pytest.mark.parametrize(
    ("query", "column", "words"),
    [
        ("", 1, "empty"),
        ("   ", 1, "empty"),
        ("tent AND", 6, "AND needs"),
        ("OR tent", 1, "OR needs"),
        ("tent OR OR boat", 6, "OR needs"),
        ("tent NOT", 6, "NOT needs"),
        ("tent NEAR/3", 6, "NEAR/3 needs"),
        ("палатка (лодка", 9, "never closed"),
        ("tent boat)", 10, "no ( before"),
        ("tent ()", 6, "nothing between"),
        ("() tent", 1, "nothing between"),
        ('tent "boat', 6, "quotation mark"),
        ("tent «boat", 6, "quotation mark"),
        ("tent boat»", 10, "never opened"),
        ("tent NEAR boat", 6, "NEAR/5"),
        ("tent NEAR/x boat", 6, "NEAR/5"),
        ("tent NEAR/99 boat", 6, "too far"),
        ("tent NEAR/5 (boat AND oar)", 14, "NEAR joins"),
        ("tent NEAR/5 lang:ru", 13, "NEAR joins"),
        ('"tent boat"~99', 12, "too far"),
        ("t*", 1, "at least 2"),
        ("tent *boat", 6, "end of a word"),
        ("te*nt", 3, "end of a word"),
        ("subject:tent", 1, "no field subject:"),
        ("tent author:", 13, "right after the colon"),
        ("tent author: ann", 13, "right after the colon"),
        ("lang:russian", 6, "lang:uk"),
        ("exact:!!!", 7, "letter or digit"),
        ("tent && boat", 6, "write AND"),
        ("tent || boat", 6, "write OR"),
        ("tent -boat", 6, "write NOT boat"),
        ("tent ???", 6, "letter or digit"),
        ('tent ""', 6, "letter or digit"),
        ("NOT tent", 5, "only NOT"),
        ("tent OR NOT boat", 1, "only NOT"),
        ("x" * 8_001, 8_001, "longer than"),
        ("a " * 400, 601, "more than 300 words"),
        ("(" * 100 + "a" + ")" * 100, 51, "50 deep"),
        ("a " + "NOT " * 100 + "b", 403, "50 levels"),
    ],
)
def test_a_bad_query_names_its_column(query: str, column: int, words: str) -> None:
    with pytest.raises(QueryError) as caught:
        Query.parse(query)
    assert caught.value.column == column
    assert words in caught.value.message
    assert str(caught.value).startswith(f"column {column}: ")
    assert "\n" not in str(caught.value)


PIECES = """
AND OR NOT ( ) " « » tent палатка متجر NEAR/3 NEAR te* *x author: author:ann lang:ru site:a.b exact:x ~3 "a_b"~2 & : -
"""
PARTS = st.sampled_from([*PIECES.split(), "\ud800", "\x00"])
QUERIES = st.one_of(
    st.text(max_size=30),
    st.lists(PARTS, max_size=10).map(" ".join),
    st.lists(PARTS, max_size=10).map("".join),
)


def parsed_or_column(query: str) -> Query | int:
    try:
        return Query.parse(query)
    except QueryError as error:
        return error.column


@settings(max_examples=400, deadline=None)
@given(QUERIES, st.text(max_size=40))
def test_any_text_is_a_query_or_a_query_error(query: str, text: str) -> None:
    parsed = parsed_or_column(query)
    if isinstance(parsed, int):
        assert 1 <= parsed <= len(query) + 1
        return
    found = parsed.match(Document(text=text + query))
    if found is not None:
        assert all(0 <= span.start < span.end <= len(text + query) for span in found.spans)


def test_spellings_stand_for_each_other() -> None:
    query = Query.parse("Магнит скидка", spellings=["Магнит", "Magnet Store"])
    assert query.match(Document(text="скидка в Magnet Store")) is not None
    assert query.match(Document(text="скидка в magnet")) is None


def brand(**settings: object) -> BrandQuery:
    return BrandQuery.of("Nordwind", **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["KryptexLabs lied", "в КриптексЛабс не отвечают", "ask @kryptexlabs", "Kryptex-Labs"])
def test_a_name_of_several_words_may_be_written_together(text: str) -> None:
    assert BrandQuery.of("Kryptex Labs").match(Document(text=text)) is not None
    assert BrandQuery.of("Kryptex").match(Document(text="kryptexlabs")) is None


def test_a_brand_without_a_query_is_its_name_in_every_alphabet() -> None:
    lumora = BrandQuery.of("Lumora", spellings=["Люмора"])
    for text in ("lumoras", "Лумору", "Люморой", "لومورا", "# люмора"):
        assert lumora.match(Document(text=text)) is not None, text
    assert lumora.match(Document(text="Lumina")) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nordwind Airlines lost my bag", False),
        ("Нордвинд эйрлайнс потеряли багаж", False),
        ("Nordwind Airlines lost my Nordwind tent", True),
        ("Nordwind tent leaks", True),
        ("Nordwind gave me a boarding pass", False),
    ],
)
def test_look_alikes_do_not_count(text: str, expected: bool) -> None:
    nordwind = brand(exclude=("Nordwind Airlines", "нордвинд эйрлайнс", "boarding pass", " "))
    assert (nordwind.match(Document(text=text)) is not None) is expected


def test_a_place_inside_a_look_alike_is_no_span() -> None:
    text = "Nordwind Airlines lost my Nordwind tent"
    found = brand(exclude=("Nordwind Airlines",)).match(Document(text=text))
    assert found is not None
    assert [span.start for span in found.spans] == [text.rindex("Nordwind")]


@pytest.mark.parametrize(
    ("text", "parent", "expected"),
    [
        ("Nordwind again", None, "nw"),
        ("same here, terrible", "nw", "nw"),
        ("same here, terrible", None, None),
        ("Lumora is better", "nw", "lu"),
        ("Lumora is better than Nordwind", "nw", "nw"),
        ("Lumora is better than Nordwind", None, "nw"),
        ("Nordwind Airlines, you mean?", "nw", "nw"),
        ("Nordwind Airlines, you mean?", None, None),
    ],
)
def test_a_reply_inherits_the_brand_of_its_thread(text: str, parent: str | None, expected: str | None) -> None:
    brands = [brand(key="nw", exclude=("Nordwind Airlines",)), BrandQuery.of("Lumora", key="lu")]
    assert brand_of(Document(text=text), parent, brands) == expected


def test_a_brand_must_have_a_name() -> None:
    with pytest.raises(QueryError, match="name"):
        BrandQuery.of("!!!")
