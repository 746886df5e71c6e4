import subprocess
import sys
from pathlib import Path

import pytest

from monitor.collectors.registry import SOURCE_KINDS, build, kinds, settings_of
from monitor.collectors.settings import Spent
from monitor.config import Settings, SettingsError
from monitor.mention import SourceName

COLLECTORS = Path(__file__).parents[3] / "monitor" / "collectors"
TABLES: dict[str, dict[str, object]] = {
    "replay": {"file": "posts.jsonl"},
    "feed": {"url": "https://blog.example/feed"},
    "reddit": {"client_id": "id", "client_secret": "s3cret-value", "search": ["marola"]},
    "x": {"bearer_token": "s3cret-value", "query": "marola"},
}


@pytest.mark.parametrize("kind", SOURCE_KINDS)
def test_every_kind_can_be_set_up_and_built(kind: str) -> None:
    table = {"kind": kind, **TABLES[kind]}
    source = settings_of("mine", table)
    assert (source.kind, source.enabled, source.brand) == (kind, True, None)
    assert source.every_seconds >= 10
    assert "s3cret" not in repr(source)
    built = build(SourceName("mine"), table, Settings(), ledger=lambda _: Spent(today=0, this_month=0))
    assert callable(built.fetch)


@pytest.mark.parametrize("kind", SOURCE_KINDS)
def test_every_kind_has_its_file_and_says_what_it_needs(kind: str) -> None:
    info = SOURCE_KINDS[kind]
    assert (COLLECTORS / f"{info.module}.py").is_file()
    assert info.description
    assert info.needs_key == bool(info.secrets)
    assert set(info.secrets) <= set(TABLES[kind])


def test_kinds_that_need_no_key_come_first() -> None:
    needs = [info.needs_key for info in kinds()]
    assert needs == sorted(needs)
    assert not all(needs)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({}, 'the setting "sources.mine.kind" is missing; it is one of replay, feed'),
        ({"kind": "telex"}, 'the setting "sources.mine.kind" cannot be "telex"; it is one of replay'),
        ({"kind": 3}, 'the setting "sources.mine.kind" cannot be "3"'),
        ({"kind": "feed"}, 'the setting "sources.mine.url" is missing'),
        ({"kind": "feed", "url": "https://a.example", "adress": 1}, 'unknown setting "sources.mine.adress"'),
        ({"kind": "feed", "url": "https://a.example", "every_seconds": 1}, 'the setting "sources.mine.every_seconds"'),
        (
            {"kind": "reddit", "client_id": "id"},
            'the secret "sources.mine.client_secret" is missing; set TACTFUL__SOURCES__MINE__CLIENT_SECRET',
        ),
    ],
)
def test_what_is_wrong_is_named(table: dict[str, object], sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of("mine", table)
    assert sentence in str(caught.value)


def test_client_libraries_are_imported_only_when_used() -> None:
    code = (
        "import sys; from monitor.collectors import registry as r; r.kinds();"
        "r.settings_of('a', {'kind': 'replay', 'file': 'x'});"
        "print(sorted({'praw', 'prawcore', 'tweepy', 'feedparser'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
