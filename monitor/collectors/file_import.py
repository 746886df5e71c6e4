"""Rows of a file (JSONL or CSV) as mentions. A generator over a stream: nothing is kept but the ids seen."""

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from itertools import chain
from typing import BinaryIO, Final

from classifiers import command_line
from monitor.collectors.dates import parse_time
from monitor.collectors.items import Item, checked
from monitor.mention import NewMention, SetAside

COLUMNS: Final = ("external_id", "created_at", "author", "text", "url", "platform", "parent_id")
OPTIONAL_COLUMNS: Final = ("title", "author_name", "followers", "root_id", "addressed", "brand")
_DELIMITERS: Final = (",", ";", "\t")
_TRUE: Final = frozenset({"true", "1", "yes"})
_LOST_QUOTE_LINES: Final = 5000  # a post does not have more lines; a quote that spans them was never closed


class RowFormat(StrEnum):
    """How a file writes its rows."""

    JSONL = "jsonl"
    CSV = "csv"


class FileUnreadable(Exception):
    """The file as a whole cannot be used; the message says why and what to do."""


def format_of(name: str, start: bytes) -> RowFormat:
    """The format by the file's name or, where that says nothing, by its first bytes."""
    lower = name.lower()
    if lower.endswith((".csv", ".tsv", ".txt")):
        return RowFormat.CSV
    if lower.endswith((".jsonl", ".ndjson", ".json")):
        return RowFormat.JSONL
    return RowFormat.JSONL if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else RowFormat.CSV


def rows(stream: BinaryIO, kind: RowFormat, *, zone: tzinfo = UTC) -> Iterator[NewMention | SetAside]:
    """Every row as a mention, or set aside with its line number and the reason.

    Times without a zone are taken to be in `zone`. An id that came before in the same file is set aside. Raises
    FileUnreadable when a CSV has no usable header line.
    """
    seen: dict[str, int] = {}
    for line, fields, fault, payload in _fields(stream, kind):
        where = f"line {line}: "
        if fault is not None:
            yield SetAside(external_id=None, reason=where + fault, payload=payload)
            continue
        found = row(fields, where=where, payload=payload, zone=zone)
        if isinstance(found, NewMention):
            first = seen.setdefault(found.external_id, line)
            if first != line:
                found = SetAside(
                    external_id=found.external_id,
                    reason=f"{where}the id is the same as in line {first}",
                    payload=payload,
                )
        yield found


def row(
    fields: Mapping[str, object], *, where: str, payload: str, zone: tzinfo = UTC, platform: str = "import"
) -> NewMention | SetAside:
    """One row's fields as a mention, or set aside; `platform` is used where the row names none."""
    try:
        return checked(
            Item(
                external_id=_text(fields, "external_id"),
                platform=(_text(fields, "platform") or platform).strip().lower(),
                created_at=_time(fields, "created_at", zone),
                author=_text(fields, "author"),
                author_name=_text(fields, "author_name"),
                followers=_count(fields, "followers"),
                text=_text(fields, "text"),
                url=_text(fields, "url"),
                parent_id=_text(fields, "parent_id"),
                root_id=_text(fields, "root_id"),
                title=_text(fields, "title"),
                brand=_text(fields, "brand"),
                addressed=str(fields.get("addressed") or "").strip().lower() in _TRUE,
                payload=payload,
                where=where,
            )
        )
    except _BadField as error:
        return SetAside(external_id=None, reason=f"{where}{error}", payload=payload)


class _BadField(Exception):
    """A field of a row cannot be used."""


def _text(fields: Mapping[str, object], key: str) -> str | None:
    value = fields.get(key)
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise _BadField(f'"{key}" must be text, not {command_line.json_name(value)}')


def _time(fields: Mapping[str, object], key: str, zone: tzinfo) -> datetime | None:
    written = _text(fields, key)
    time = parse_time(written, zone) if written else None
    if written and time is None:
        raise _BadField(f'the date "{written[:40]}" cannot be read; write it like 2026-03-01T12:00:00+02:00')
    return time


def _count(fields: Mapping[str, object], key: str) -> int | None:
    written = (_text(fields, key) or "").strip()
    if not written:
        return None
    try:
        number = int(float(written))
    except (ValueError, OverflowError):
        number = -1
    if number < 0:
        raise _BadField(f'"{key}" must be a whole number from 0')
    return number


_Fields = tuple[int, Mapping[str, object], str | None, str]
"""Line number, fields, what is wrong with the line or None, and the line as it came."""


def _fields(stream: BinaryIO, kind: RowFormat) -> Iterator[_Fields]:
    if kind is RowFormat.CSV:
        yield from _csv_fields(stream)
        return
    for number, raw in enumerate(_raw_lines(stream), start=1):
        if raw.strip():
            parsed = command_line.parse_row(number, raw)
            yield number, parsed.fields, parsed.error, raw.decode("utf-8", "replace").rstrip("\r\n")


