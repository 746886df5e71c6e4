"""The HTTP API of the console process: check drafts, hand in and fetch mentions; and `/metrics`.

Only a bearer token opens it, never a cookie, so no page of another site can use it through somebody's browser, and no
CORS header invites one. Whatever goes wrong is one sentence in JSON; a token or a body is never logged.
"""

import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Final

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route as WebRoute

from monitor.config import Settings, SettingsError
from monitor.errors import EdgeError
from monitor.mention import NewMention
from monitor.receiving import Receiving
from monitor.storage import queries
from monitor.storage.audit import AuditLog
from monitor.storage.queries import PageKey
from monitor.storage.session import Database
from responders import api_document as book
from responders.api_body import Form, Refused, Value, body_of, split
from responders.api_check import TimelyCheck
from responders.api_document import JSON, MAX_PAGE, NDJSON
from responders.api_metrics import CONTENT_TYPE, Metrics
from responders.api_rate import RateLimiter
from responders.api_shapes import (
    Draft,
    Mention,
    MentionsPage,
    Post,
    RowProblem,
    Stored,
    Unusable,
    dumped,
    line_of,
    read,
    written,
)
from responders.report import DraftChecker
from responders.tokens import AlreadyAccepted, ApiToken, Scope, SignatureRefused, Tokens

STRANGERS: Final = ""
"""The bucket of requests without a working token; no token has this name."""
STRANGERS_PER_MINUTE: Final = 120
LARGEST_KEY: Final = 2**31 - 1
log: Final = structlog.get_logger("responders")


@dataclass(slots=True, kw_only=True)
class Service:
    """What the routes work with. `receiving` may raise SettingsError; it is built when the first post is pushed."""

    database: Database
    tokens: Tokens
    check: TimelyCheck
    receiving: Callable[[], Receiving]
    now: Callable[[], datetime]
    metrics: Metrics
    rate: RateLimiter = field(default_factory=lambda: RateLimiter(time.monotonic))

    @property
    def is_awaited(self) -> bool:
        """Whether some program may ask for checks, so that the model is worth loading before the first one does."""
        return any(token.revoked_at is None and Scope.CHECK in token.scopes for token in self.tokens.everyone())

    def spend(self, token: ApiToken, count: int) -> None:
        """Count drafts or posts against the token's minute; raises Refused."""
        if count > 0:
            self._take(token.name, count, token.per_minute, f"the token {token.name} may send {token.per_minute}")

    def spend_stranger(self) -> None:
        """Count a request without a working token; raises Refused."""
        self._take(STRANGERS, 1, STRANGERS_PER_MINUTE, "there are too many requests without a working token")

    def _take(self, name: str, count: int, per_minute: int, sentence: str) -> None:
        try:
            wait = self.rate.take(name, count, per_minute=per_minute)
        except Exception as error:
            # A limiter that does not work lets nobody through.
            raise Refused(503, "the request limit cannot be counted now; try again") from error
        if wait:
            seconds = max(1, math.ceil(wait))
            ending = f"try again in {seconds} s" if count <= per_minute else "send fewer at once"
            raise Refused(
                429, f"{sentence} a minute; {ending}" if name else f"{sentence}; {ending}", retry_after=str(seconds)
            )


def service(
    settings: Settings, *, database: Database, audit: AuditLog, checker: DraftChecker, now: Callable[[], datetime]
) -> Service:
    """The API of some settings over an opened database."""
    metrics = Metrics()
    return Service(
        database=database,
        tokens=Tokens(database, audit),
        check=TimelyCheck(checker=checker, metrics=metrics),
        receiving=cache(lambda: Receiving.of(settings, database, audit)),
        now=now,
        metrics=metrics,
    )


Act = Callable[[Request, Service, ApiToken], Awaitable[Response]]


