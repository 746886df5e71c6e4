"""A publisher in a process of its own, for tests that kill it: `URL PLATFORM_FILE [KILL_POINT]`.

The platform is a file: a line for each reply that went out. At the kill point the process ends itself as SIGKILL would.
"""

import os
import signal
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.errors import DatabaseBusy
from monitor.storage.audit import AuditLog
from monitor.storage.session import Database
from responders.clearance import Limits
from responders.publishing import Publishing
from responders.recheck import Recheck
from responders.reply import ParentState, Published, ReplyTarget
from tests.reply_world import KEY, NOW, Checker


class FileDoor:
    by_person = False

    def __init__(self, file: Path, kill_point: str) -> None:
        self.file = file
        self.kill_point = kill_point

    def publish(self, target: ReplyTarget, text: str) -> Published:
        die(self.kill_point == "before send")
        with self.file.open("a", encoding="utf-8") as platform:
            platform.write(f"{target.external_id}\t{text}\n")
            platform.flush()
            os.fsync(platform.fileno())
        die(self.kill_point == "after send")
        return Published(external_id=f"own-{target.external_id}", url=None)

    def find_own(self, target: ReplyTarget, text: str, since: datetime) -> Published | None:
        assert since <= NOW
        lines = self.file.read_text(encoding="utf-8").splitlines() if self.file.exists() else []
        found = f"{target.external_id}\t{text}" in lines
        return Published(external_id=f"own-{target.external_id}", url=None) if found else None

    def parent_state(self, target: ReplyTarget) -> ParentState:
        del target
        die(self.kill_point == "after claim")
        return ParentState.PRESENT


def die(now: bool) -> None:
    if now:
        os.kill(os.getpid(), signal.SIGKILL)


def main(url: str, file: str, kill_point: str = "") -> None:
    with closing(Database.open(url)) as database:
        limits = Limits(daily_cap=1000, approval_lifetime=timedelta(hours=24))
        publishing = Publishing(
            database=database,
            audit=AuditLog(KEY),
            recheck=Recheck(database=database, checker=Checker(), limits=limits),
            doors={"dry_run": FileDoor(Path(file), kill_point)},
            clock=lambda: NOW.astimezone(UTC),
        )
        if kill_point != "racing":
            publishing.recover()
            publishing.reconcile()
        for _ in range(3):
            try:
                for _outcome in publishing.publish_due():
                    die(kill_point == "after record")
            except DatabaseBusy:
                continue


if __name__ == "__main__":
    main(*sys.argv[1:])
