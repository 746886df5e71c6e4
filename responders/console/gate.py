"""What stands before every page: no page without a login, and headers that keep other sites out.

The pages check again for themselves: this gate only saves a stranger the way through an empty page.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOGIN_PATH: Final = "/login"
LOGIN_COOKIE: Final = "tactful_login"
_OPEN: Final = ("/login", "/logout", "/password", "/healthz", "/readyz", "/metrics", "/api/", "/_stcore/", "/static/")
# Streamlit needs inline and evaluated scripts. What matters here: whatever text a page shows, nothing is fetched from,
# and nothing is told to, any other machine.
_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    ("X-Frame-Options", "DENY"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Content-Security-Policy", _POLICY),
)


def safe_next(path: str | None) -> str:
    """A place of ours to go on to after the login; the first page for anything that could lead elsewhere."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")) or not path.isprintable():
        return "/"
    parts = urlsplit(path)
    if parts.scheme or parts.netloc or "\\" in path or parts.path.startswith(_OPEN):
        return "/"
    return path


class Gate:
    """ASGI middleware: sends a page request without a valid login to the login form.

    `admits` answers whether a login token is valid now; it may ask the database and runs in a thread.
    """

    def __init__(self, app: ASGIApp, *, admits: Callable[[str], bool]) -> None:
        self._app = app
        self._admits = admits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with the way to the login form."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS:
                    headers.setdefault(name, value)
            await send(message)

        if _is_page(scope) and scope["path"].rstrip("/") == "/inbox":
            # Streamlit serves its first page under "/" only; people and bookmarks will try its name.
            query = scope["query_string"].decode("latin-1")
            await RedirectResponse(f"/?{query}" if query else "/", status_code=303)(scope, receive, send_with_headers)
            return
        if _is_page(scope) and not await self._is_admitted(scope):
            wanted = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
            target = LOGIN_PATH if wanted == "/" else f"{LOGIN_PATH}?next={quote(wanted, safe='/')}"
            await RedirectResponse(target, status_code=303)(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)

    async def _is_admitted(self, scope: Scope) -> bool:
        token = HTTPConnection(scope).cookies.get(LOGIN_COOKIE)
        return token is not None and await run_in_threadpool(self._admits, token)


def _is_page(scope: Scope) -> bool:
    """Whether a browser asks for a page, and not for one of the files and calls that a page is made of."""
    if scope["method"] not in ("GET", "HEAD") or scope["path"].startswith(_OPEN) or "." in scope["path"]:
        return False
    return "text/html" in Headers(scope=scope).get("accept", "")