def routes(service: Service) -> list[WebRoute]:
    """Every address of the API, one for what is not there, and `/metrics`."""
    acts: dict[str, dict[str, tuple[book.Route, Act]]] = {}
    for route, act in ((book.CHECK, _check), (book.PUSH, _push), (book.LIST, _list), (book.DOCUMENT, _document)):
        acts.setdefault(route.path, {})[route.method] = (route, act)

    def endpoint(path: str) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return await _answer(request, service, path, acts.get(path, {}))

        return answer

    async def metrics(_request: Request) -> Response:
        return Response(await run_in_threadpool(_metrics, service), media_type=CONTENT_TYPE)

    every = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    return [
        *(WebRoute(path, endpoint(path), methods=every) for path in acts),
        WebRoute("/api/{rest:path}", endpoint("/api/"), methods=every),
        WebRoute("/metrics", metrics, methods=["GET", "HEAD"]),
    ]


async def _answer(request: Request, service: Service, path: str, acts: dict[str, tuple[book.Route, Act]]) -> Response:
    """Let in who may, do what is asked; every refusal and every defect is one sentence."""
    try:
        answer = await _admitted(request, service, acts)
    except Refused as refusal:
        answer = _problem(refusal.status, str(refusal), refusal.headers)
    except Unusable as error:
        answer = _problem(400, str(error))
    except EdgeError as error:
        log.warning("api.edge", route=path, error=type(error).__name__)
        answer = _problem(503, "the database cannot be used now; nothing was changed, try again")
    except ClientDisconnect:
        answer = _problem(400, "the request broke off")
    except Exception as error:  # noqa: BLE001 - a defect of ours is no traceback for a stranger
        log.warning("api.defect", route=path, error=type(error).__name__)
        answer = _problem(500, "this failed for a reason of our own; nothing counts as checked or stored")
    answer.headers["Cache-Control"] = "no-store"
    service.metrics.answered(path, answer.status_code)
    return answer


async def _admitted(request: Request, service: Service, acts: dict[str, tuple[book.Route, Act]]) -> Response:
    token = await run_in_threadpool(_token, request, service)
    if not acts:
        raise Refused(404, f"there is no such address; there are {', '.join(book.names())}")
    method = "GET" if request.method == "HEAD" else request.method
    if method not in acts:
        allowed = ", ".join(acts)
        raise Refused(405, f"this address takes {allowed}", allow=allowed)
    route, act = acts[method]
    if route.scope is not None and route.scope not in token.scopes:
        raise Refused(403, f'the token {token.name} is not for this; it needs the scope "{route.scope}"')
    service.spend(token, 1)
    return await act(request, service, token)


def _token(request: Request, service: Service) -> ApiToken:
    kind, _, words = request.headers.get("authorization", "").partition(" ")
    found = service.tokens.find(words.strip()) if kind.lower() == "bearer" else None
    if found is None:
        service.spend_stranger()
        sentence = 'a working token is needed: "Authorization: Bearer tactful_…" (python -m responders tokens add)'
        raise Refused(401, sentence, www_authenticate="Bearer")
    return found


async def _check(request: Request, service: Service, token: ApiToken) -> Response:
    form, values = split(*await body_of(request))
    service.spend(token, len(values) - 1)
    if form is Form.ONE:
        drafts = [read(Draft, values[0])]
        return _json((await run_in_threadpool(service.check.rows, drafts))[0])
    drafts = []
    failed: dict[int, dict[str, object]] = {}
    for number, value in enumerate(values, start=1):
        try:
            if isinstance(value, Unusable):
                raise value
            drafts.append(read(Draft, value))
        except Unusable as error:
            failed[number] = line_of(number, value, str(error))
    answers = iter(await run_in_threadpool(service.check.rows, drafts))
    rows = [failed[number] if number in failed else next(answers) for number in range(1, len(values) + 1)]
    if form is Form.LIST:
        return _json(rows)
    return Response(b"".join(written(row) + b"\n" for row in rows), media_type=NDJSON)


