"""Who is logged in, which role they have, and what it lets them do. What is not allowed here is denied.

Passwords are kept as argon2id hashes, login tokens as SHA-256 (they are random, so nothing can be guessed from it).
Hashing runs outside of any transaction: it is slow on purpose.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from monitor.storage.audit import AuditLog, JsonValue
from monitor.storage.session import Database
from responders import account_store as store
from responders.account_store import Unit

FIRST_ADMIN: Final = "admin"
MIN_PASSWORD: Final = 10
MAX_PASSWORD: Final = 256
FREE_TRIES: Final = 5
LONGEST_LOCK: Final = timedelta(minutes=15)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


class Role(StrEnum):
    """What a person is here for; each may do what the one before may, and more."""

    VIEWER = "viewer"
    AGENT = "agent"
    APPROVER = "approver"
    ADMIN = "admin"


class Permission(StrEnum):
    """One thing that a person may do or not."""

    READ = "read"  # every page that only shows
    DRAFT = "draft"  # write, submit, withdraw; claim and close mentions; post by hand
    REVIEW = "review"  # approve, send back, reject
    SETTLE = "settle"  # say what became of an uncertain reply
    STOP = "stop"  # throw the kill switch; anyone who writes may stop, see RESUME
    RESUME = "resume"  # let sending go on
    OVERRIDE = "override"  # approve against a blocking finding, with a reason
    ACCOUNTS = "accounts"  # add people, change roles
    SETTINGS = "settings"  # sources, brand, retention


_VIEWER: Final = frozenset({Permission.READ})
_AGENT: Final = _VIEWER | {Permission.DRAFT, Permission.STOP}
_APPROVER: Final = _AGENT | {Permission.REVIEW, Permission.SETTLE, Permission.RESUME}
_ADMIN: Final = _APPROVER | {Permission.OVERRIDE, Permission.ACCOUNTS, Permission.SETTINGS}
PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {Role.VIEWER: _VIEWER, Role.AGENT: _AGENT, Role.APPROVER: _APPROVER, Role.ADMIN: _ADMIN}
)


class AccountFault(Exception):
    """Something with an account cannot be done; the message is the sentence shown, and nothing was changed."""


class NotAllowed(AccountFault):
    """This person may not do that."""


class LoginRefused(AccountFault):
    """Name and password do not open anything; the sentence is the same for every cause, so it gives nothing away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person who may sign in. With `must_change` set, only the password may be changed."""

    name: str
    role: Role
    active: bool
    must_change: bool
    created_at: datetime
    locked_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A successful sign-in: `token` is shown once and kept only as a hash."""

    account: Account
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSignIn:
    """The administrator made at the first start; the password is known only to who reads it now."""

    name: str
    password: str


def may(account: Account, permission: Permission) -> bool:
    """Whether an account may do something: only an active one whose password is its own."""
    return account.active and not account.must_change and permission in PERMISSIONS.get(account.role, frozenset())


def require(unit: Unit, account: Account, permission: Permission) -> Account:
    """The account as it stands in this unit of work; raises NotAllowed unless it may do this *now*.

    What the page knew at sign-in is not believed: the role may have been taken away since.
    """
    row = store.account(unit, account.name)
    current = None if row is None else _account(row)
    if current is None or not current.active:
        msg = f"the account {account.name} is not active; ask an administrator"
        raise NotAllowed(msg)
    if current.must_change:
        msg = "choose a password of your own first; until then nothing else is allowed"
        raise NotAllowed(msg)
    if not may(current, permission):
        needed = next(role for role in Role if permission in PERMISSIONS[role])
        msg = f"{current.name} is {_with_article(current.role)}; this needs the role {needed.value} or higher"
        raise NotAllowed(msg)
    return current


