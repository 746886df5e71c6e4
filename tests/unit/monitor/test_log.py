import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from monitor import log


@pytest.fixture(autouse=True)
def restore() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    levels = {name: logging.getLogger(name).level for name in log.QUIET}
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    for name, was in levels.items():
        logging.getLogger(name).setLevel(was)
    structlog.reset_defaults()


def test_an_event_is_one_line_of_json_where_nobody_watches() -> None:
    out = io.StringIO()
    log.set_up(out)
    structlog.get_logger("monitor").info("source.collected", source="новости", seen=3)
    structlog.get_logger("monitor").debug("too much")
    entry = json.loads(out.getvalue())
    assert entry.pop("timestamp").endswith("Z")
    assert entry == {"event": "source.collected", "level": "info", "source": "новости", "seen": 3}


def test_more_is_logged_when_asked() -> None:
    out = io.StringIO()
    log.set_up(out, verbose=True)
    structlog.get_logger("monitor").debug("detail")
    assert "detail" in out.getvalue()


@pytest.mark.parametrize("name", ["praw", "tweepy.client", "urllib3.connectionpool", "httpx2", "slack_sdk.webhook"])
def test_client_libraries_are_quiet_below_errors(name: str) -> None:
    out = io.StringIO()
    log.set_up(out, verbose=True)
    logging.getLogger(name).debug("Authorization: Bearer hush-4711")
    logging.getLogger(name).warning("retrying https://host/?token=hush-4711")
    assert out.getvalue() == ""
