"""How the text of a brand query becomes what is looked for: tokens, grammar, and one sentence for each fault."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, cast

from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedToken

from monitor.morphology import is_known, key, name_forms, proclitics, word_forms
from monitor.query_match import Either, Every, Field, Hit, Literal, Near, Node, Not, Phrase, Prefix, Word, words
from monitor.transliteration import script_of

MAX_LENGTH: Final = 8_000
MAX_DEPTH: Final = 50
MAX_WORDS: Final = 300
MAX_DISTANCE: Final = 50
SHORTEST_PREFIX: Final = 2


class QueryError(Exception):
    """A query cannot be used: one sentence, and the 1-based column (in code points) where it goes wrong."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"column {column}: {message}")
        self.message = message
        self.column = column


_GRAMMAR: Final = r"""
    start: either
    ?either: both (_OR both)*
    ?both: one (_AND? one)*
    ?one: _NOT one -> negation
        | near
    ?near: primary (NEAR primary)*
    ?primary: _OPEN either _CLOSE
        | PHRASE -> phrase
        | FIELD -> field
        | WORD -> word

    _OR.3: /OR(?![^\s()])/
    _AND.3: /AND(?![^\s()"«“„])/
    _NOT.3: /NOT(?![^\s()"«“„])/
    NEAR.3: /NEAR\/\d+f?(?![^\s()"«“„])/
    _OPEN: "("
    _CLOSE: ")"
    PHRASE.2: /("[^"]*"|«[^»]*»|“[^”]*”|„[^“”]*[“”])(~\d+)?/
    FIELD.2: /[A-Za-z]+:("[^"]*"|[^\s()"]*)/
    WORD: /[^\s()"«»“”„]+/
    %ignore /\s+/
"""
_OPERATORS: Final = {"_OR": "OR", "_AND": "AND", "_NOT": "NOT", "NEAR": "NEAR"}
_FIELDS: Final = ("exact", "raw", "author", "site", "lang")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}")
_MISUSED: Final = {"&&": "AND", "&": "AND", "||": "OR", "|": "OR", "!": "NOT"}
_SHORTEST_UNCAPITALISED_NAME: Final = 5
_SHORTEST_PARTED: Final = 6


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="basic", maybe_placeholders=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A node with what its parents must know: where it starts, how deep it is, whether it wants something there."""

    node: Node
    column: int
    depth: int = 1
    positive: bool = True


def tokens_of(text: str) -> list[Token]:
    """The tokens of a query, its parentheses counted; raises QueryError."""
    tokens: list[Token] = []
    try:
        tokens.extend(_parser().lex(text))
    except UnexpectedCharacters as error:
        at = cast("int", error.pos_in_stream)  # lark declares it None on a base class
        if text[at] in '"«“„':
            raise QueryError("the quotation mark is never closed", at + 1) from None
        raise QueryError(f"a phrase is closed by {text[at]} that was never opened", at + 1) from None
    opened: list[int] = []
    for token in tokens:
        column = _column(token)
        if token.type == "_OPEN":
            opened.append(column)
            if len(opened) > MAX_DEPTH:
                raise QueryError(f"parentheses are more than {MAX_DEPTH} deep", column)
        elif token.type == "_CLOSE":
            if not opened:
                raise QueryError("this ) has no ( before it", column)
            opened.pop()
    if opened:
        raise QueryError("this ( is never closed", opened[-1])
    return tokens


def _column(token: Token) -> int:
    return (token.start_pos or 0) + 1


def _misplaced(tokens: Sequence[Token], error: UnexpectedToken) -> QueryError:
    """What is wrong where the grammar could not go on: an operator without something beside it."""
    starts = [token.start_pos for token in tokens]
    at = len(tokens) if error.token.type == "$END" else starts.index(error.token.start_pos)
    before = tokens[at - 1] if at else None
    here = tokens[at] if at < len(tokens) else None
    if before is not None and before.type in _OPERATORS:
        return QueryError(f"{_shown(before)} needs a word, a phrase or a ( after it", _column(before))
    if here is not None and here.type in _OPERATORS:
        return QueryError(f"{_shown(here)} needs a word, a phrase or a ) before it", _column(here))
    if here is not None and here.type == "_CLOSE":
        return QueryError("there is nothing between ( and )", _column(before or here))
    return QueryError("the query is empty", 1) if here is None else QueryError("this cannot stand here", _column(here))


def _shown(token: Token) -> str:
    return _OPERATORS[token.type] if token.type != "NEAR" else str(token)


class Builder:
    """Turns the parse tree of one query into nodes, with the brand's spellings in mind."""

    def __init__(self, spellings: Sequence[str]) -> None:
        self.names = tuple(dict.fromkeys(name.strip() for name in spellings if words(name)))
        self.single = {form for name in self.names if len(words(name)) == 1 for form in name_forms(name)}
        self.count = 0

    def build(self, tree: Tree[Token]) -> Built:
        """The whole query; raises QueryError."""
        built: dict[int, Built] = {}
        last: Built | None = None
        for subtree in tree.iter_subtrees():
            children = [built[id(child)] if isinstance(child, Tree) else child for child in subtree.children]
            last = built[id(subtree)] = self._node(str(subtree.data), children)
            if last.depth > MAX_DEPTH:
                raise QueryError(f"the query is more than {MAX_DEPTH} levels deep", last.column)
        if last is None:
            raise QueryError("the query is empty", 1)
        return last

    def _node(self, rule: str, children: Sequence[Built | Token]) -> Built:
        parts = [child for child in children if isinstance(child, Built)]
        tokens = [child for child in children if isinstance(child, Token)]
        depth = max((part.depth for part in parts), default=0) + 1
        if not parts:
            leaf = {"word": self._word, "phrase": self._phrase, "field": self._field}[rule]
            return Built(node=leaf(tokens[0]), column=_column(tokens[0]))
        if rule == "start":
            return parts[0]
        nodes = tuple(part.node for part in parts)
        positive = any(part.positive for part in parts)
        node: Node
        match rule:
            case "near":
                node, depth = _near(parts, tokens), depth + len(tokens) - 1
            case "negation":
                node, positive = Not(nodes[0]), False
            case "either":
                node, positive = Either(nodes), all(part.positive for part in parts)
            case _:
                node = Every(nodes)
        return Built(node=node, column=parts[0].column, depth=depth, positive=positive)

    def _counted(self, found: Sequence[Hit], token: Token) -> None:
        self.count += len(found)
        if self.count > MAX_WORDS:
            raise QueryError(f"the query has more than {MAX_WORDS} words", _column(token))

    def _word(self, token: Token) -> Node:
        text = str(token)
        if text in _MISUSED:
            raise QueryError(f"{text} is no operator; write {_MISUSED[text]}", _column(token))
        if text == "NEAR" or re.match(r"NEAR/", text):
            raise QueryError(f"{text} is no operator; write NEAR with a distance, such as NEAR/5", _column(token))
        if text.startswith("-") and words(text):
            raise QueryError(f"a minus excludes nothing here; write NOT {text.lstrip('-')}", _column(token))
        return self._several(text, token, slop=None)

    def _phrase(self, token: Token) -> Node:
        quoted, _, slop = str(token).rpartition("~") if re.search(r"~\d+$", token) else (str(token), "", "")
        if slop and int(slop[:4]) > MAX_DISTANCE:
            raise QueryError(f"~{slop[:9]} is too far; at most ~{MAX_DISTANCE}", _column(token) + len(quoted))
        return self._several(quoted[1:-1], token, slop=int(slop) if slop else None)

    def _several(self, text: str, token: Token, *, slop: int | None) -> Node:
        """The words of a token: one alone, or side by side ("e-mail", "B&H")."""
        found = words(text)
        self._counted(found, token)
        if not found:
            raise QueryError(f"{str(token)[:40]} holds no letter or digit to look for", _column(token))
        parts: list[Node] = []
        for start, end in found:
            starred = text[end : end + 1] == "*" and not text[end + 1 : end + 2].isalnum()
            parts.append(self._prefix(text[start:end], token) if starred else self.one(text[start:end]))
        stars = text.count("*") - sum(isinstance(part, Prefix) for part in parts)
        if stars:
            column = _column(token) + str(token).index("*")
            raise QueryError("* stands only at the end of a word, right after its letters", column)
        return parts[0] if len(parts) == 1 and slop is None else Phrase(tuple(parts), slop)

    def _prefix(self, word: str, token: Token) -> Prefix:
        start = key(word)
        if len(start) < SHORTEST_PREFIX:
            raise QueryError(f"{word}* matches too much; give at least {SHORTEST_PREFIX} letters", _column(token))
        return Prefix(tuple(clitic + start for clitic in proclitics(start)))

    def one(self, word: str) -> Node:
        """One bare word; one of the brand's names stands for all of them."""
        if key(word) in self.single:
            return names_node(self.names)
        return _word_node(word)

    def _field(self, token: Token) -> Node:
        name, _, value = str(token).partition(":")
        if name.lower() not in _FIELDS:
            known = ", ".join(f"{field}:" for field in _FIELDS)
            raise QueryError(f'there is no field {name}:; there are {known}, or put it in "quotes"', _column(token))
        value = value.strip('"').strip()
        column = _column(token) + len(name) + 1
        if not value:
            raise QueryError(f"{name}: needs a value right after the colon", column)
        match name.lower():
            case "exact" | "raw":
                found = [value[start:end].replace("’", "'").replace("ʼ", "'") for start, end in words(value)]
                self._counted(words(value), token)
                if not found:
                    raise QueryError(f"{name}: needs a letter or digit to look for", column)
                case = name.lower() == "raw"
                return Literal(tuple(found if case else (word.casefold() for word in found)), case)
            case "lang" if not _LANGUAGE.fullmatch(value):
                raise QueryError(f"{value[:20]} is no language; write its two letters, such as lang:uk", column)
            case _:
                return Field(name.lower(), value)


