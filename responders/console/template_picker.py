"""Starting a reply from a template."""

from monitor.storage.stored import StoredMention
from responders.console.context import Visit
from responders.console.pen import Pen


def show(visit: Visit, mention: StoredMention, pen: Pen) -> None:
    """The templates that fit, until one is used."""
