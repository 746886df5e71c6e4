"""The closed door: one whose settings are wrong. It takes nothing and says why, so that the others stay open."""

from dataclasses import dataclass
from datetime import datetime

from monitor.errors import AuthFailed
from responders.reply import ParentState, Published, ReplyTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedDoor:
    """Approved replies wait for it; `why` is the sentence that names the setting."""

    why: str
    by_person: bool = False

    def publish(self, target: ReplyTarget, text: str) -> Published:  # noqa: ARG002 - the protocol
        """Raise AuthFailed: nothing left, a person must act."""
        raise self._fault()

    def find_own(self, target: ReplyTarget, text: str, since: datetime) -> Published | None:  # noqa: ARG002 - the protocol
        """Raise AuthFailed: there is no way to look."""
        raise self._fault()

    def parent_state(self, target: ReplyTarget) -> ParentState:  # noqa: ARG002 - the protocol
        """Raise AuthFailed: there is no way to ask."""
        raise self._fault()

    def _fault(self) -> AuthFailed:
        return AuthFailed(self.why, remedy="correct the settings and restart; python -m responders doors checks them")
