"""One monitor, or one publisher, at a time: a row that its holder renews; one that died is followed within seconds."""

import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from monitor.storage import sources
from monitor.storage.session import Database

NAME: Final = "monitor"
SECONDS: Final = 20.0
RENEW_SECONDS: Final = 5.0


def new_holder() -> str:
    """A name for this process that no other has: machine, process id, and something random."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"


def process_lives(pid: int) -> bool:
    """Whether a process of this machine lives; True where it cannot be told."""
    if os.name != "posix":  # elsewhere signal 0 is no question but an order
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@dataclass(slots=True, kw_only=True)
class Lease:
    """The lease of one process. `wait` waits for seconds, `lives` says whether a process of this machine lives."""

    database: Database
    now: Callable[[], datetime]
    wait: Callable[[float], object]
    holder: str = field(default_factory=new_holder)
    name: str = NAME
    lives: Callable[[int], bool] = process_lives

    def take(self) -> bool:
        """Take the lease; False when another monitor holds it.

        A holder on this machine whose process is dead is followed at once; one on another machine that does not renew
        is followed when its lease has run out, for which this waits.
        """
        deadline = self.now() + timedelta(seconds=SECONDS + 1)
        while not self.renew():
            other = self.other()
            if other is not None and self._is_dead(other):
                with self.database.write() as connection:
                    sources.release_lease(connection, self.name, other)
            elif (other is not None and self._is_here(other)) or self.now() >= deadline:
                return False
            else:
                self.wait(1.0)
        return True

    def renew(self) -> bool:
        """Hold the lease for some more seconds; False when another holds it by now."""
        with self.database.write() as connection:
            return sources.take_lease(connection, self.name, self.holder, self.now(), SECONDS)

    def release(self) -> None:
        """Give the lease back."""
        with self.database.write() as connection:
            sources.release_lease(connection, self.name, self.holder)

    def other(self) -> str | None:
        """Who holds the lease now, None when nobody does."""
        with self.database.read() as connection:
            return sources.lease_holder(connection, self.name, self.now())

    def _is_here(self, other: str) -> bool:
        return _parts(other)[0] == _parts(self.holder)[0]

    def _is_dead(self, other: str) -> bool:
        pid = _parts(other)[1]
        # A container that starts again has its name and process id of before: that holder was we, in another life.
        return self._is_here(other) and (pid == _parts(self.holder)[1] or not self.lives(pid))


def _parts(holder: str) -> tuple[str, int]:
    host, pid, _ = holder.rsplit("/", 2)
    return host, int(pid)
