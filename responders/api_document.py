"""The API as an OpenAPI 3.1 document, made from the shapes that the routes read and answer with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from pydantic import JsonValue
from pydantic.json_schema import models_json_schema

from responders.api_shapes import (
    INPUTS,
    OUTPUTS,
    CheckAnswer,
    Draft,
    MentionsPage,
    Post,
    RowProblem,
    Shape,
    Stored,
)
from responders.tokens import Scope

MAX_BYTES: Final = 1024 * 1024
MAX_ROWS: Final = 100
MAX_PAGE: Final = 200
PAGE: Final = 50
JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
TIMESTAMP: Final = "X-Tactful-Timestamp"
SIGNATURE: Final = "X-Tactful-Signature"
_REF: Final = "#/components/schemas/{model}"

Object: TypeAlias = dict[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One address and method: who may use it, what it takes and gives. `scope` None needs any working token."""

    path: str
    method: Literal["GET", "POST"]
    scope: Scope | None
    words: str
    takes: type[Shape] | None = None
    gives: type[Shape] | None = None
    gives_rows: bool = False
    signed: bool = False


CHECK: Final = Route(
    path="/api/check",
    method="POST",
    scope=Scope.CHECK,
    words="Judge a draft, or several, before anybody sends them",
    takes=Draft,
    gives=CheckAnswer,
    gives_rows=True,
)
PUSH: Final = Route(
    path="/api/mentions",
    method="POST",
    scope=Scope.MENTIONS_WRITE,
    words="Hand in public posts; each is stored once and judged by the monitor",
    takes=Post,
    gives=Stored,
    signed=True,
)
LIST: Final = Route(
    path="/api/mentions",
    method="GET",
    scope=Scope.MENTIONS_READ,
    words="Mentions, page by page",
    gives=MentionsPage,
)
DOCUMENT: Final = Route(path="/api/openapi.json", method="GET", scope=None, words="This document")
ROUTES: Final = (CHECK, PUSH, LIST, DOCUMENT)

_PROBLEMS: Final[Mapping[str, str]] = {
    "400": "The request cannot be used; the sentence says why",
    "401": "No working token, or a signature that does not fit",
    "403": "The token is not for this",
    "405": "Another method is needed",
    "429": "Too many; Retry-After says when",
    "503": "The database cannot be used now",
}
_BODY_PROBLEMS: Final[Mapping[str, str]] = {
    "408": "The body came too slowly",
    "413": f"More than {MAX_BYTES >> 20} MB or {MAX_ROWS} rows",
    "415": f"Neither {JSON} nor {NDJSON}, or not UTF-8",
}


def document() -> Object:
    """The whole document."""
    _, inputs = models_json_schema([(shape, "validation") for shape in INPUTS], ref_template=_REF)
    _, outputs = models_json_schema([(shape, "serialization") for shape in OUTPUTS], ref_template=_REF)
    paths: dict[str, JsonValue] = {}
    for path in dict.fromkeys(route.path for route in ROUTES):
        paths[path] = {route.method.lower(): _operation(route) for route in ROUTES if route.path == path}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tactful",
            "version": "1",
            "description": "Check replies before they are sent; hand in and fetch mentions.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {**inputs["$defs"], **outputs["$defs"]},
        },
    }


def _operation(route: Route) -> Object:
    problems = {**_PROBLEMS, **(_BODY_PROBLEMS if route.takes else {})}
    if route.signed:
        problems["409"] = "This very request was accepted before"
    operation: Object = {
        "operationId": f"{route.method.lower()}-{route.path.removeprefix('/api/').removesuffix('.json')}",
        "summary": route.words,
        "description": f"Needs a token with the scope {route.scope}." if route.scope else "Needs any working token.",
        "parameters": _parameters(route),
        "responses": {
            "200": {"description": "Done", "content": _answers(route)},
            **{status: _problem(words) for status, words in sorted(problems.items())},
        },
    }
    if route.takes is not None:
        one = _ref(route.takes)
        rows: Object = {"type": "array", "items": one, "minItems": 1, "maxItems": MAX_ROWS}
        operation["requestBody"] = {
            "required": True,
            "description": f"One object, a list of at most {MAX_ROWS}, or one object a line.",
            "content": {JSON: {"schema": {"anyOf": [one, rows]}}, NDJSON: {"schema": one}},
        }
    return operation


def _answers(route: Route) -> Object:
    if route.gives is None:
        return {JSON: {"schema": {"type": "object"}}}
    one = _ref(route.gives)
    if not route.gives_rows:
        return {JSON: {"schema": one}}
    row: Object = {"anyOf": [one, _ref(RowProblem)]}
    return {JSON: {"schema": {"anyOf": [one, {"type": "array", "items": row}]}}, NDJSON: {"schema": row}}


def _parameters(route: Route) -> list[JsonValue]:
    if route.signed:
        return [
            _parameter(TIMESTAMP, "header", {"type": "string", "pattern": "^[0-9]{1,12}$"}, "Seconds since 1970"),
            _parameter(
                SIGNATURE,
                "header",
                {"type": "string", "pattern": "^sha256=[0-9a-f]{64}$"},
                "HMAC-SHA256, under the signing key, over the timestamp, a dot, and the body",
            ),
        ]
    if route is not LIST:
        return []
    return [
        _parameter("after", "query", {"type": "integer", "minimum": 0, "default": 0}, "Where the last page ended"),
        _parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": PAGE}, "Most"),
        _parameter("brand", "query", {"type": "string"}, "Only this brand's"),
    ]


def _parameter(name: str, where: str, schema: Object, words: str) -> Object:
    return {"name": name, "in": where, "required": where == "header", "description": words, "schema": schema}


def _problem(words: str) -> Object:
    return {"description": words, "content": {JSON: {"schema": {"$ref": _REF.format(model="Problem")}}}}


def _ref(shape: type[Shape]) -> Object:
    return {"$ref": _REF.format(model=shape.__name__)}


def names(routes: Sequence[Route] = ROUTES) -> list[str]:
    """Method and address of every route."""
    return [f"{route.method} {route.path}" for route in routes]
