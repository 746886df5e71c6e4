"""The door of people: the console gives text and link, a person posts it and marks it posted (`posting.py`)."""

from datetime import datetime

from monitor.config import Settings
from monitor.errors import PublishRefused
from responders.publishers.settings import DoorSettings
from responders.reply import ParentState, Published, ReplyTarget


class ByHandDoor:
    """Left alone by the publishing process; asked all the same, it refuses, because nothing of ours can post here."""

    by_person = True

    def publish(self, target: ReplyTarget, text: str) -> Published:  # noqa: ARG002 - the protocol
        """Refuse: only a person posts here."""
        message = f"replies on {target.platform} are posted by hand here"
        raise PublishRefused(message, remedy="open it in the console, post it, and mark it posted")

    def find_own(self, target: ReplyTarget, text: str, since: datetime) -> Published | None:  # noqa: ARG002 - the protocol
        """Nothing: there is no platform access to look with."""
        return None

    def parent_state(self, target: ReplyTarget) -> ParentState:  # noqa: ARG002 - the protocol
        """Unknown: the person who posts sees it."""
        return ParentState.UNKNOWN


SETTINGS = DoorSettings


def build(name: str, door: DoorSettings, settings: Settings) -> ByHandDoor:  # noqa: ARG001 - the registry's signature
    """The door; it needs nothing."""
    return ByHandDoor()
