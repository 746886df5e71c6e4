"""Whose a post is: the brands of the settings, their queries, and our own accounts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from monitor.config import Brand, Settings, SettingsError
from monitor.mention import NewMention
from monitor.query import BrandQuery, Document, QueryError, brand_of

LanguageOf = Callable[[str], str]
"""The language code of a text; asked only when a query has a `lang:`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brands:
    """Decides about posts before they are stored; build it with `of`."""

    queries: tuple[BrandQuery, ...]
    owners: Mapping[str, str]  # our accounts, folded → brand
    language_of: LanguageOf | None

    @classmethod
    def of(cls, settings: Settings, *, language_of: LanguageOf) -> "Brands":
        """The brands that are set; raises SettingsError that names the query and the column of its fault."""
        queries = tuple(query_of(key, brand) for key, brand in settings.brands.items())
        owners = {
            _folded(handle): key for key, brand in settings.brands.items() for handle in brand.handles if handle.strip()
        }
        asks_language = any("lang:" in brand.query.casefold() for brand in settings.brands.values())
        return cls(queries=queries, owners=owners, language_of=language_of if asks_language else None)

    def brand_of(self, post: NewMention, inherited: str | None) -> str | None:
        """The key of the brand that a post is about, None for none of ours.

        First what its source says, then its own account, then the queries; a post that names no brand is about the
        one that its thread is about.
        """
        if post.brand is not None and any(query.key == post.brand for query in self.queries):
            return post.brand
        own = self.owners.get(_folded(post.author.handle))
        if own is not None:
            return inherited or own
        text = f"{post.title}\n\n{post.text}" if post.title else post.text
        document = Document(
            text=text,
            author=post.author.handle,
            site=post.url or post.platform,
            lang=None if self.language_of is None else self.language_of(text),
        )
        return brand_of(document, inherited, self.queries)

    def ours(self, post: NewMention) -> bool:
        """Whether we wrote it ourselves."""
        return _folded(post.author.handle) in self.owners


def query_of(key: str, brand: Brand) -> BrandQuery:
    """The query of `[brands.<key>]`; raises SettingsError."""
    try:
        return BrandQuery.of(brand.name, brand.query, brand.exclude, brand.spellings, key=key)
    except QueryError as error:
        raise SettingsError(f'the setting "brands.{key}.query" cannot be used, {error}') from error


def _folded(handle: str) -> str:
    """A handle as it is compared: `@Acme`, `u/acme` and `acme` are one account."""
    return handle.strip().casefold().removeprefix("/").removeprefix("u/").removeprefix("@")
