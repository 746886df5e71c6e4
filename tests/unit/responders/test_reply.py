from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitor.mention import Lane, MentionId
from responders.reply import (
    EDITABLE,
    MAX_TEXT,
    TRANSITIONS,
    Draft,
    IllegalMove,
    ReplyId,
    ReplyState,
    Unusable,
    Verdict,
    advance,
    rewritten,
    storable,
    text_hash,
)

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
S = ReplyState
LEGAL = {
    (S.DRAFT, S.IN_REVIEW),
    (S.IN_REVIEW, S.APPROVED),
    (S.IN_REVIEW, S.REJECTED),
    (S.IN_REVIEW, S.DRAFT),
    (S.APPROVED, S.SENDING),
    (S.APPROVED, S.DRAFT),
    (S.SENDING, S.SENT),
    (S.SENDING, S.REFUSED),
    (S.SENDING, S.UNCERTAIN),
    (S.SENDING, S.APPROVED),  # released: certainly not sent
    (S.UNCERTAIN, S.SENT),
    (S.UNCERTAIN, S.APPROVED),
}


def draft(state: ReplyState = S.DRAFT) -> Draft:
    return Draft(
        id=ReplyId(7),
        mention_id=MentionId(1),
        author="agent",
        state=state,
        lane=Lane.FLOW,
        door="dry_run",
        template=None,
        text="Sorry to hear that.",
        text_hash=text_hash("Sorry to hear that."),
        version=3,
        mention_hash="0" * 64,
        report=None,
        note="old note",
        hold_until=NOW,
        created_at=NOW,
        updated_at=NOW,
    )


@pytest.mark.parametrize("to", ReplyState)
@pytest.mark.parametrize("before", ReplyState)
def test_every_pair_of_states(before: ReplyState, to: ReplyState) -> None:
    if (before, to) in LEGAL:
        after = advance(draft(before), to, at=NOW, note="why")
        assert (after.state, after.note, after.version) == (to, "why", 3)
    else:
        with pytest.raises(IllegalMove, match="reply 7 is"):
            advance(draft(before), to, at=NOW)


def test_every_state_has_its_row() -> None:
    assert set(TRANSITIONS) == set(ReplyState)
    assert set(LEGAL) == {(before, to) for before, after in TRANSITIONS.items() for to in after}


def test_nothing_leaves_a_final_state() -> None:
    assert {state for state, after in TRANSITIONS.items() if not after} == {S.SENT, S.REFUSED, S.REJECTED}


@pytest.mark.parametrize("state", ReplyState)
def test_new_words_make_a_draft_or_are_refused(state: ReplyState) -> None:
    if state in EDITABLE:
        after = rewritten(draft(state), "Other words.", at=NOW)
        assert (after.state, after.version, after.text_hash) == (S.DRAFT, 4, text_hash("Other words."))
        assert after.report is None
        assert after.hold_until is None
    else:
        with pytest.raises(IllegalMove, match="can no longer change"):
            rewritten(draft(state), "Other words.", at=NOW)


def test_a_hash_is_of_exactly_these_characters() -> None:
    composed, decomposed = "\u0439", "\u0438\u0306"
    assert text_hash(composed) != text_hash(decomposed)
    assert text_hash("a ") != text_hash("a")
    assert text_hash("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("text", ["a\x00b", "half \ud83d pair", "x" * (MAX_TEXT + 1)])
def test_texts_that_nothing_can_keep_are_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(Unusable, match="the reply"):
        storable(text)


@pytest.mark.parametrize("text", ["", "Добрый день", "Вітаємо", "مرحبا", "Hello 👋🏽", "x" * MAX_TEXT])
def test_texts_that_can_be_kept_come_back_unchanged(text: str) -> None:
    assert storable(text) is text


def test_verdicts_have_an_order() -> None:
    assert sorted(Verdict, key=lambda verdict: verdict.rank) == [Verdict.PASS, Verdict.REVIEW, Verdict.BLOCK]


def test_values_are_frozen() -> None:
    with pytest.raises(AttributeError):
        draft().state = S.SENT  # type: ignore[misc]
    assert replace(draft(), version=4).version == 4
