import json

import pytest

from classifiers.types import Intent
from monitor.mention import Lane
from responders.sample import TEMPLATES
from responders.templates import FIELDS, TemplateFault, UnfilledField, fill, fill_open, parse, plain

LANGUAGES = ("ru", "uk", "ar", "en")


def row(text: str = "Hello {{ name }}!", **changes: object) -> bytes:
    fields = {"key": "hello", "lang": "en", "level": "flow", "intent": "question", "topic": "hi there", "text": text}
    return json.dumps({**fields, **changes}, ensure_ascii=False).encode()


def test_a_template_has_its_languages() -> None:
    book = parse(row() + b"\n\n" + row("Здравствуйте, {{ name }}!", lang="ru") + b"\n")
    template = book.templates["hello"]
    assert (template.level, template.intent) == (Lane.FLOW, Intent.QUESTION)
    assert fill(template, "ru", {"name": "Ада"}) == "Здравствуйте, Ада!"
    assert book.missing(LANGUAGES) == {"hello": ("uk", "ar")}
    with pytest.raises(TemplateFault, match='"hello" has no text in "ar"; it has en, ru'):
        fill(template, "ar", {})


def test_an_unfilled_field_is_named() -> None:
    template = parse(row("It is about {{ product }}.")).templates["hello"]
    for values in ({}, {"product": None}, {"product": "  "}, {"product": "\u202e"}):
        with pytest.raises(UnfilledField, match='"product"') as caught:
            fill(template, "en", values)
        assert caught.value.name == "product"


def test_a_field_left_open_stays_visible() -> None:
    template = parse(row("{{ name }}: {{ product }} {{ product }}")).templates["hello"]
    assert fill_open(template, "en", {"name": "Ada"}) == ("Ada: {{ product }} {{ product }}", ("product",))
    assert fill_open(template, "en", {"name": "Ada", "product": "kettle"}) == ("Ada: kettle kettle", ())


def test_defaults_and_conditions() -> None:
    template = parse(row('{% if name %}{{ name }}, {% endif %}see {{ link | default("our pages") }}')).templates[
        "hello"
    ]
    assert fill(template, "en", {}) == "see our pages"
    assert fill(template, "en", {"name": "Ada", "link": "https://marola.example"}) == "Ada, see https://marola.example"
    assert fill_open(template, "en", {}) == ("see our pages", ())


@pytest.mark.parametrize(
    "hostile",
    ["{{ 7 * 7 }}", "{% for x in [1] %}", "{{ name.__class__ }}", "<script>alert(1)</script>", "%s {0}", "&amp;"],
)
def test_hostile_values_stay_text(hostile: str) -> None:
    template = parse(row("Hello {{ name }}!")).templates["hello"]
    assert fill(template, "en", {"name": hostile}) == f"Hello {hostile}!"


def test_values_cannot_bend_the_line() -> None:
    assert plain("a\u202eb\u2066c\x00d\ne\r\n\tf\ufeff") == "abcd e f"
    assert plain("نیم\u200cفاصله") == "نیم\u200cفاصله"
    assert len(plain("x" * 10_000)) == 200


@pytest.mark.parametrize(
    "text",
    [
        "{{ name.__class__.__mro__ }}",
        "{{ name[0] }}",
        "{{ name() }}",
        "{% for x in name %}a{% endfor %}",
        "{% set name = 1 %}",
        "{{ 'a' * 1000000000 }}",
        "{{ name | upper }}",
        "{% include 'x' %}",
        "{% macro m() %}{% endmacro %}",
        "{{ range(10) }}",
        "{% import 'os' as os %}",
    ],
)
def test_a_template_is_words_and_not_a_program(text: str) -> None:
    book = parse(row(text))
    assert not book.templates
    assert book.set_aside[0].line == 1


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[1]", "not a JSON object"),
        (row(text=""), "text is empty"),
        (row(key="Bad Key"), "may hold only"),
        (row(lang="english"), "not a language code"),
        (row(level="urgent"), "no level"),
        (row(intent="rage"), "no intent"),
        (row("{{ customer }}"), 'unknown field "customer"'),
        (row("{{ name"), "cannot be read"),
        (row("x" * 5001), "longer than"),
        (b'{"key": "hello", "lang": "en"}', 'no "text"'),
        (b'{"key": 1, "lang": "en", "text": "a"}', '"key" must be a string'),
    ],
)
def test_a_bad_row_costs_only_itself(raw: bytes, reason: str) -> None:
    book = parse(row(key="first") + b"\n" + raw + b"\n" + row(key="last"))
    assert set(book.templates) == {"first", "last"}
    assert [bad.line for bad in book.set_aside] == [2]
    assert reason in book.set_aside[0].reason


def test_rows_that_contradict_each_other() -> None:
    book = parse(row() + b"\n" + row("again") + b"\n" + row(lang="ru", level="personal"))
    assert [bad.line for bad in book.set_aside] == [2, 3]
    assert book.templates["hello"].wordings["en"].text == "Hello {{ name }}!"


def test_the_sample_templates_are_whole() -> None:
    book = parse(b"\xef\xbb\xbf" + TEMPLATES.read_bytes())
    assert book.set_aside == ()
    assert len(book.templates) >= 8
    assert book.missing(LANGUAGES) == {}
    values = dict.fromkeys(FIELDS, "Marola")
    for template in book.templates.values():
        fields = {frozenset(wording.fields) for wording in template.wordings.values()}
        assert len(fields) == 1, f"{template.key}: the languages use different fields"
        for lang in LANGUAGES:
            assert "{" not in fill(template, lang, values)
