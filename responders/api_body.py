"""The body of a request, read with limits of size, time and rows, as one JSON value or several."""

import asyncio
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, TypeAlias

from starlette.requests import Request

from responders.api_document import JSON, MAX_BYTES, MAX_ROWS, NDJSON
from responders.api_shapes import Unusable, parsed

if TYPE_CHECKING:
    from pydantic import JsonValue

BODY_SECONDS: Final = 20.0


class Form(Enum):
    """How rows came, and so how they are answered."""

    ONE = auto()
    LIST = auto()
    LINES = auto()


Value: TypeAlias = "JsonValue | Unusable"
"""A row as JSON, or what is wrong with its line."""


class Refused(Exception):
    """A request is not done: the status, the sentence, and headers that go with it."""

    def __init__(self, status: int, sentence: str, **headers: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


async def body_of(request: Request) -> tuple[bytes, str]:
    """The bytes and their media type; raises Refused."""
    kind = _media_type(request)
    too_large = Refused(413, f"the body is larger than {MAX_BYTES >> 20} MB; send it in parts", connection="close")
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()) or len(length) > len(str(MAX_BYTES)) or int(length) > MAX_BYTES:
        raise too_large
    body = bytearray()

    async def receive() -> None:
        async for chunk in request.stream():
            body.extend(chunk)
            if len(body) > MAX_BYTES:
                raise too_large

    try:
        await asyncio.wait_for(receive(), BODY_SECONDS)
    except TimeoutError as error:
        raise Refused(408, f"the body did not come within {BODY_SECONDS:g} seconds", connection="close") from error
    return bytes(body), kind


def split(body: bytes, media_type: str) -> tuple[Form, list[Value]]:
    """The body as rows, and how they came; raises Unusable or Refused."""
    if media_type == NDJSON:
        # Counted before anything is parsed: half a million bad lines must cost no more than one.
        lines = [line for line in body.split(b"\n") if line.strip()]
        _counted(len(lines))
        return Form.LINES, [_line(line) for line in lines]
    value = parsed(body)
    values: list[Value] = [*value] if isinstance(value, list) else [value]
    _counted(len(values))
    return Form.LIST if isinstance(value, list) else Form.ONE, values


def _counted(rows: int) -> None:
    if not rows:
        raise Unusable("there is no row in the body")
    if rows > MAX_ROWS:
        raise Refused(413, f"there are {rows:,} rows; send at most {MAX_ROWS} at once")


def _line(raw: bytes) -> Value:
    try:
        return parsed(raw)
    except Unusable as error:
        return Unusable(str(error))


def _media_type(request: Request) -> str:
    kind, *parameters = (part.strip().lower() for part in request.headers.get("content-type", "").split(";"))
    charsets = [part.removeprefix("charset=").strip('"') for part in parameters if part.startswith("charset=")]
    if kind not in (JSON, NDJSON) or charsets not in ([], ["utf-8"]):
        raise Refused(415, f"send {JSON} or {NDJSON} in UTF-8 and say so in Content-Type")
    return kind
