"""Recorded platform traffic (VCR files) served from a local server, with its statuses and headers."""

import base64
import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

# What describes the transfer and not the answer; the body is served unpacked.
_TRANSFER = frozenset({"content-encoding", "content-length", "transfer-encoding", "connection", "set-cookie"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One recorded request and its answer."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes


def exchanges(file: Path) -> list[Exchange]:
    """Every exchange of a recording, in its order."""
    text = file.read_text(encoding="utf-8")
    recording = yaml.safe_load(text) if file.suffix == ".yaml" else json.loads(text)
    return [_exchange(each["request"], each["response"]) for each in recording["interactions"]]


def _exchange(request: Mapping[str, str], response: Mapping[str, dict[str, object]]) -> Exchange:
    headers = {name.lower(): value for name, value in response["headers"].items() if name.lower() not in _TRANSFER}
    return Exchange(
        method=request["method"],
        path=urlsplit(request["uri"]).path,
        status=int(str(response["status"]["code"])),
        headers={name: str(value[0] if isinstance(value, list) else value) for name, value in headers.items()},
        body=_body(response["body"]),
    )


def _body(body: Mapping[str, object]) -> bytes:
    if "base64_string" in body:
        raw = base64.b64decode(str(body["base64_string"]))
    else:
        given = body.get("string") or b""
        raw = given if isinstance(given, bytes) else str(given).encode()
    return gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw


class Recorded:
    """Answers each request with what was recorded for its path; `paths` maps a path of ours to the recorded one."""

    def __init__(self, server: HTTPServer, *files: Path, paths: Mapping[str, str] | None = None) -> None:
        self.base = server.url_for("").rstrip("/")
        self.asked: list[Request] = []
        self._recorded = [exchange for file in files for exchange in exchanges(file)]
        self._paths = paths or {}
        server.expect_request("/api/v1/access_token").respond_with_handler(self._answer)
        server.expect_request(re.compile(".*")).respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        self.asked.append(request)
        wanted = self._paths.get(request.path, request.path)
        for exchange in self._recorded:
            if exchange.method == request.method and exchange.path.rstrip("/") == wanted.rstrip("/"):
                return Response(exchange.body, status=exchange.status, headers=dict(exchange.headers))
        return Response(f"nothing was recorded for {request.method} {wanted}", status=418)
