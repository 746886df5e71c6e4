"""What every door may set, whatever its kind; each kind adds its own keys to this."""

from monitor.config import Section


class DoorSettings(Section):
    """`[doors.<name>]`: `kind` chooses the publisher; `platforms` says whose mentions it answers."""

    kind: str
    enabled: bool = True
    platforms: tuple[str, ...] = ()  # empty: the platform that the kind is made for
