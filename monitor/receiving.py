"""Posts that others push: rows as `import` takes them, stored as a source's posts are, for the pipeline to judge."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from classifiers.language import LanguageGuesser
from classifiers.text import clean
from monitor.brands import Brands
from monitor.collectors.file_import import row
from monitor.config import Settings
from monitor.mention import Batch, Cursor, NewMention, SetAside, SourceName
from monitor.storage import mentions, sources
from monitor.storage.audit import AuditLog
from monitor.storage.mentions import Added
from monitor.storage.session import Database, Unit

PUSHED: Final = SourceName("api")
"""The source that pushed posts are stored under."""
_KIND: Final = "import"  # as files: nothing fetches them


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiving:
    """Takes pushed posts in; build it with `of`. Safe to call from several threads."""

    database: Database
    audit: AuditLog
    brands: Brands
    only_brand: str | None

    @classmethod
    def of(cls, settings: Settings, database: Database, audit: AuditLog) -> "Receiving":
        """What the settings say about brands; raises SettingsError for a query that cannot be read."""
        languages = LanguageGuesser(settings.languages)
        brands = Brands.of(settings, language_of=lambda text: languages.guess(text).label)
        only = next(iter(settings.brands)) if len(settings.brands) == 1 else None
        return cls(database=database, audit=audit, brands=brands, only_brand=only)

    def post(self, fields: Mapping[str, object], payload: str) -> NewMention | SetAside:
        """One row's fields (those of `python -m monitor import`) as a post, or set aside with the reason.

        Where one brand is set and the row names none, it is about that one.
        """
        found = row(fields, where="", payload=payload, platform=PUSHED)
        if isinstance(found, NewMention) and found.brand is None and self.only_brand is not None:
            return replace(found, brand=self.only_brand)
        return found

    def store(self, posts: Sequence[NewMention], now: datetime, *, first: Callable[[Unit], None]) -> Added:
        """Store posts, each once; they wait at `collected` for the monitor to judge them.

        `first` runs in the same unit of work before anything is stored; what it raises leaves everything as it was.
        Raises DatabaseBusy.
        """
        with self.database.write() as connection:
            first(connection)
            added = mentions.add_new(
                connection,
                PUSHED,
                Batch(mentions=posts, cursor=Cursor(), seen=len(posts)),
                now=now,
                brand_of=self.brands.brand_of,
                ours=self.brands.ours,
                clean=lambda text: clean(text).text,
                audit=self.audit,
            )
            sources.record_success(
                connection,
                PUSHED,
                now=now,
                next_run_at=None,
                seen=len(posts),
                added=added.added,
                detail="posts that others pushed",
                kind=_KIND,
            )
        return added
