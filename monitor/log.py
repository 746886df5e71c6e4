"""Logs: an event and its keys, one line each, to standard error. Ids, never texts; secrets never.

On a terminal they are shown for people, elsewhere as JSON. The client libraries are quieted: at their lower levels
some log tokens and whole answers (tweepy its Authorization header at DEBUG).
"""

import logging
from typing import Final, TextIO

import structlog

QUIET: Final = (
    "praw",
    "prawcore",
    "tweepy",
    "urllib3",
    "requests",
    "requests_oauthlib",
    "oauthlib",
    "httpx2",
    "httpcore2",
    "httpx",
    "httpcore",
    "slack_sdk",
    "apscheduler",
    "alembic",
    "sqlalchemy",
)


def set_up(stream: TextIO, *, verbose: bool = False) -> None:
    """Log to `stream`: from INFO on or, when `verbose`, from DEBUG on; libraries only their errors."""
    logging.basicConfig(stream=stream, level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s", force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
    people = stream.isatty()
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer() if people else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
