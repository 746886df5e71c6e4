from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from responders.accounts import (
    FREE_TRIES,
    LONGEST_LOCK,
    PERMISSIONS,
    Account,
    AccountFault,
    Accounts,
    Login,
    LoginRefused,
    NotAllowed,
    Permission,
    Role,
    may,
)
from tests.reply_world import NOW, World

PASSWORD = "correct horse 1"
# The shipped parameters take 50 ms on purpose; what is tested here does not depend on them.
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def accounts(world: World) -> Accounts:
    return Accounts(world.database, world.audit, login_lifetime=timedelta(hours=8), hasher=QUICK)


def sign_in(accounts: Accounts, name: str = "reader") -> Login:
    """A login of a new agent who has chosen a password."""
    first = accounts.add(name, Role.AGENT, NOW, by=None)
    account = accounts.login(name, first.password, NOW).account
    accounts.change_password(account, first.password, PASSWORD, NOW)
    return accounts.login(name, PASSWORD, NOW)


def test_the_permission_table_is_whole_and_grows_with_the_role() -> None:
    assert set(PERMISSIONS) == set(Role)
    for lower, higher in zip(list(Role), list(Role)[1:], strict=False):
        assert PERMISSIONS[lower] < PERMISSIONS[higher]
    assert PERMISSIONS[Role.ADMIN] == set(Permission)
    assert PERMISSIONS[Role.VIEWER] == {Permission.READ}
    assert Permission.REVIEW not in PERMISSIONS[Role.AGENT]
    assert Permission.OVERRIDE not in PERMISSIONS[Role.APPROVER]


@pytest.mark.parametrize(("active", "must_change"), [(False, False), (True, True), (False, True)])
def test_an_account_that_is_not_in_order_may_nothing(*, active: bool, must_change: bool) -> None:
    account = Account(name="a", role=Role.ADMIN, active=active, must_change=must_change, created_at=NOW)
    assert not any(may(account, permission) for permission in Permission)


def test_the_first_start_makes_one_administrator() -> None:
    from monitor.storage.audit import AuditLog  # noqa: PLC0415 - an empty database is needed here, not the world's
    from monitor.storage.schema import metadata  # noqa: PLC0415 - as above
    from monitor.storage.session import Database  # noqa: PLC0415 - as above

    database = Database.open("sqlite://")
    with database.write() as unit:
        metadata.create_all(unit)
    accounts = Accounts(database, AuditLog(b"k" * 32), hasher=QUICK)
    first = accounts.ensure_first_admin(NOW)
    assert first is not None
    assert accounts.ensure_first_admin(NOW) is None
    login = accounts.login(first.name, first.password, NOW)
    assert (login.account.role, login.account.must_change) == (Role.ADMIN, True)
    with pytest.raises(NotAllowed, match="password of your own"):
        accounts.add("someone", Role.AGENT, NOW, by=login.account)
    database.close()


def test_a_token_stands_for_its_account_until_it_expires_or_ends(accounts: Accounts) -> None:
    login = sign_in(accounts)
    found = accounts.account_of(login.token, NOW + timedelta(hours=7))
    assert found is not None
    assert found.name == "reader"
    assert accounts.account_of(login.token, NOW + timedelta(hours=8)) is None
    assert accounts.account_of(login.token + "x", NOW) is None
    assert accounts.account_of("", NOW) is None
    accounts.logout(login.token, NOW)
    assert accounts.account_of(login.token, NOW) is None


def test_neither_token_nor_password_is_stored(world: World, accounts: Accounts) -> None:
    login = sign_in(accounts)
    with world.database.read() as unit:
        rows = [
            str(row)
            for table in ("accounts", "logins", "audit")
            for row in unit.exec_driver_sql(f"SELECT * FROM {table}")  # noqa: S608 - three names written here
        ]
    assert rows
    assert not any(login.token in row or PASSWORD in row for row in rows)


@pytest.mark.parametrize(
    ("name", "password"),
    [("reader", "wrong password"), ("nobody", PASSWORD), ("", ""), ("'; --", PASSWORD), ("reader", "x" * 100_000)],
)
def test_every_wrong_sign_in_says_the_same(accounts: Accounts, name: str, password: str) -> None:
    sign_in(accounts)
    with pytest.raises(LoginRefused) as caught:
        accounts.login(name, password, NOW)
    assert str(caught.value) == str(accounts._refusal())


