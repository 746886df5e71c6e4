"""Times as platforms and people write them, as aware UTC times. Pure."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_tz
from typing import Final

EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
"""Before this nobody posted in public; such dates are empty fields in disguise (year 1, 1900, 1970)."""

_FORMATS: Final = (
    "%a %b %d %H:%M:%S %z %Y",  # X's archive and API 1.1
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
)
# Zone names seen in feeds of our languages that RFC 5322 does not list; hours east of Greenwich.
_ZONES: Final = {"MSK": 3, "MSD": 4, "SAMT": 4, "YEKT": 5, "EET": 2, "EEST": 3, "CET": 1, "CEST": 2, "WET": 0, "BST": 1}
_MAIL_ZONES: Final = frozenset(
    {"UT", "UTC", "GMT", "Z", "AST", "ADT", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT"}
)
_ZONE: Final = re.compile(r":\d\d\s*([A-Za-z]{1,5}|[+-]\d\d:?\d\d)\s*(?:\(.*\))?$")
_EPOCH: Final = re.compile(r"\d{10}(\.\d+)?|\d{13}")


def parse_time(text: str, zone: tzinfo = UTC) -> datetime | None:
    """Read ISO 8601, RFC 5322, seconds or milliseconds since 1970, or a dotted European date.

    A time without a zone is taken to be in `zone`. None when it is no date, or one before 1990.
    """
    text = text.strip()
    try:
        found = _epoch(text) or _iso(text) or _mail(text) or _formats(text)
        if found is None:
            return None
        aware = found.replace(tzinfo=zone) if found.tzinfo is None else found
        utc = aware.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return utc if utc >= EARLIEST else None


def _epoch(text: str) -> datetime | None:
    if not _EPOCH.fullmatch(text):
        return None
    seconds = float(text)
    return datetime.fromtimestamp(seconds / 1000 if "." not in text and len(text) > 10 else seconds, UTC)  # noqa: PLR2004 - 13 digits are milliseconds


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _mail(text: str) -> datetime | None:
    fields = parsedate_tz(text)
    if fields is None:
        return None
    written = _ZONE.search(text)
    name = written[1].upper() if written else ""
    if name in _ZONES:
        zone: timezone | None = timezone(timedelta(hours=_ZONES[name]))
    elif name in _MAIL_ZONES or name[:1] in ("+", "-"):
        zone = timezone(timedelta(seconds=fields[9] or 0))
    else:
        zone = None
    return datetime(*fields[:6], tzinfo=zone)


def _formats(text: str) -> datetime | None:
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the caller's zone is applied to naive times
        except ValueError:
            continue
    return None
