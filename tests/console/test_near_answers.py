"""The desk shows answers close in meaning, whatever their language, with source and age, and puts one on the page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update
from streamlit.testing.v1 import AppTest

from classifiers.types import ModelUnavailable
from monitor.storage.schema import mentions, publications, replies
from responders.console import context
from responders.console.words import LANGUAGES, words
from responders.drafting import Vector
from responders.meaning import Meanings
from tests.console.clicking import Desk, click, html_of

ASKED = "Приедет ли курьер в воскресенье?"
SAID = "Да, в воскресенье курьеры работают."


@dataclass(slots=True)
class Reader:
    """Stands in for the encoder: texts about Sunday lie in one direction, all others in another."""

    asked: list[str] = field(default_factory=list)

    def vectors(self, texts: Sequence[str]) -> Sequence[Vector]:
        self.asked += texts
        return [[1.0, 0.0] if "неділ" in text or "воскресень" in text else [0.0, 1.0] for text in texts]


def remember(desk: Desk, days: int = 40) -> None:
    """A Russian post was answered some time ago."""
    sent = datetime.now(UTC) - timedelta(days=days)
    with desk.database.write() as unit:
        post = unit.execute(select(mentions.c.id).where(mentions.c.id == desk.world.mentions["ru-refund"])).scalar_one()
        unit.execute(
            update(mentions)
            .where(mentions.c.id == post)
            .values(title=None, text=ASKED, brand=brand_of(desk), lang="ru")
        )
        key = unit.execute(select(replies.c.id).where(replies.c.mention_id == post)).scalars().first()
        unit.execute(update(replies).where(replies.c.id == key).values(text=SAID))
        unit.execute(
            insert(publications).values(
                reply_id=key,
                mention_id=post,
                door="dry_run",
                state="sent",
                claimed_at=sent,
                claimed_by="p",
                settled_at=sent,
            )
        )


def brand_of(desk: Desk) -> str | None:
    asked = select(mentions.c.brand).where(mentions.c.id == desk.world.mentions["uk-question"])
    with desk.database.read() as unit:
        brand: str | None = unit.execute(asked).scalar_one()
    return brand


def opened(desk: Desk, name: str, reader: Reader | Exception) -> AppTest:
    def load() -> Reader:
        if isinstance(reader, Exception):
            raise reader
        return reader

    object.__setattr__(context.console(), "meanings", Meanings(load=load))
    number = desk.world.mentions[name]
    at = desk.open("reply", mention=number)
    assert not at.exception
    at.session_state[f"near-{number}"] = True
    at.run()
    assert not at.exception
    return at


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_a_ukrainian_question_finds_the_russian_answer(desk: Desk, language: str) -> None:
    say, reader = words(language), Reader()
    remember(desk)
    desk.sign_in("lead")
    free(desk)
    at = opened(desk, "uk-question", reader)
    seen = html_of(at)
    assert SAID in seen
    assert say("near.age", time=say("common.days", count=40)) in seen
    assert say("near.translate", language=say.name("language", "ru")) in seen
    number = desk.world.mentions["uk-question"]
    before = len(reader.asked)
    click(at, f"use-near-{number}-0")
    assert SAID in pen_text(at, number)
    assert len(reader.asked) == before


def free(desk: Desk) -> None:
    """Let the question wait for an answer again."""
    number = desk.world.mentions["uk-question"]
    with desk.database.write() as unit:
        unit.execute(update(replies).where(replies.c.mention_id == number).values(state="rejected"))


def pen_text(at: AppTest, number: int) -> str:
    return str(at.session_state[f"pen-lead-{number}"].saved)


def test_nothing_is_read_before_the_box_is_opened(desk: Desk) -> None:
    reader = Reader()
    object.__setattr__(context.console(), "meanings", Meanings(load=lambda: reader))
    desk.sign_in("lead")
    assert not desk.open("reply", mention=desk.world.mentions["ar-broken"]).exception
    assert reader.asked == []


def test_an_urgent_post_gets_no_answer_and_no_model_is_asked(desk: Desk) -> None:
    reader = Reader()
    desk.sign_in("lead")
    at = opened(desk, "en-fire", reader)
    assert words("en")("near.urgent") in "\n".join(caption.value for caption in at.caption).replace("\\", "")
    assert reader.asked == []


def test_a_missing_model_is_told_and_the_desk_stays(desk: Desk) -> None:
    desk.sign_in("lead")
    at = opened(desk, "ar-broken", ModelUnavailable("model.onnx is missing"))
    assert any("model.onnx is missing" in warning.value.replace("\\", "") for warning in at.warning)
