"""`python -m monitor query test 'QUERY' [FILE]`: what a query would catch, before it is saved."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Protocol

from classifiers.command_line import CommandError, Row, answer, batched, opened, rows
from monitor.query import Document, Query, QueryError

_BATCH = 256


class Subparsers(Protocol):
    """What `ArgumentParser.add_subparsers` gives."""

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser:  # noqa: A002 - argparse's own name
        """A parser for one command."""
        ...


def add_parser(subparsers: Subparsers) -> None:
    """Add `query test` to the commands of `python -m monitor`; `run` answers it."""
    query = subparsers.add_parser("query", help="try a brand query on texts")
    actions = query.add_subparsers(dest="action", required=True, metavar="test")
    test = actions.add_parser("test", help='NDJSON of {"id","text"} in, {"id","match","spans"} out')
    test.add_argument("query", metavar="QUERY", help="in the language of docs/queries.md")
    test.add_argument(
        "file", metavar="FILE", nargs="?", default="-", help="NDJSON; standard input where it is - or none"
    )
    test.add_argument(
        "--spelling",
        action="append",
        default=[],
        metavar="NAME",
        help="another way to write the brand; may be repeated",
    )
    test.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Answer every row of the file; returns the exit status. Raises CommandError for a bad query."""
    try:
        query = Query.parse(args.query, spellings=args.spelling)
    except QueryError as error:
        raise CommandError(f"QUERY, {error}") from error

    def judge(batch: Sequence[Row]) -> list[Mapping[str, object]]:
        return [_answered(query, row) for row in batch]

    with opened(args.file) as stream:
        return answer(batched(rows(stream), _BATCH), judge, sys.stdout)


def _answered(query: Query, row: Row) -> Mapping[str, object]:
    found = query.match(
        Document(
            text=row.text("text"),
            author=row.optional_text("author"),
            site=row.optional_text("site") or row.optional_text("url") or row.optional_text("platform"),
            lang=row.optional_text("lang"),
        )
    )
    spans = [{"start": span.start, "end": span.end} for span in found.spans] if found is not None else []
    return {"id": row.fields.get("id"), "match": found is not None, "spans": spans}