def _near(parts: Sequence[Built], tokens: Sequence[Token]) -> Node:
    node = parts[0].node
    for part in parts:
        if not _placed(part.node):
            raise QueryError("NEAR joins words and phrases, or ( … OR … ) of them", part.column)
    for token, part in zip(tokens, parts[1:], strict=True):
        digits = re.sub(r"\D", "", token)
        if len(digits) > len(str(MAX_DISTANCE)) or int(digits) > MAX_DISTANCE:
            raise QueryError(f"{str(token)[:20]} is too far; at most NEAR/{MAX_DISTANCE}", _column(token))
        node = Near(node, part.node, int(digits), token.endswith("f"))
    return node


def _placed(node: Node) -> bool:
    """Whether a node has places in the text, so that a distance to it can be told."""
    if isinstance(node, Either):
        return all(map(_placed, node.parts))
    return not isinstance(node, Every | Not | Field)


def _word_node(word: str) -> Word:
    """A bare word in its forms; what looks like a name also in other alphabets."""
    script = script_of(key(word))
    capital = not word.islower() and script != "arabic"
    if script == "cyrillic" and not capital and is_known(word):
        return Word(word_forms(word))
    if script is None or (script != "cyrillic" and not capital and len(word) < _SHORTEST_UNCAPITALISED_NAME):
        return Word(word_forms(word))
    certain = capital or script == "cyrillic"
    return Word(name_forms(word, certain=certain), parted=certain and len(word) >= _SHORTEST_PARTED)


