"""A first settings file out of a few answers."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import Settings
from responders.console.brand_setup import AnswerRefused, Answers, key_of, lines, settings_text, write


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40))
def test_whatever_is_called_a_name_can_be_read_back(name: str) -> None:
    try:
        text = settings_text(Answers(name=name, spellings=(name,), handles=("@" + name,)))
    except AnswerRefused:
        return
    brand = next(iter(Settings.model_validate(tomllib.loads(text)).brands.values()))
    assert brand.name == name.strip()
    assert brand.spellings == (name,)


def test_a_whole_answer() -> None:
    answers = Answers(
        name="Nordlicht & Söhne",
        spellings=("Нордлихт",),
        handles=("@nordlicht",),
        domains=("nordlicht.example",),
        query='Nordlicht AND NOT "polar light"',
        feed="https://forum.example/feed.xml",
    )
    tree = tomllib.loads(settings_text(answers))
    assert tree["brands"]["nordlicht_s_hne"]["handles"] == ["nordlicht"]
    assert tree["sources"]["forum"] == {"kind": "feed", "url": "https://forum.example/feed.xml"}


@pytest.mark.parametrize(
    ("answers", "key"),
    [
        (Answers(name="  "), "settings.need-name"),
        (Answers(name="!!!"), "settings.bad-query-at"),
        (Answers(name="A", feed="file:///etc/passwd"), "settings.bad-feed"),
        (Answers(name="A", feed="https://"), "settings.bad-feed"),
        (Answers(name="A", domains=("not a domain",)), "settings.bad-domain"),
        (Answers(name="A", query="A AND ("), "settings.bad-query-at"),
    ],
)
def test_what_cannot_be_used_is_named(answers: Answers, key: str) -> None:
    with pytest.raises(AnswerRefused) as refused:
        settings_text(answers)
    assert refused.value.key == key


def test_an_existing_file_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "tactful.toml"
    assert write(file, "first", replace=False) is None
    with pytest.raises(FileExistsError):
        write(file, "second", replace=False)
    assert file.read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["tactful.toml"]
    assert write(file, "second", replace=True) == tmp_path / "tactful.toml.1.bak"
    assert write(file, "third", replace=True) == tmp_path / "tactful.toml.2.bak"
    assert (tmp_path / "tactful.toml.1.bak").read_text() == "first"


def test_names_without_ascii_get_a_key_all_the_same() -> None:
    assert key_of("Марола") == "brand"
    assert lines(" a \n\n b\na") == ("a", "b")
