"""A world of replies over a database in memory."""

from collections.abc import Iterator

import pytest

from monitor.storage.schema import metadata
from monitor.storage.session import Database
from tests.reply_world import World


@pytest.fixture
def world() -> Iterator[World]:
    database = Database.open("sqlite://")
    with database.write() as unit:
        metadata.create_all(unit)
    yield World(database)
    database.close()
