"""Accounts on both databases: whoever is first has the name, everybody else is told so."""

from argon2 import PasswordHasher

from monitor.storage.audit import AuditLog
from monitor.storage.session import Database
from responders.accounts import AccountFault, Accounts, Role
from tests.storage.test_mentions import at_once
from tests.storage.world import NOW

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def test_consoles_that_start_together_make_one_administrator(url: str, audit: AuditLog) -> None:
    made: list[str] = []

    def start(database: Database, _number: int) -> None:
        first = Accounts(database, audit, hasher=QUICK).ensure_first_admin(NOW)
        made.extend([] if first is None else [first.name])

    at_once(url, start, times=6)
    assert made == ["admin"]


def test_a_name_that_is_taken_in_the_same_moment_is_one_sentence(url: str, audit: AuditLog) -> None:
    said: list[str] = []

    def add(database: Database, _number: int) -> None:
        try:
            said.append(Accounts(database, audit, hasher=QUICK).add("anna", Role.AGENT, NOW, by=None).name)
        except AccountFault as fault:
            said.append(str(fault))

    at_once(url, add, times=6)
    assert sorted(said) == ["anna", *["there is already an account anna"] * 5]