def _raw_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines; one longer than the limit is cut just above it, so that it is refused and not held whole."""
    while raw := stream.readline(command_line.MAX_LINE_BYTES + 1):
        yield raw
        while len(raw) > command_line.MAX_LINE_BYTES and not raw.endswith(b"\n"):
            raw = stream.readline(command_line.MAX_LINE_BYTES + 1)


def _csv_fields(stream: BinaryIO) -> Iterator[_Fields]:
    csv.field_size_limit(max(csv.field_size_limit(), command_line.MAX_LINE_BYTES))
    lines = _Lines(stream)
    delimiter, header = _header(lines)
    for number, cells, fault, payload in _csv_rows(lines, delimiter):
        wrong = fault
        if wrong is None and len(cells) != len(header):
            wrong = f"the row has {len(cells)} columns, the header {len(header)}; quote texts that hold the delimiter"
        yield number, dict(zip(header, cells, strict=False)), wrong, payload


def _header(lines: "_Lines") -> tuple[str, list[str]]:
    """The delimiter and the column names; the delimiter is the one that finds most of the names we know."""
    known = {*COLUMNS, *OPTIONAL_COLUMNS}
    first = next(iter(lines), "").strip()
    options = [(mark, [cell.strip().strip('"').lower() for cell in first.split(mark)]) for mark in _DELIMITERS]
    delimiter, header = max(options, key=lambda option: len(known.intersection(option[1])))
    for column in ("external_id", "created_at", "text"):
        if column not in header:
            raise FileUnreadable(
                f'the first line names no column "{column}"; it must name the columns, such as {",".join(COLUMNS)}'
            )
    return delimiter, header


def _csv_rows(lines: "_Lines", delimiter: str) -> Iterator[tuple[int, list[str], str | None, str]]:
    """Rows with the number of their first line; a row that is no CSV costs its first line only.

    A quote that is never closed would swallow the rows after it, so reading goes on with the line below it.
    """
    while True:
        start = lines.number + 1
        used: list[str] = []
        try:
            cells = next(csv.reader(lines.taken(used), delimiter=delimiter, strict=True))
        except StopIteration:
            return
        except csv.Error:
            lines.push_back(used[1:])
            fault = "a quote is not closed, or a quote within the text is not doubled"
            yield start, [], lines.fault(start) or fault, used[0].rstrip("\r\n")
            continue
        if cells:
            yield start, cells, lines.fault(start), "".join(used).rstrip("\r\n")


class _Lines:
    """The lines of a byte stream as text, counted, and able to be pushed back.

    UTF-8 with or without a byte-order mark, or UTF-16 with one (what a spreadsheet calls "Unicode text").
    """

    def __init__(self, stream: BinaryIO) -> None:
        start = stream.readline(command_line.MAX_LINE_BYTES + 1)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            try:
                text = (start + stream.read()).decode("utf-16")
            except UnicodeDecodeError as error:
                raise FileUnreadable("the file is cut off UTF-16; save it as UTF-8") from error
            stream, start = io.BytesIO(text.encode("utf-8", "replace")), b""
        self._raw = chain([start.removeprefix(codecs.BOM_UTF8)] if start else [], _raw_lines(stream))
        self._back: deque[str] = deque()
        self._faults: dict[int, str] = {}
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        while True:
            line = self._back.popleft() if self._back else self._read()
            if line is None:
                return
            self.number += 1
            yield line

    def _read(self) -> str | None:
        raw = next(self._raw, None)
        if raw is None:
            return None
        if len(raw) > command_line.MAX_LINE_BYTES:
            self._faults[self.number + 1] = f"the line is longer than {command_line.MAX_LINE_BYTES >> 20} MB"
            return raw[:1000].decode("utf-8", "replace")
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            self._faults[self.number + 1] = "the line is not UTF-8; save the file as UTF-8"
            return raw.decode("utf-8", "replace")

    def taken(self, used: list[str]) -> Iterator[str]:
        """Lines for one row, noted in `used`; they end early where only a lost quote can explain their number."""
        for line in self:
            used.append(line)
            yield line
            if len(used) >= _LOST_QUOTE_LINES:
                return

    def push_back(self, lines: list[str]) -> None:
        """Give lines back, in their order, to be read again."""
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)

    def fault(self, start: int) -> str | None:
        """What is wrong with the lines from `start` to the one read last, forgetting those before."""
        for number in [number for number in self._faults if number < start]:
            del self._faults[number]
        return next((self._faults[number] for number in sorted(self._faults) if number <= self.number), None)
