"""A console over a filled database, one file a test, opened by Streamlit's AppTest."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from streamlit.testing.v1 import AppTest

from monitor.storage import migrate
from monitor.storage.audit import AuditLog
from monitor.storage.session import Database
from responders import checking
from responders.accounts import Accounts
from responders.console import context
from tests.console.clicking import Desk
from tests.console.seed import PASSWORD, WordChecker, World, fill

SHELL = Path(__file__).resolve().parents[2] / "responders" / "console" / "shell.py"
KEY = "0123456789abcdef0123456789abcdef"
# Hashing is slow on purpose, and thirty tests would each pay for it.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, World]:
    file = tmp_path_factory.mktemp("console") / "filled.db"
    database = Database.open(f"sqlite:///{file}")
    migrate.upgrade(database)
    audit = AuditLog(KEY.encode())
    world = fill(database, audit, Accounts(database, audit, hasher=CHEAP), datetime.now(UTC))
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return file, world


@pytest.fixture
def desk(filled: tuple[Path, World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str) -> Iterator[Desk]:
    template, world = filled
    file = tmp_path / "console.db"
    shutil.copy(template, file)
    settings = tmp_path / "tactful.toml"
    settings.write_text('[brands.marola]\nname = "Marola"\ndomains = ["marola.example"]\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TACTFUL__DATABASE__URL", f"sqlite:///{file}")
    monkeypatch.setenv("TACTFUL__AUDIT__KEY", KEY)
    monkeypatch.setattr(checking, "load_checker", lambda _settings: WordChecker())
    monkeypatch.setattr(context, "language", lambda: language)
    context.forget()
    token: list[str] = []
    monkeypatch.setattr(context, "login_token", lambda: token[-1] if token else None)
    console = context.console()
    accounts = Accounts(console.database, console.audit, hasher=CHEAP)

    def sign_in(name: str) -> None:
        token.append(accounts.login(name, PASSWORD, datetime.now(UTC)).token)

    def open_page(page: str = "", **parameters: object) -> AppTest:
        at = AppTest.from_file(str(SHELL), default_timeout=120)
        at.query_params.update({name: str(value) for name, value in parameters.items()})
        at.run()
        if page:
            # AppTest.switch_page knows pages that are files; ours are functions, found by their address.
            known = {info.get("url_pathname"): key for key, info in at._registered_pages.items()}
            at._page_hash = known[page]
            at.query_params.update({name: str(value) for name, value in parameters.items()})
            at.run()
        return at

    console.checker._loaded()
    yield Desk(world=world, database=console.database, open=open_page, sign_in=sign_in)
    console.database.close()
    context.forget()


@pytest.fixture
def language() -> str:
    return "en"
