"""The harmless door: says what it would have posted, and posts nothing. It is the default."""

from datetime import datetime

from monitor.config import Settings
from responders.publishers.settings import DoorSettings
from responders.reply import ParentState, Published, ReplyTarget, text_hash


class DryRun:
    """Takes every reply and sends none. What would have been sent is the reply's own text; the note says where."""

    by_person = False

    def publish(self, target: ReplyTarget, text: str) -> Published:
        """Post nothing, and say so."""
        where = target.url or f"{target.platform} {target.external_id}"
        return Published(
            external_id=f"dry-run-{text_hash(text)[:16]}",
            url=None,
            note=f"dry run: nothing was posted; it would have gone under {where}",
        )

    def find_own(self, target: ReplyTarget, text: str, since: datetime) -> Published | None:  # noqa: ARG002 - the protocol
        """Nothing: a door that posts nothing finds nothing."""
        return None

    def parent_state(self, target: ReplyTarget) -> ParentState:  # noqa: ARG002 - the protocol
        """Present: there is no platform to ask, so what is stored is taken at its word."""
        return ParentState.PRESENT


SETTINGS = DoorSettings


def build(name: str, door: DoorSettings, settings: Settings) -> DryRun:  # noqa: ARG001 - the registry's signature
    """The door; it needs nothing."""
    return DryRun()