def names_node(names: Iterable[str]) -> Node:
    """Any of a brand's names, each of one word or several, in every alphabet."""
    nodes: list[Node] = []
    for name in names:
        found = [name[start:end] for start, end in words(name)]
        parts = tuple(Word(name_forms(word), len(word) >= _SHORTEST_PARTED) for word in found)
        nodes += [Phrase(parts)] if len(parts) > 1 else parts
        together = "".join(found)
        if len(parts) > 1 and len(together) >= _SHORTEST_PARTED:
            nodes.append(Word(name_forms(together)))  # "Kryptex Labs" is also written "KryptexLabs"
    return nodes[0] if len(nodes) == 1 else Either(tuple(nodes))


def parsed(text: str, spellings: Sequence[str]) -> Node:
    """The node of a query's text; raises QueryError with the column of the first fault."""
    if len(text) > MAX_LENGTH:
        raise QueryError(f"the query is longer than {MAX_LENGTH} characters", MAX_LENGTH + 1)
    if not text.strip():
        raise QueryError("the query is empty", 1)
    tokens = tokens_of(text)
    try:
        tree = _parser().parse(text)
    except UnexpectedToken as error:
        raise _misplaced(tokens, error) from None
    built = Builder(spellings).build(tree)
    if not built.positive:
        raise QueryError("the query must ask for something to be there, not only NOT", built.column)
    return built.node


def phrase_node(phrase: str, spellings: Sequence[str]) -> Node | None:
    """A plain phrase, without operators, as what is looked for; None when it holds no word."""
    builder = Builder(spellings)
    parts = tuple(builder.one(phrase[start:end]) for start, end in words(phrase))
    return Phrase(parts) if parts else None
