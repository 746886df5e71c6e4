"""The X collector over real traffic."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from monitor.collectors.settings import Spent
from monitor.collectors.x import XCollector, XSettings
from monitor.config import NetworkSettings
from monitor.mention import Batch, Cursor
from tests.contract.recorded.traffic import Recorded

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def recorded(shared: Path) -> Path:
    folder = shared / "data" / "recorded" / "x"
    if not folder.is_dir():
        pytest.skip("the recorded traffic is not in ../shared/data")
    return folder


def fetch(site: Recorded, **table: object) -> Batch:
    settings = XSettings.model_validate({"kind": "x", "bearer_token": "t", "base_url": site.base, **table})
    collector = XCollector(settings, NetworkSettings(timeout_seconds=60), lambda _: Spent(today=0, this_month=0))
    return collector.fetch(Cursor(), now=NOW)


@pytest.mark.parametrize(
    ("file", "table", "path"),
    [
        ("test_client_search_recent_tweets.yaml", {"query": "Tweepy"}, "/2/tweets/search/recent"),
        ("test_client_get_users_mentions.yaml", {"mentions_of": "783214"}, "/2/users/783214/mentions"),
    ],
)
def test_a_page(httpserver: HTTPServer, recorded: Path, file: str, table: dict[str, object], path: str) -> None:
    site = Recorded(httpserver, recorded / file)
    batch = fetch(site, **table)
    assert [request.path for request in site.asked] == [path]
    assert (len(batch.mentions), list(batch.set_aside)) == (batch.seen, [])
    assert batch.seen >= 8
    # The recording names no times; they come from the posts' own ids.
    assert {mention.created_at.date() for mention in batch.mentions} == {datetime(2022, 10, 7, tzinfo=UTC).date()}
    assert batch.cost_usd == pytest.approx(batch.seen * 0.005)
    assert max(int(mention.external_id) for mention in batch.mentions) == int(
        batch.cursor.values.get("newest") or batch.cursor.values["since"]
    )