async def _push(request: Request, service: Service, token: ApiToken) -> Response:
    body, kind = await body_of(request)
    now = service.now()
    try:
        signed = service.tokens.verify(
            token,
            written_time=request.headers.get(book.TIMESTAMP, ""),
            signature=request.headers.get(book.SIGNATURE, ""),
            body=body,
            now=now,
        )
    except SignatureRefused as error:
        raise Refused(401, str(error)) from error
    form, values = split(body, kind)
    service.spend(token, len(values) - 1)

    def store() -> Stored:
        try:
            receiving = service.receiving()
        except SettingsError as error:
            raise Refused(
                503, "the brands in the settings cannot be read; python -m monitor doctor says why"
            ) from error
        posts, errors = _posts(receiving, values)
        if not posts:
            raise Unusable(errors[0].error if form is Form.ONE else f"no row can be used; line 1: {errors[0].error}")
        added = receiving.store(posts, now, first=lambda unit: signed.accept(unit, now))
        return Stored(
            added=added.added,
            already=added.already,
            edited=added.edited,
            rejected=len(errors) + added.set_aside,
            errors=errors,
        )

    try:
        return _json(dumped(await run_in_threadpool(store)))
    except AlreadyAccepted as error:
        raise Refused(409, str(error)) from error


def _posts(receiving: Receiving, values: Sequence[Value]) -> tuple[list[NewMention], list[RowProblem]]:
    """The rows that can be used, and what is wrong with the others; the first of two with one id counts."""
    posts: dict[str, NewMention] = {}
    errors = []
    for number, value in enumerate(values, start=1):
        name = value.get("external_id") if isinstance(value, dict) else None
        try:
            if isinstance(value, Unusable):
                raise value
            fields = read(Post, value).model_dump()
            found = receiving.post(fields, written(value).decode())
            if not isinstance(found, NewMention):
                raise Unusable(found.reason)  # noqa: TRY301 - as above
            if found.external_id in posts:
                raise Unusable("a row before has the same external_id")  # noqa: TRY301 - as above
            posts[found.external_id] = found
        except Unusable as error:
            plain = name if isinstance(name, str | int | float | None) else None
            errors.append(RowProblem(line=number, id=plain, error=str(error)))
    return list(posts.values()), errors


async def _list(request: Request, service: Service, _token: ApiToken) -> Response:
    after = _number(request, "after", 0, 0, LARGEST_KEY)
    size = _number(request, "limit", book.PAGE, 1, MAX_PAGE)
    brand = request.query_params.get("brand")
    if brand is not None and not brand.isprintable():
        raise Unusable('"brand" must be a key of [brands.…] in the settings')

    def fetch() -> MentionsPage:
        with service.database.read() as unit:
            page = queries.mentions_page(unit, brand=brand, after=PageKey(id=after), size=size)
        return MentionsPage(
            mentions=[Mention.of(mention) for mention in page.rows], next=None if page.next is None else page.next.id
        )

    return _json(dumped(await run_in_threadpool(fetch)))


async def _document(_request: Request, _service: Service, _token: ApiToken) -> Response:
    return _json(book.document())


def _number(request: Request, name: str, default: int, least: int, most: int) -> int:
    word = request.query_params.get(name)
    if word is None:
        return default
    if word.isascii() and word.isdigit() and len(word) <= len(str(most)) and least <= int(word) <= most:
        return int(word)
    msg = f'"{name}" must be a whole number from {least} to {most}'
    raise Unusable(msg)


def _metrics(service: Service) -> str:
    try:
        with service.database.read() as unit:
            rows = queries.source_rows(unit)
    except EdgeError:
        return service.metrics.text(None)
    return service.metrics.text(rows)


def _json(value: object, status: int = 200) -> Response:
    return Response(written(value), status_code=status, media_type=JSON)


def _problem(status: int, sentence: str, headers: dict[str, str] | None = None) -> Response:
    return Response(written({"error": sentence}), status_code=status, media_type=JSON, headers=headers)
