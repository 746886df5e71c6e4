"""The brand query language: one grammar for every source, and errors that point at the column.

`AND OR NOT ( ) "phrase" "phrase"~n NEAR/n prefix* exact:word author: site: lang:`, described in docs/queries.md.
A query is parsed once; what it matches is decided in `query_match`, what its text means in `query_grammar`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.query_grammar import QueryError, names_node, parsed, phrase_node
from monitor.query_match import Document, Match, Node, Reading, asked_for, hits_of, match_of, words

__all__ = ["BrandQuery", "Document", "Match", "Query", "QueryError", "Reading", "brand_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query that can be asked of any document."""

    text: str
    node: Node

    @classmethod
    def parse(cls, text: str, *, spellings: Sequence[str] = ()) -> "Query":
        """A query from its text; raises QueryError with the column of the first fault.

        `spellings` are the names of the brand: a word of the query that is one of them stands for all of them.
        Where the text has nothing to look for (only NOT) it is refused too, for it would match the whole world.
        """
        return cls(text=text, node=parsed(text, spellings))

    def match(self, document: Document | Reading) -> Match | None:
        """Where the query is met in a document, or None."""
        reading = document if isinstance(document, Reading) else Reading(document)
        return match_of(self.node, reading)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandQuery:
    """What is listened for on behalf of one brand; build it with `of`."""

    key: str
    query: Query
    look_alikes: tuple[Node, ...] = ()
    contexts: tuple[Node, ...] = ()

    @classmethod
    def of(
        cls, name: str, query: str = "", exclude: Sequence[str] = (), spellings: Sequence[str] = (), *, key: str = ""
    ) -> "BrandQuery":
        """A brand's query from its settings; an empty one is the name and its spellings. Raises QueryError.

        A phrase of `exclude` that holds the brand's word ("Nordwind Airlines") only makes that place not count; one
        that does not ("boarding pass") excludes the document that it stands in. `key` is what `brand_of` answers,
        the name where it is empty.
        """
        names = (name, *spellings)
        if query.strip():
            asked = Query.parse(query, spellings=names)
        else:
            asked = Query(text="", node=names_node(_usable(names)))
        look_alikes: list[Node] = []
        contexts: list[Node] = []
        for phrase in exclude:
            if (node := phrase_node(phrase, names)) is not None:
                reading = Reading(Document(text=phrase))
                named = any(hits_of(part, reading) for part in asked_for(asked.node))
                (look_alikes if named else contexts).append(node)
        return cls(key=key or name, query=asked, look_alikes=tuple(look_alikes), contexts=tuple(contexts))

    def match(self, document: Document | Reading) -> Match | None:
        """Where the brand is spoken of in a document, or None."""
        reading = document if isinstance(document, Reading) else Reading(document)
        found = self.query.match(reading)
        if found is None or any(hits_of(node, reading) for node in self.contexts):
            return None
        hidden = [hit for node in self.look_alikes for hit in hits_of(node, reading) or ()]
        return self.query.match(reading.without(hidden)) if hidden else found


def _usable(names: Iterable[str]) -> tuple[str, ...]:
    usable = tuple(name for name in names if words(name))
    if not usable:
        raise QueryError("the brand's name holds no letter or digit to look for", 1)
    return usable


def brand_of(document: Document, parent_brand: str | None, brands: Iterable[BrandQuery]) -> str | None:
    """The key of the brand that a post is about, or None.

    A post that names brands is about the one its thread is about if that is among them, else about the first of
    `brands` that it names. One that names none inherits `parent_brand`, that of the post it answers.
    """
    reading = Reading(document)
    named = [brand.key for brand in brands if brand.match(reading) is not None]
    return parent_brand if not named or parent_brand in named else named[0]
