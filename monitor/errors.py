"""What can go wrong at the edges, each with the decision it carries.

Adapters turn every error of their client library into one of these; the steps act on the type and never on a text.
The message is one sentence for a person: it names the thing and, with `remedy`, what to do.
"""

from datetime import datetime


class EdgeError(Exception):
    """Something outside answered badly or not at all; `remedy` says what a person can do."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy

    @property
    def sentence(self) -> str:
        """What went wrong and what to do, in one sentence."""
        return f"{self}; {self.remedy}" if self.remedy else str(self)


class RateLimited(EdgeError):
    """The platform asks us to wait. Decision: try again at `until` (aware, UTC), not before."""

    def __init__(self, message: str, *, until: datetime, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.until = until


class NotApproved(EdgeError):
    """The platform has not given this account access yet. Decision: rest, and show how to apply."""


class AuthFailed(EdgeError):
    """The credentials are wrong, expired or revoked. Decision: stop this source or door until a person acts."""


class BudgetSpent(EdgeError):
    """The spending cap set for a source is reached. Decision: rest until the cap's next period."""

    def __init__(self, message: str, *, until: datetime, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.until = until


class SourceDown(EdgeError):
    """Unreachable, timed out, or answered with a server error. Decision: back off and try again."""


class BadPayload(EdgeError):
    """One answer or one item cannot be used. Decision: set it aside with its reason, go on with the rest."""


class Refused(EdgeError):
    """We will not fetch this address (private network, too large, too many redirects). Decision: a person decides."""


class PublishRefused(EdgeError):
    """The platform said no to a reply, for good. Decision: the reply is `refused`, never sent again by itself."""


class PublishUncertain(EdgeError):
    """Nobody knows whether the reply went out. Decision: `uncertain`; never resend, look for it, ask a person."""


class DatabaseBusy(EdgeError):
    """Another process holds the database, or it cannot be reached. Decision: nothing was changed; try again."""