class Accounts:
    """Sign-in and the keeping of accounts, over one database and one audit log."""

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        *,
        login_lifetime: timedelta = timedelta(hours=12),
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._database = database
        self._audit = audit
        self._lifetime = login_lifetime
        self._hasher = hasher or PasswordHasher()
        # Verified against when there is no such account, so that an unknown name takes as long as a wrong password.
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))

    def ensure_first_admin(self, now: datetime) -> FirstSignIn | None:
        """Make the administrator of a first start, or None where accounts exist already."""
        with self._database.read() as unit:
            if store.any_account(unit):
                return None
        password = secrets.token_urlsafe(12)
        hashed = self._hasher.hash(password)
        with self._database.write() as unit:
            if store.any_account(unit) or not store.add(
                unit, FIRST_ADMIN, hashed, Role.ADMIN.value, must_change=True, at=now
            ):
                return None
            self._note(unit, now, "system:console", "account.added", FIRST_ADMIN, {"role": Role.ADMIN.value})
        return FirstSignIn(name=FIRST_ADMIN, password=password)

    def login(self, name: str, password: str, now: datetime) -> Login:
        """Sign in; raises LoginRefused, after FREE_TRIES failures in a row also for the right password for a while."""
        name = name.strip().lower()
        with self._database.read() as unit:
            row = store.account(unit, name) if _NAME.fullmatch(name) else None
        right = self._fits(row.password_hash if row else self._nobody, password)
        if row is None:
            raise self._refusal()
        locked = row.locked_until is not None and row.locked_until > now
        if not right or locked or not row.active:
            self._count_failure(name, now, counted=not locked)
            raise self._refusal()
        token = secrets.token_urlsafe(32)
        rehashed = self._hasher.hash(password) if self._hasher.check_needs_rehash(row.password_hash) else None
        expires = now + self._lifetime
        with self._database.write() as unit:
            fresh = store.account(unit, name)
            if fresh is None or not fresh.active or fresh.password_hash != row.password_hash:
                raise self._refusal()
            store.succeeded(unit, name, rehashed)
            store.add_login(unit, _token_hash(token), name, at=now, until=expires)
            self._note(unit, now, name, "login", name, {})
        return Login(account=_account(fresh), token=token, expires_at=expires)

    def account_of(self, token: str, now: datetime) -> Account | None:
        """Who a login token stands for, or None: unknown, ended, expired, or the account is no longer active."""
        if not token:
            return None
        with self._database.read() as unit:
            row = store.account_of_login(unit, _token_hash(token), now)
        return None if row is None or not row.active else _account(row)

    def logout(self, token: str, now: datetime) -> None:
        """End one login; a token that is unknown or ended already is no error."""
        with self._database.write() as unit:
            row = store.account_of_login(unit, _token_hash(token), now)
            if row is not None:
                store.end_login(unit, _token_hash(token), now)
                self._note(unit, now, row.name, "logout", row.name, {})

    def change_password(self, account: Account, old: str, new: str, now: datetime) -> Account:
        """A person's own new password; every login of theirs ends. Raises LoginRefused or AccountFault."""
        with self._database.read() as unit:
            row = store.account(unit, account.name)
        locked = row is not None and row.locked_until is not None and row.locked_until > now
        if not self._fits(row.password_hash if row else self._nobody, old) or row is None or not row.active or locked:
            self._count_failure(account.name, now, counted=not locked)
            raise self._refusal()
        _check_password(account.name, new)
        if self._fits(row.password_hash, new):
            msg = "the new password is the old one; choose another"
            raise AccountFault(msg)
        hashed = self._hasher.hash(new)
        with self._database.write() as unit:
            store.set_password(unit, account.name, hashed, must_change=False)
            store.end_logins(unit, account.name, now)
            self._note(unit, now, account.name, "account.password-changed", account.name, {})
            return self._get(unit, account.name)

    def add(
        self, name: str, role: Role, now: datetime, *, by: Account | None, password: str | None = None
    ) -> FirstSignIn:
        """A new account with a password to be changed at first use; made up when none is given.

        `by` is an account that may do so, or None for the person at the server's own command line.
        """
        if not _NAME.fullmatch(name):
            msg = f'"{name}" cannot be a name: use 1 to 32 small letters a-z, digits, dots, dashes'
            raise AccountFault(msg)
        chosen = password or secrets.token_urlsafe(12)
        _check_password(name, chosen)
        hashed = self._hasher.hash(chosen)
        with self._database.write() as unit:
            actor = self._actor(unit, by)
            if not store.add(unit, name, hashed, role.value, must_change=True, at=now):
                msg = f"there is already an account {name}"
                raise AccountFault(msg)
            self._note(unit, now, actor, "account.added", name, {"role": role.value})
        return FirstSignIn(name=name, password=chosen)

    def set_role(self, name: str, role: Role, now: datetime, *, by: Account | None) -> Account:
        """Another role; every login of theirs ends. The last administrator cannot step down."""
        with self._database.write() as unit:
            actor = self._actor(unit, by)
            before = self._get(unit, name)
            if role is not Role.ADMIN:
                self._keep_an_admin(unit, before)
            store.set_role(unit, name, role.value)
            store.end_logins(unit, name, now)
            details = {"from": before.role.value, "to": role.value}
            self._note(unit, now, actor, "account.role-changed", name, details)
            return self._get(unit, name)

    def reset_password(
        self, name: str, now: datetime, *, by: Account | None, password: str | None = None
    ) -> FirstSignIn:
        """A password made up for somebody who lost theirs; it must be changed at first use, and every login ends."""
        chosen = password or secrets.token_urlsafe(12)
        _check_password(name, chosen)
        hashed = self._hasher.hash(chosen)
        with self._database.write() as unit:
            actor = self._actor(unit, by)
            self._get(unit, name)
            store.set_password(unit, name, hashed, must_change=True)
            store.end_logins(unit, name, now)
            self._note(unit, now, actor, "account.password-reset", name, {})
        return FirstSignIn(name=name, password=chosen)

    def disable(self, name: str, now: datetime, *, by: Account | None) -> None:
        """Nobody signs in under this name any more; what it approved but has not been sent stops at the publisher."""
        self._set_active(name, now, by=by, active=False)

    def enable(self, name: str, now: datetime, *, by: Account | None) -> None:
        """A disabled account may sign in again."""
        self._set_active(name, now, by=by, active=True)

    def everyone(self) -> list[Account]:
        """Every account by name, disabled ones included."""
        with self._database.read() as unit:
            return [_account(row) for row in store.everyone(unit)]

    def _set_active(self, name: str, now: datetime, *, by: Account | None, active: bool) -> None:
        with self._database.write() as unit:
            actor = self._actor(unit, by)
            before = self._get(unit, name)
            if not active:
                self._keep_an_admin(unit, before)
                store.end_logins(unit, name, now)
            store.set_active(unit, name, active=active)
            self._note(unit, now, actor, "account.enabled" if active else "account.disabled", name, {})

    def _actor(self, unit: Unit, by: Account | None) -> str:
        return "system:command-line" if by is None else require(unit, by, Permission.ACCOUNTS).name

    def _get(self, unit: Unit, name: str) -> Account:
        row = store.account(unit, name)
        if row is None:
            msg = f"there is no account {name}"
            raise AccountFault(msg)
        return _account(row)

    def _keep_an_admin(self, unit: Unit, account: Account) -> None:
        if account.role is Role.ADMIN and account.active and store.active_admins(unit) <= 1:
            msg = f"{account.name} is the last administrator; make somebody else one first"
            raise AccountFault(msg)

    def _fits(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password[: MAX_PASSWORD + 1])
        except (VerificationError, InvalidHashError):
            return False

    def _count_failure(self, name: str, now: datetime, *, counted: bool) -> None:
        # While the lock lasts nothing is counted or logged: an attacker could neither prolong it nor flood the log.
        if not counted:
            return
        with self._database.write() as unit:
            failed = store.failed_once_more(unit, name)
            if failed >= FREE_TRIES:
                doubled = timedelta(minutes=2 ** min(failed - FREE_TRIES, 10))
                store.lock(unit, name, now + min(doubled, LONGEST_LOCK))
            self._note(unit, now, name, "login.failed", name, {"in_a_row": failed})

    def _refusal(self) -> LoginRefused:
        minutes = int(LONGEST_LOCK.total_seconds() // 60)
        return LoginRefused(
            "the name or the password is wrong, or too many wrong passwords have locked the account "
            f"(for at most {minutes} minutes)"
        )

    def _note(
        self, unit: Unit, at: datetime, actor: str, action: str, name: str, details: Mapping[str, JsonValue]
    ) -> None:
        self._audit.append(unit, at=at, actor=actor, action=action, subject=f"account:{name}", details=details)


def _account(row: store.AccountRow) -> Account:
    return Account(
        name=row.name,
        role=Role(row.role),
        active=row.active,
        must_change=row.must_change,
        created_at=row.created_at,
        locked_until=row.locked_until,
    )


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _check_password(name: str, password: str) -> None:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        msg = f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters"
        raise AccountFault(msg)
    if password.casefold() == name.casefold() or len(set(password)) == 1:
        msg = "this password is guessed at once; choose another"
        raise AccountFault(msg)


def _with_article(role: Role) -> str:
    return f"{'an' if role.value[0] in 'aeiou' else 'a'} {role.value}"
