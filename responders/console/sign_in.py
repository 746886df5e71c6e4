"""Signing in and out, by plain forms: they work before any script runs, and password managers know them.

The login is an HttpOnly, SameSite=Lax cookie, so it outlives a reload and no script can read it. Each form carries a
random value that must equal a SameSite=Strict cookie, and a request that another site sent is refused.
"""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import parse_qs, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from monitor.errors import EdgeError
from responders.accounts import MIN_PASSWORD, AccountFault, LoginRefused
from responders.console.context import Console
from responders.console.gate import LOGIN_COOKIE, LOGIN_PATH, safe_next
from responders.console.words import COOKIE, LANGUAGES, Words, chosen_language, words

PASSWORD_PATH: Final = "/password"  # noqa: S105 - an address
FORM_COOKIE: Final = "tactful_form"
LONGEST_FORM: Final = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the forms need: the opened console and the time."""

    console: Callable[[], Console]
    now: Callable[[], datetime]


class FormRefused(Exception):
    """A form that cannot be trusted or read; the argument is the key of the sentence to show."""


def routes(doors: Doors) -> list[Route]:
    """`/login`, `/password` and `/logout`."""

    async def login(request: Request) -> Response:
        return await _answer(request, doors, _show_login, _log_in)

    async def password(request: Request) -> Response:
        return await _answer(request, doors, _show_password, _change_password)

    async def logout(request: Request) -> Response:
        return await _answer(request, doors, _show_login, _log_out)

    return [
        Route(LOGIN_PATH, login, methods=["GET", "POST"]),
        Route(PASSWORD_PATH, password, methods=["GET", "POST"]),
        Route("/logout", logout, methods=["POST"]),
    ]


async def _answer(
    request: Request,
    doors: Doors,
    show: Callable[..., Response],
    act: Callable[[Request, Doors, dict[str, str]], Response],
) -> Response:
    """Show the form, or check what was sent and act on it; every refusal shows the form again with its reason."""
    if request.method != "POST":
        return await run_in_threadpool(show, request, doors)
    form: dict[str, str] = {}
    try:
        form = await _read(request)
        _refuse_foreign(request, form)
        return await run_in_threadpool(act, request, doors, form)
    except FormRefused as refusal:
        return await run_in_threadpool(show, request, doors, problem=str(refusal), form=form)
    except LoginRefused:
        return await run_in_threadpool(show, request, doors, problem="sign-in.wrong", form=form)
    except AccountFault as fault:
        return await run_in_threadpool(show, request, doors, sentence=str(fault), form=form)
    except EdgeError:
        return await run_in_threadpool(show, request, doors, problem="sign-in.busy", form=form, status=503)


async def _read(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_FORM:
            raise FormRefused("sign-in.stale")
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=16)
    return {name: values[0] for name, values in fields.items()}


def _refuse_foreign(request: Request, form: dict[str, str]) -> None:
    origin = request.headers.get("origin")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise FormRefused("sign-in.foreign")
    if origin not in (None, "null") and urlsplit(origin).netloc != request.headers.get("host"):
        raise FormRefused("sign-in.foreign")
    expected = request.cookies.get(FORM_COOKIE, "")
    if not expected or not hmac.compare_digest(expected.encode(), form.get("form", "").encode()):
        raise FormRefused("sign-in.stale")


def _log_in(request: Request, doors: Doors, form: dict[str, str]) -> Response:
    login = doors.console().accounts.login(form.get("name", ""), form.get("password", ""), doors.now())
    target = safe_next(form.get("next"))
    answer = RedirectResponse(PASSWORD_PATH if login.account.must_change else target, status_code=303)
    _keep(answer, request, LOGIN_COOKIE, login.token, seconds=int((login.expires_at - doors.now()).total_seconds()))
    return answer


def _change_password(request: Request, doors: Doors, form: dict[str, str]) -> Response:
    accounts = doors.console().accounts
    account = accounts.account_of(request.cookies.get(LOGIN_COOKIE, ""), doors.now())
    if account is None:
        return RedirectResponse(LOGIN_PATH, status_code=303)
    if form.get("new") != form.get("repeat"):
        raise FormRefused("sign-in.differ")
    if len(form.get("new", "")) < MIN_PASSWORD:
        raise FormRefused("sign-in.too-short")
    accounts.change_password(account, form.get("password", ""), form.get("new", ""), doors.now())
    # Changing a password ends every login, this one too; the person has just shown who they are.
    login = accounts.login(account.name, form.get("new", ""), doors.now())
    answer = RedirectResponse("/", status_code=303)
    _keep(answer, request, LOGIN_COOKIE, login.token, seconds=int((login.expires_at - doors.now()).total_seconds()))
    return answer


def _log_out(request: Request, doors: Doors, _form: dict[str, str]) -> Response:
    doors.console().accounts.logout(request.cookies.get(LOGIN_COOKIE, ""), doors.now())
    answer = RedirectResponse(LOGIN_PATH, status_code=303)
    answer.delete_cookie(LOGIN_COOKIE, path="/")
    return answer


def _show_login(
    request: Request,
    doors: Doors,
    *,
    problem: str | None = None,
    sentence: str | None = None,
    form: dict[str, str] | None = None,
    status: int | None = None,
) -> Response:
    say = _words(request)
    given = form or {}
    wanted = given.get("next") or request.query_params.get("next", "/")
    fields = (
        _hidden("next", safe_next(wanted))
        + _field(say("sign-in.name"), "name", "text", "username", value=given.get("name", ""), focus=not given)
        + _field(say("sign-in.password"), "password", "password", "current-password", focus=bool(given))
    )
    hint = say("sign-in.no-accounts") if problem is None and _has_no_accounts(doors) else None
    page = _Page(
        title=say("sign-in.title"),
        action=LOGIN_PATH,
        fields=fields,
        button=say("sign-in.submit"),
        problem=sentence or (say(problem) if problem else None),
        hint=hint,
        status=status or (401 if problem or sentence else 200),
    )
    return _page(request, say, page)


def _show_password(
    request: Request,
    doors: Doors,
    *,
    problem: str | None = None,
    sentence: str | None = None,
    form: dict[str, str] | None = None,  # noqa: ARG001 - passwords are never filled in again
    status: int | None = None,
) -> Response:
    say = _words(request)
    account = doors.console().accounts.account_of(request.cookies.get(LOGIN_COOKIE, ""), doors.now())
    if account is None:
        return RedirectResponse(LOGIN_PATH, status_code=303)
    fields = (
        # Hidden by style, not by type: a password manager must see for whom it keeps the new password.
        f'<input class="away" type="text" name="name" autocomplete="username" value="{escape(account.name)}" '
        'readonly tabindex="-1" aria-hidden="true">'
        + _field(say("sign-in.current"), "password", "password", "current-password", focus=True)
        + _field(say("sign-in.new", count=MIN_PASSWORD), "new", "password", "new-password")
        + _field(say("sign-in.repeat"), "repeat", "password", "new-password")
    )
    page = _Page(
        title=say("sign-in.change-title"),
        action=PASSWORD_PATH,
        fields=fields,
        button=say("sign-in.change"),
        problem=sentence or (say(problem, count=MIN_PASSWORD) if problem else None),
        hint=say("sign-in.change-why") if account.must_change else None,
        status=status or (400 if problem or sentence else 200),
    )
    return _page(request, say, page)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    title: str
    action: str
    fields: str
    button: str
    problem: str | None
    hint: str | None
    status: int


def _words(request: Request) -> Words:
    asked = request.query_params.get("lang")
    cookie = asked if asked in LANGUAGES else request.cookies.get(COOKIE)
    return words(chosen_language(cookie=cookie, accepted=request.headers.get("accept-language")))


def _has_no_accounts(doors: Doors) -> bool:
    try:
        return not doors.console().accounts.everyone()
    except EdgeError:
        return False


def _field(label: str, name: str, kind: str, complete: str, *, value: str = "", focus: bool = False) -> str:
    return (
        f'<label for="{name}">{escape(label)}</label>'
        f'<input id="{name}" name="{name}" type="{kind}" autocomplete="{complete}" autocapitalize="none" '
        f'spellcheck="false" required dir="auto" value="{escape(value)}"{" autofocus" if focus else ""}>'
    )


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def _page(request: Request, say: Words, page: _Page) -> Response:
    form_value = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(24)
    languages = " · ".join(
        f'<a href="{page.action}?lang={code}" lang="{code}"{" aria-current=true" if code == say.language else ""}>'
        f"{escape(name)}</a>"
        for code, name in LANGUAGES.items()
    )
    html = _HTML.substitute(
        language=say.language,
        direction=say.direction,
        title=escape(page.title),
        problem=f'<p class="problem" role="alert">{escape(page.problem)}</p>' if page.problem else "",
        hint=f'<p class="hint">{escape(page.hint)}</p>' if page.hint else "",
        action=page.action,
        form=_hidden("form", form_value),
        fields=page.fields,
        button=escape(page.button),
        label=escape(say("common.language")),
        languages=languages,
    )
    answer = HTMLResponse(
        html, status_code=page.status, headers={"Cache-Control": "no-store", "Content-Security-Policy": _POLICY}
    )
    _keep(answer, request, FORM_COOKIE, form_value, seconds=None, same_site="strict")
    if request.query_params.get("lang") in LANGUAGES:
        _keep(answer, request, COOKIE, say.language, seconds=365 * 86_400, readable=True)
    return answer


def _keep(
    answer: Response,
    request: Request,
    name: str,
    value: str,
    *,
    seconds: int | None,
    same_site: str = "lax",
    readable: bool = False,
) -> None:
    answer.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/",
        secure=request.url.scheme == "https",
        httponly=not readable,
        samesite="strict" if same_site == "strict" else "lax",
    )


_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HTML: Final = Template(Path(__file__).with_suffix(".html").read_text(encoding="utf-8"))
