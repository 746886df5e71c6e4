"""What goes into the API and what comes out: the routes read and answer with these, and the document shows them."""

import json
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from classifiers.command_line import json_name
from classifiers.types import Category, Severity
from monitor.mention import Handling, Lane, MentionState
from monitor.storage.stored import StoredMention

LONGEST_DRAFT: Final = 100_000
LONGEST_POST: Final = 1_000_000


def _not_blank(text: str) -> str:
    if not text.strip():
        msg = "it is empty"
        raise ValueError(msg)
    return text


class Shape(BaseModel):
    """A JSON object; types are not guessed, and fields that nobody knows are ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class Draft(Shape):
    """A reply that somebody wants to send."""

    id: JsonValue = Field(default=None, description="Yours; it comes back with the answer.")
    draft: str = Field(max_length=LONGEST_DRAFT, description="The reply as it would be sent.")
    mention: str | None = Field(default=None, max_length=LONGEST_DRAFT, description="The post that it answers.")
    lang: str | None = Field(default=None, max_length=35, description="The language to answer in, such as uk.")
    platform: str | None = Field(default=None, max_length=100, description="Where it would be sent, such as x.")
    followers: int | None = Field(default=None, ge=0, description="How many follow the author of the post.")


class FoundRisk(Shape):
    """One risky place in a draft; `start` and `end` count code points of the draft as given."""

    category: Category
    severity: Severity
    start: int
    end: int
    text: str
    rule: str
    score: float = Field(ge=0, le=1)
    why: str
    suggestion: str | None


class CheckAnswer(Shape):
    """What the check says of a draft."""

    id: JsonValue
    verdict: Literal["pass", "review", "block"] = Field(
        description="Only pass may be sent on one person's word; an answer that the check could not give is review."
    )
    risk: float = Field(ge=0, le=1)
    findings: list[FoundRisk]
    policy: str
    model: str
    revision: str
    notes: list[str] = Field(description="Reasons that stand in no finding, one sentence each.")
    hold_seconds: int
    approvals_needed: int


class Post(Shape):
    """A public post, with the fields of `python -m monitor import`."""

    external_id: Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_not_blank)]
    created_at: str = Field(min_length=4, max_length=64, description="Such as 2026-03-01T12:00:00+02:00; else UTC.")
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_POST), AfterValidator(_not_blank)]
    author: str | None = None
    author_name: str | None = None
    followers: int | None = Field(default=None, ge=0)
    url: str | None = None
    platform: str | None = Field(default=None, max_length=100)
    parent_id: str | None = None
    root_id: str | None = None
    title: str | None = None
    brand: str | None = Field(default=None, description="A key of [brands.…]; else the queries decide.")
    addressed: bool = False


class RowProblem(Shape):
    """A row of several that could not be used; `line` counts from 1."""

    line: int
    id: JsonValue = None
    error: str


class Stored(Shape):
    """What became of pushed posts. An edited one is judged again."""

    added: int
    already: int
    edited: int
    rejected: int
    errors: list[RowProblem]


class Mention(Shape):
    """A post about a brand with all that is known about it; what was not judged yet is null."""

    id: int
    source: str
    external_id: str
    platform: str
    brand: str | None
    created_at: datetime
    collected_at: datetime
    edited_at: datetime | None
    gone_at: datetime | None
    author: str
    author_name: str | None
    followers: int | None
    title: str | None
    text: str
    url: str | None
    parent_id: str | None
    root_id: str | None
    state: MentionState
    handling: Handling
    lang: str | None
    sentiment: str | None
    toxicity: str | None
    intent: str | None
    urgent: bool | None
    urgency_reason: str | None
    severity: float
    lane: Lane | None
    due_at: datetime | None

    @classmethod
    def of(cls, mention: StoredMention) -> "Mention":
        """A stored mention as it is shown to programs."""
        judged = mention.assessment
        reason = None if judged is None else judged.urgency.reason
        return cls(
            id=mention.id,
            source=mention.source,
            external_id=mention.external_id,
            platform=mention.platform,
            brand=mention.brand,
            created_at=mention.created_at,
            collected_at=mention.collected_at,
            edited_at=mention.edited_at,
            gone_at=mention.gone_at,
            author=mention.author.handle,
            author_name=mention.author.name,
            followers=mention.author.followers,
            title=mention.title,
            text=mention.text,
            url=mention.url,
            parent_id=mention.parent_id,
            root_id=mention.root_id,
            state=mention.state,
            handling=mention.handling,
            lang=None if judged is None else judged.lang.label,
            sentiment=None if judged is None else judged.sentiment.label.value,
            toxicity=None if judged is None else judged.toxicity.label.value,
            intent=None if judged is None else judged.intent.label.value,
            urgent=None if judged is None else judged.urgency.urgent,
            urgency_reason=None if reason is None else reason.value,
            severity=mention.severity,
            lane=mention.lane,
            due_at=mention.due_at,
        )


class MentionsPage(Shape):
    """Mentions in the order in which they were stored; `next` is the `after` of the following page, null at the end."""

    mentions: list[Mention]
    next: int | None


class Problem(Shape):
    """Why a request was not done, in one sentence."""

    error: str


S = TypeVar("S", bound=Shape)


class Unusable(Exception):
    """A row cannot be used; the message says what is wrong with it."""


def read(shape: type[S], value: object) -> S:
    """A parsed JSON value as `shape`; raises Unusable."""
    if not isinstance(value, dict):
        msg = f"this must be a JSON object, not {json_name(value)}"
        raise Unusable(msg)
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        raise Unusable(_sentence(error)) from error


def _sentence(error: ValidationError) -> str:
    """The first fault in the words of the commands."""
    fault = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in fault["loc"][:1])
    kind = fault["type"]
    limits: dict[str, Any] = fault.get("ctx", {})
    sentences = {
        "missing": lambda: f'there is no "{key}"',
        "string_type": lambda: f'"{key}" must be a string, not {json_name(fault["input"])}',
        "string_unicode": lambda: f'"{key}" holds half of a surrogate pair, which is no character',
        "string_too_long": lambda: f'"{key}" is longer than {limits["max_length"]:,} characters',
        "string_too_short": lambda: f'"{key}" is shorter than {limits["min_length"]} characters',
        "value_error": lambda: f'"{key}": {limits["error"]}',
    }
    other = f'"{key}" cannot be used: {fault["msg"][0].lower()}{fault["msg"][1:]}'
    return sentences.get(kind, lambda: other)()


def parsed(raw: bytes) -> JsonValue:
    """JSON as it came; raises Unusable."""
    try:
        value: JsonValue = json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse, parse_float=_finite)
    except UnicodeDecodeError as error:
        msg = f"this is not UTF-8 (byte {error.start + 1})"
        raise Unusable(msg) from error
    except json.JSONDecodeError as error:
        msg = f"this is not JSON (line {error.lineno}, column {error.colno})"
        raise Unusable(msg) from error
    except (RecursionError, ValueError) as error:
        msg = "this is not JSON that can be read (nested too deeply, or a number that is none)"
        raise Unusable(msg) from error
    return value


def _finite(text: str) -> float:
    """A number as JSON may hold it: 1e999 is a word of JSON, but none that can be written again."""
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def written(value: object) -> bytes:
    """A value as JSON in UTF-8; a lone surrogate that came with an id goes back as an escape."""
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(value).encode()


def dumped(shape: Shape) -> dict[str, object]:
    """A shape as JSON values."""
    return shape.model_dump(mode="json")


def line_of(number: int, value: object, error: str) -> dict[str, object]:
    """The row that stands for one that could not be used."""
    name = value.get("id", value.get("external_id")) if isinstance(value, dict) else None
    return {"line": number, "id": name, "error": error}


def _refuse(word: str) -> float:
    raise ValueError(word)


INPUTS: Final[Sequence[type[Shape]]] = (Draft, Post)
OUTPUTS: Final[Sequence[type[Shape]]] = (CheckAnswer, RowProblem, Stored, MentionsPage, Problem)
