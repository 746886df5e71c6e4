"""What every command of the house shares: rows in, rows out, one sentence for what goes wrong.

Rows are NDJSON. A row that cannot be used costs only itself: it is answered in its place with
`{"line", "id", "error"}`, the rest goes on, and the exit status is 3 at the end. A wrong command line or
setting is exit status 2 with one sentence on standard error.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, Final, NoReturn, TextIO

EXIT_USAGE: Final = 2
EXIT_SOME_ROWS: Final = 3
MAX_LINE_BYTES: Final = 64 * 1024 * 1024


class CommandError(Exception):
    """A command cannot go on; the message is the one sentence shown, naming the thing and the remedy."""

    def __init__(self, message: str, status: int = EXIT_USAGE) -> None:
        super().__init__(message)
        self.status = status


class RowError(Exception):
    """A row cannot be used; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of input: its number from 1, and its fields or what is wrong with it."""

    line: int
    fields: Mapping[str, object]
    error: str | None = None

    def text(self, key: str) -> str:
        """The string under `key`; raises RowError when it is missing or not a string."""
        if key not in self.fields:
            raise RowError(f'the row has no "{key}"')
        value = self.fields[key]
        if not isinstance(value, str):
            raise RowError(f'"{key}" must be a string, not {json_name(value)}')
        return value

    def optional_text(self, key: str) -> str | None:
        """The string under `key`, None when absent or null; raises RowError for another type."""
        return None if self.fields.get(key) is None else self.text(key)

    def failure(self, error: str) -> dict[str, object]:
        """The row that stands in the output for one that could not be used."""
        return {"line": self.line, "id": self.fields.get("id"), "error": error}


def json_name(value: object) -> str:
    """What JSON calls a value's type, for error sentences."""
    names = {bool: "a boolean", int: "a number", float: "a number", list: "an array", dict: "an object"}
    return "null" if value is None else names.get(type(value), "a string")


def parse_row(line: int, raw: bytes) -> Row:
    """One NDJSON line as a row; a line that is not a JSON object in UTF-8 becomes a row with an error."""
    if len(raw) > MAX_LINE_BYTES:
        return Row(line=line, fields={}, error=f"the line is longer than {MAX_LINE_BYTES >> 20} MB; split it")
    try:
        value = json.loads(raw.decode("utf-8-sig" if line == 1 else "utf-8"))
    except UnicodeDecodeError as error:
        return Row(line=line, fields={}, error=f"the line is not UTF-8 (byte {error.start + 1})")
    except (json.JSONDecodeError, RecursionError) as error:
        where = f" (column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        return Row(line=line, fields={}, error=f"the line is not JSON{where}")
    if not isinstance(value, dict):
        return Row(line=line, fields={}, error=f"the line must be a JSON object, not {json_name(value)}")
    return Row(line=line, fields=value)


def rows(stream: Iterable[bytes]) -> Iterator[Row]:
    """Every non-blank line of a byte stream as a row, in order."""
    for number, raw in enumerate(stream, start=1):
        if raw.strip():
            yield parse_row(number, raw)


@contextmanager
def opened(file: str) -> Iterator[BinaryIO]:
    """A file named on the command line, or standard input for `-`; raises CommandError when it cannot be read."""
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115 - closed below; opening alone may fail with our sentence
    except OSError as error:
        raise CommandError(f"cannot read {file}: {error.strerror or error}") from error
    with stream:
        yield stream


def write_row(out: TextIO, fields: Mapping[str, object]) -> None:
    """One JSON object a line, UTF-8; lone surrogates are written as escapes so that output stays valid."""
    line = json.dumps(fields, ensure_ascii=False)
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:
        line = json.dumps(fields)
    out.write(line + "\n")


def answer(
    batches: Iterable[Sequence[Row]],
    judge: Callable[[Sequence[Row]], Sequence[Mapping[str, object]]],
    out: TextIO,
) -> int:
    """Answer batches of rows in order and return the exit status.

    `judge` takes rows without an error and returns one answer for each; it may raise RowError for a batch of one.
    A batch with a bad row is judged row by row, so that the bad one costs only itself.
    """
    status = 0
    for batch in batches:
        good = [row for row in batch if row.error is None]
        try:
            answers = dict(zip((row.line for row in good), judge(good), strict=True)) if good else {}
        except RowError:
            answers = {}
            for row in good:
                try:
                    answers[row.line] = judge([row])[0]
                except RowError as error:
                    answers[row.line] = row.failure(str(error))
                    status = EXIT_SOME_ROWS
        for row in batch:
            if row.error is not None:
                status = EXIT_SOME_ROWS
            write_row(out, row.failure(row.error) if row.error is not None else answers[row.line])
        out.flush()
    return status


def batched(stream: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """Rows in lists of at most `size`."""
    batch: list[Row] = []
    for row in stream:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


class Parser(argparse.ArgumentParser):
    """A command line that answers a wrong option with one sentence instead of a usage block."""

    def error(self, message: str) -> NoReturn:
        """Raise CommandError with argparse's own words for what is wrong."""
        raise CommandError(f"{message} (see --help)")


def run(main: Callable[[], int], name: str) -> int:
    """Run a command and return its exit status; what the user did wrong is one sentence, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        return main()
    except CommandError as error:
        sys.stderr.write(f"{name}: {error}\n")
        return error.status
    except BrokenPipeError:
        # The reader went away (`… | head`): nothing is wrong, and nothing more can be said on this pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
