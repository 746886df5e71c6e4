from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitor.brands import Brands
from monitor.config import Brand, Settings, SettingsError
from monitor.mention import Author, NewMention

POST = NewMention(
    external_id="1",
    platform="reddit",
    created_at=datetime(2026, 5, 4, tzinfo=UTC),
    author=Author(handle="someone"),
    text="Nothing to see here",
)


def brands(**settings: Brand) -> Brands:
    return Brands.of(Settings(brands=settings), language_of=lambda text: "ru" if "я" in text else "en")


LUMEN = Brand(name="Lumen", handles=("@LumenHelp", "u/lumen_care"))
OTHER = Brand(name="Zephyr")


@pytest.mark.parametrize(
    ("post", "inherited", "brand"),
    [
        (POST, None, None),
        (replace(POST, text="My Lumen broke"), None, "lumen"),
        (replace(POST, title="Lumen broke"), None, "lumen"),
        (POST, "lumen", "lumen"),
        (replace(POST, text="Zephyr is better"), "lumen", "zephyr"),
        (replace(POST, brand="zephyr", text="My Lumen broke"), None, "zephyr"),  # its source says so
        (replace(POST, brand="nobody's", text="My Lumen broke"), None, "lumen"),
        (replace(POST, author=Author(handle="lumenhelp")), None, "lumen"),  # our own: answers inherit the brand
        (replace(POST, author=Author(handle="lumenhelp")), "zephyr", "zephyr"),
    ],
)
def test_whose_a_post_is(post: NewMention, inherited: str | None, brand: str | None) -> None:
    assert brands(lumen=LUMEN, zephyr=OTHER).brand_of(post, inherited) == brand


@pytest.mark.parametrize(
    ("handle", "own"),
    [("LUMENHELP", True), ("@lumenhelp", True), ("u/Lumen_Care", True), ("/u/lumen_care", True), ("lumen", False)],
)
def test_our_own_posts_are_known_however_the_handle_is_written(handle: str, own: bool) -> None:
    assert brands(lumen=LUMEN).ours(replace(POST, author=Author(handle=handle))) is own


def test_the_language_is_guessed_only_for_queries_that_ask_for_it() -> None:
    asking = brands(lumen=Brand(name="Lumen", query="Lumen lang:ru"))
    assert asking.brand_of(replace(POST, text="моя Lumen"), None) == "lumen"
    assert asking.brand_of(replace(POST, text="my Lumen"), None) is None
    assert brands(lumen=LUMEN).language_of is None


def test_a_bad_query_names_its_brand_and_column() -> None:
    with pytest.raises(SettingsError, match=r'"brands\.lumen\.query" cannot be used.*column 1'):
        brands(lumen=Brand(name="Lumen", query=") Lumen"))
