"""Signing in, staying in, going out; and what other sites and tricky addresses cannot do."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from responders.accounts import Accounts, Role
from responders.console import context, health, sign_in
from responders.console.gate import LOGIN_COOKIE, Gate, safe_next

PASSWORD = "a quiet evening walk"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TACTFUL__DATABASE__URL", f"sqlite:///{tmp_path / 'sign_in.db'}")
    monkeypatch.setenv("TACTFUL__AUDIT__KEY", "0123456789abcdef0123456789abcdef")
    context.forget()
    opened = context.console()
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    accounts = Accounts(opened.database, opened.audit, hasher=cheap)
    first = accounts.add("agent", Role.AGENT, context.now(), by=None)
    account = accounts.login("agent", first.password, context.now()).account
    accounts.change_password(account, first.password, PASSWORD, context.now())

    async def page(_request: object) -> PlainTextResponse:
        return PlainTextResponse("the page")

    app = Starlette(
        routes=[
            *sign_in.routes(sign_in.Doors(console=context.console, now=context.now)),
            *health.routes(lambda: context.console().database),
            Route("/{path:path}", page),
        ],
        middleware=[Middleware(Gate, admits=context.admits)],
    )
    with TestClient(app, follow_redirects=False, headers={"accept": "text/html"}) as client:
        yield client
    opened.database.close()
    context.forget()


def form_of(site: TestClient, path: str = "/login") -> str:
    found = re.search(r'name="form" value="([^"]+)"', site.get(path).text)
    assert found is not None
    return found.group(1)


def log_in(site: TestClient, **fields: str) -> object:
    form = {"form": form_of(site), "name": "agent", "password": PASSWORD, **fields}
    return site.post("/login", data=form)


def test_the_right_password_sets_a_cookie_that_no_script_reads(site: TestClient) -> None:
    answer = log_in(site)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = next(line for line in answer.headers.get_list("set-cookie") if line.startswith(LOGIN_COOKIE))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert site.get("/").text == "the page"


@pytest.mark.parametrize("fields", [{"password": "wrong"}, {"name": "nobody"}, {"name": ""}, {"name": "x" * 400}])
def test_a_wrong_sign_in_says_the_same_whatever_is_wrong(site: TestClient, fields: dict[str, str]) -> None:
    answer = log_in(site, **fields)
    assert answer.status_code == 401
    assert "The name or the password is wrong" in answer.text
    assert LOGIN_COOKIE not in answer.cookies


def test_no_page_without_a_login_and_back_to_it_afterwards(site: TestClient) -> None:
    answer = site.get("/reply?mention=7")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=/reply%3Fmention%3D7"
    assert 'value="/reply?mention=7"' in site.get(answer.headers["location"]).text
    assert log_in(site, next="/reply?mention=7").headers["location"] == "/reply?mention=7"


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/login",
        "/logout",
        "/a\nb",
        "",
        None,
        "\\\\evil.example",
        "/%0d%0aSet-Cookie",
    ],
)
def test_the_way_on_never_leads_out(path: str | None) -> None:
    assert safe_next(path) in ("/", "/%0d%0aSet-Cookie")


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}],
)
def test_a_form_that_another_site_sent_is_refused(site: TestClient, headers: dict[str, str]) -> None:
    form = {"form": form_of(site), "name": "agent", "password": PASSWORD}
    answer = site.post("/login", data=form, headers=headers)
    assert answer.status_code == 401
    assert LOGIN_COOKIE not in answer.cookies


def test_a_form_without_its_cookie_is_refused(site: TestClient) -> None:
    form = {"form": form_of(site), "name": "agent", "password": PASSWORD}
    site.cookies.clear()
    assert LOGIN_COOKIE not in site.post("/login", data=form).cookies


def test_an_endless_form_is_refused(site: TestClient) -> None:
    answer = site.post("/login", data={"form": form_of(site), "name": "a" * 100_000})
    assert answer.status_code == 401


def test_signing_out_ends_the_login_itself(site: TestClient) -> None:
    log_in(site)
    token = site.cookies[LOGIN_COOKIE]
    assert site.post("/logout", data={"form": form_of(site)}).status_code == 303
    assert not context.admits(token)
    assert site.get("/").status_code == 303


def test_signing_out_cannot_be_forced_by_a_link(site: TestClient) -> None:
    log_in(site)
    site.get("/logout")
    site.post("/logout", data={}, headers={"origin": "https://evil.example"})
    assert site.get("/").text == "the page"


def test_a_password_that_others_know_must_be_changed_first(site: TestClient) -> None:
    opened = context.console()
    opened.accounts.reset_password("agent", context.now(), by=None, password="given by an admin")
    answer = log_in(site, password="given by an admin")
    assert answer.headers["location"] == "/password"
    asked = site.get("/password").text
    assert "printed on a screen or told to you by somebody" in asked
    assert "Somebody else knows" not in asked
    form = {"form": form_of(site, "/password"), "password": "given by an admin"}
    assert "not the same" in site.post("/password", data=form | {"new": "one two three", "repeat": "four"}).text
    assert "too short" in site.post("/password", data=form | {"new": "short", "repeat": "short"}).text
    done = site.post("/password", data=form | {"new": "my own long words", "repeat": "my own long words"})
    assert done.status_code == 303
    assert site.get("/").text == "the page"


def test_names_are_escaped_and_the_language_follows_the_link(site: TestClient) -> None:
    answer = log_in(site, name='"><script>alert(1)</script>')
    assert "<script>" not in answer.text
    arabic = site.get("/login?lang=ar")
    assert '<html lang="ar" dir="rtl">' in arabic.text
    assert '<html lang="ar" dir="rtl">' in site.get("/login").text


def test_health_is_open_and_ready_only_on_a_migrated_database(site: TestClient) -> None:
    assert site.get("/healthz").json() == {"status": "ok"}
    assert site.get("/readyz").status_code == 200
    with context.console().database.write() as unit:
        unit.exec_driver_sql("DELETE FROM alembic_version")
    answer = site.get("/readyz")
    assert answer.status_code == 503
    assert "migrated" in answer.json()["reason"]


def test_headers_keep_other_sites_and_other_machines_out(site: TestClient) -> None:
    log_in(site)
    headers = site.get("/").headers
    assert headers["x-frame-options"] == "DENY"
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "http" not in headers["content-security-policy"]


def test_the_inbox_is_found_under_its_name(site: TestClient) -> None:
    log_in(site)
    assert site.get("/inbox?lang=uk").headers["location"] == "/?lang=uk"
