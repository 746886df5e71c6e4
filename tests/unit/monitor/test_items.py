from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.collectors.items import MAX_TEXT, Item, checked, web_address
from monitor.mention import NewMention, SetAside

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ITEM = Item(external_id="1", platform="feed", created_at=NOW, author="ana", text="The lid broke.", payload="{}")


def test_a_whole_item_is_a_mention() -> None:
    found = checked(
        replace(ITEM, title=" Lid ", url="https://forum.example/1", parent_id="", root_id="0", brand="marola")
    )
    assert isinstance(found, NewMention)
    assert (found.title, found.url, found.parent_id, found.root_id) == ("Lid", "https://forum.example/1", None, "0")
    assert (found.brand, found.author.handle, found.text) == ("marola", "ana", "The lid broke.")


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (replace(ITEM, external_id=None), "line 7: the post has no id"),
        (replace(ITEM, external_id="  "), "line 7: the post has no id"),
        (replace(ITEM, external_id="x" * 2000), "line 7: the id is longer than 1000 characters"),
        (replace(ITEM, text=None), "line 7: the post has no text"),
        (replace(ITEM, text=" \n"), "line 7: the post has no text"),
        (replace(ITEM, created_at=None), "line 7: the post has no date"),
        (
            replace(ITEM, text="x" * 10_000_000, payload="x" * 10_000_000),
            "line 7: the post has 10.0 million characters; posts over 1 million are set aside",
        ),
    ],
)
def test_what_cannot_be_a_mention_is_kept_with_its_reason(item: Item, reason: str) -> None:
    found = checked(replace(item, where="line 7: "))
    assert isinstance(found, SetAside)
    assert (found.reason, found.payload) == (reason, item.payload)


def test_the_longest_post_there_may_be() -> None:
    assert isinstance(checked(replace(ITEM, text="ж" * MAX_TEXT)), NewMention)


def test_a_post_from_the_future_was_posted_now() -> None:
    ahead = checked(replace(ITEM, created_at=NOW + timedelta(days=400)), now=NOW)
    skewed = checked(replace(ITEM, created_at=NOW + timedelta(minutes=5)), now=NOW)
    assert isinstance(ahead, NewMention)
    assert isinstance(skewed, NewMention)
    assert (ahead.created_at, skewed.created_at) == (NOW, NOW + timedelta(minutes=5))


def test_what_no_database_stores_is_replaced_one_for_one() -> None:
    found = checked(replace(ITEM, text="a\0b\ud83dc 🙂", author="\udc00", external_id="\0x"))
    assert isinstance(found, NewMention)
    assert (found.text, found.author.handle, found.external_id) == ("a\ufffdb\ufffdc 🙂", "\ufffd", "\ufffdx")


@pytest.mark.parametrize(
    "url", [None, "", "javascript:alert(1)", "data:text/html,x", "/relative", "https://", "http://[1"]
)
def test_only_web_addresses_are_kept(url: str | None) -> None:
    assert web_address(url) is None