def test_an_unknown_name_costs_a_verification_too(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    monkeypatch.setattr(accounts, "_fits", lambda hashed, _password: bool(checked.append(hashed)))
    with pytest.raises(LoginRefused):
        accounts.login("nobody", PASSWORD, NOW)
    assert len(checked) == 1


def test_repeated_failures_lock_for_a_while(accounts: Accounts) -> None:
    sign_in(accounts)
    for _ in range(FREE_TRIES):
        with pytest.raises(LoginRefused):
            accounts.login("reader", "wrong password", NOW)
    with pytest.raises(LoginRefused):
        accounts.login("reader", PASSWORD, NOW)
    assert accounts.login("reader", PASSWORD, NOW + timedelta(minutes=1, seconds=1)).account.name == "reader"


def test_a_lock_grows_but_never_beyond_its_limit(accounts: Accounts) -> None:
    sign_in(accounts)
    now = NOW
    for _ in range(FREE_TRIES + 30):
        with pytest.raises(LoginRefused):
            accounts.login("reader", "wrong password", now)
        now += LONGEST_LOCK + timedelta(seconds=1)
    assert accounts.login("reader", PASSWORD, now).account.name == "reader"


def test_while_locked_nothing_is_counted_or_logged(world: World, accounts: Accounts) -> None:
    sign_in(accounts)
    for _ in range(FREE_TRIES + 20):
        with pytest.raises(LoginRefused):
            accounts.login("reader", "wrong password", NOW)
    assert world.actions().count("login.failed") == FREE_TRIES


def test_a_right_password_forgets_the_failures(accounts: Accounts) -> None:
    sign_in(accounts)
    for _ in range(3):
        for _ in range(FREE_TRIES - 1):
            with pytest.raises(LoginRefused):
                accounts.login("reader", "wrong password", NOW)
        accounts.login("reader", PASSWORD, NOW)


def test_changing_a_password_ends_every_login(accounts: Accounts) -> None:
    login = sign_in(accounts)
    with pytest.raises(AccountFault, match="10 to 256"):
        accounts.change_password(login.account, PASSWORD, "short", NOW)
    with pytest.raises(AccountFault, match="the old one"):
        accounts.change_password(login.account, PASSWORD, PASSWORD, NOW)
    with pytest.raises(LoginRefused):
        accounts.change_password(login.account, "not the old one", "another password", NOW)
    assert accounts.account_of(login.token, NOW) is not None
    changed = accounts.change_password(login.account, PASSWORD, "another password", NOW)
    assert not changed.must_change
    assert accounts.account_of(login.token, NOW) is None
    assert accounts.login("reader", "another password", NOW).account.name == "reader"


def test_a_disabled_account_is_out_at_once(world: World, accounts: Accounts) -> None:
    login = sign_in(accounts)
    accounts.disable("reader", NOW, by=world.admin)
    assert accounts.account_of(login.token, NOW) is None
    with pytest.raises(LoginRefused):
        accounts.login("reader", PASSWORD, NOW)
    accounts.enable("reader", NOW, by=world.admin)
    assert accounts.login("reader", PASSWORD, NOW).account.active


def test_a_new_role_ends_every_login(world: World, accounts: Accounts) -> None:
    login = sign_in(accounts)
    assert accounts.set_role("reader", Role.APPROVER, NOW, by=world.admin).role is Role.APPROVER
    assert accounts.account_of(login.token, NOW) is None


@pytest.mark.parametrize("name", ["viewer", "agent", "approver"])
def test_only_an_administrator_keeps_accounts(world: World, accounts: Accounts, name: str) -> None:
    by: Account = getattr(world, name)
    with pytest.raises(NotAllowed, match="role admin"):
        accounts.add("friend", Role.ADMIN, NOW, by=by)
    with pytest.raises(NotAllowed):
        accounts.set_role(name, Role.ADMIN, NOW, by=by)
    with pytest.raises(NotAllowed):
        accounts.reset_password("admin", NOW, by=by)


def test_the_last_administrator_stays(world: World, accounts: Accounts) -> None:
    with pytest.raises(AccountFault, match="last administrator"):
        accounts.disable("admin", NOW, by=world.admin)
    with pytest.raises(AccountFault, match="last administrator"):
        accounts.set_role("admin", Role.AGENT, NOW, by=world.admin)
    accounts.add("second", Role.ADMIN, NOW, by=world.admin)
    accounts.disable("admin", NOW, by=world.admin)


@pytest.mark.parametrize("name", ["", "A", "with space", "имя", "a:b", "x" * 33, "../etc", "publisher:1"])
def test_names_that_cannot_be(accounts: Accounts, name: str) -> None:
    with pytest.raises(AccountFault, match="cannot be a name"):
        accounts.add(name, Role.VIEWER, NOW, by=None)


def test_a_name_is_given_once(accounts: Accounts) -> None:
    accounts.add("reader", Role.VIEWER, NOW, by=None)
    with pytest.raises(AccountFault, match="already an account reader"):
        accounts.add("reader", Role.ADMIN, NOW, by=None)


def test_every_change_is_in_the_log(world: World, accounts: Accounts) -> None:
    login = sign_in(accounts)
    accounts.set_role("reader", Role.APPROVER, NOW, by=world.admin)
    accounts.reset_password("reader", NOW, by=None)
    accounts.disable("reader", NOW, by=world.admin)
    accounts.logout(login.token, NOW)  # ended already: not a second time
    assert world.actions() == [
        "account.added",
        "login",
        "account.password-changed",
        "login",
        "account.role-changed",
        "account.password-reset",
        "account.disabled",
    ]
