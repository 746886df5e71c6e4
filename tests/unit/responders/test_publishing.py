from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from monitor.errors import (
    AuthFailed,
    BadPayload,
    DatabaseBusy,
    NotApproved,
    PublishRefused,
    PublishUncertain,
    RateLimited,
    SourceDown,
)
from monitor.storage.schema import mentions, publications, replies
from responders import store
from responders.clearance import Stop, Wait
from responders.ending import Result
from responders.publishing import LOOK_AGAIN
from responders.recheck import Recheck
from responders.reply import (
    Draft,
    ParentState,
    PublicationState,
    Published,
    ReplyId,
    ReplyState,
    ReplyTarget,
    StaleDraft,
)
from tests.reply_world import NOW, Checked, Door, World, live_approval, publish_next


def publication_states(world: World) -> list[str]:
    with world.database.read() as unit:
        return [row.state for row in unit.execute(publications.select().order_by(publications.c.id))]


def test_an_approved_reply_is_sent_once_and_recorded(world: World) -> None:
    draft = world.approved()
    outcome = publish_next(world.publishing())
    assert outcome is not None
    assert outcome.result is Result.SENT
    assert publish_next(world.publishing()) is None
    assert world.door.sent == [draft.text]
    assert world.stored(draft.id).state is ReplyState.SENT
    with world.database.read() as unit:
        publication = store.live_publication(unit, draft.id)
        mention = unit.execute(mentions.select()).one()
    assert publication is not None
    assert (publication.state, publication.external_id) == (PublicationState.SENT, "own-p1")
    assert publication.url == "https://social.example/p1/own"
    assert (mention.handling, mention.handled_at) == ("answered", NOW)
    assert world.actions()[-2:] == ["reply.claimed", "reply.sent"]


def test_only_approved_replies_are_sent(world: World) -> None:
    world.draft(mention_id=world.mention("p1"))
    world.submitted(world.draft(mention_id=world.mention("p2")))
    assert list(world.publishing().publish_due()) == []
    assert world.door.sent == []


def test_a_second_reply_to_one_mention_is_never_sent(world: World) -> None:
    mention = world.mention()
    first, second = world.draft("one", mention_id=mention), world.draft("two", mention_id=mention, by=world.approver)
    world.review.submit(second.id, by=world.approver, now=NOW, version=1)
    world.approved(first)
    world.review.approve(second.id, by=world.admin, now=NOW, version=1)
    results = [outcome.result for outcome in world.publishing().publish_due()]
    assert results == [Result.SENT, Result.STOPPED]
    assert world.door.sent == ["one"]
    assert world.stored(second.id).state is ReplyState.DRAFT


def test_the_database_itself_forbids_the_second_publication(world: World) -> None:
    mention = world.mention()
    first, second = world.draft("one", mention_id=mention), world.draft("two", mention_id=mention, by=world.approver)
    world.review.submit(second.id, by=world.approver, now=NOW, version=1)
    world.approved(first)
    world.review.approve(second.id, by=world.admin, now=NOW, version=1)
    world.door.raises = PublishUncertain("the answer was lost")
    publish_next(world.publishing())
    world.change_mention(mention, handling="open")  # whatever the rows say, the key stands
    outcome = publish_next(world.publishing())
    assert outcome is not None
    assert outcome.result is Result.STOPPED
    assert "already has a reply" in outcome.sentence
    assert len(world.door.sent) == 1


def test_the_kill_switch_and_its_release(world: World) -> None:
    draft = world.approved()
    world.stop_sending()
    assert publish_next(world.publishing()) is None
    assert world.stored(draft.id).state is ReplyState.APPROVED
    world.stop_sending(on=False)
    outcome = publish_next(world.publishing())
    assert outcome is not None
    assert outcome.result is Result.SENT


def test_a_kill_switch_thrown_after_the_claim_still_stops(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = world.approved()
    whole = Recheck.whole

    def thrown_first(recheck: Recheck, claimed: Draft, now: datetime) -> Wait | Stop | None:
        world.stop_sending()
        return whole(recheck, claimed, now)

    monkeypatch.setattr(Recheck, "whole", thrown_first)
    outcome = publish_next(world.publishing())
    assert outcome is not None
    assert outcome.result is Result.WAITING
    assert "crisis" in outcome.sentence
    assert world.door.sent == []
    assert world.stored(draft.id).state is ReplyState.APPROVED
    assert publication_states(world) == ["released"]
    assert world.actions()[-1] == "reply.released"


def test_a_kill_switch_thrown_while_the_platform_is_asked_still_stops(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = world.approved()

    def thrown_meanwhile(_target: ReplyTarget) -> ParentState:
        world.stop_sending()
        return ParentState.PRESENT

    monkeypatch.setattr(world.door, "parent_state", thrown_meanwhile)
    outcome = publish_next(world.publishing())
    assert outcome is not None
    assert (outcome.result, world.door.sent) == (Result.WAITING, [])
    assert "crisis" in outcome.sentence
    assert world.stored(draft.id).state is ReplyState.APPROVED


def test_an_attempt_that_another_publisher_gave_up_meanwhile_is_not_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = world.approved()

    def given_up_meanwhile(_target: ReplyTarget) -> ParentState:
        world.publishing().recover()
        return ParentState.PRESENT

    monkeypatch.setattr(world.door, "parent_state", given_up_meanwhile)
    outcome = publish_next(world.publishing())
    assert outcome is not None
    assert (outcome.result, world.door.sent) == (Result.STOPPED, [])
    assert world.stored(draft.id).state is ReplyState.DRAFT
    assert publication_states(world) == ["released"]


def test_a_row_that_cannot_be_read_costs_only_itself(world: World) -> None:
    broken = world.approved(world.draft(mention_id=world.mention("p1")))
    world.approved(world.draft("the other one", mention_id=world.mention("p2")))
    with world.database.write() as unit:
        unit.execute(update(replies).where(replies.c.id == broken.id).values(lane="no lane"))
    publishing = world.publishing()
    first, second = publishing.publish_due()
    assert (first.reply_id, first.result) == (broken.id, Result.WAITING)
    assert first.sentence == f"reply {broken.id} cannot be worked on (ValueError); it stays as it is"
    assert second.result is Result.SENT
    assert world.door.sent == ["the other one"]
    assert list(publishing.publish_due()) == []
    world.now += LOOK_AGAIN
    assert [outcome.reply_id for outcome in publishing.publish_due()] == [broken.id]


def test_a_held_reply_waits_for_its_time(world: World) -> None:
    draft = world.submitted()
    world.review.approve(draft.id, by=world.approver, now=NOW, version=1, hold_until=NOW + timedelta(minutes=5))
    assert publish_next(world.publishing()) is None
    world.now = NOW + timedelta(minutes=5)
    outcome = publish_next(world.publishing())
    assert outcome is not None
    assert outcome.result is Result.SENT


def test_the_daily_cap_ends_at_midnight(world: World) -> None:
    world.limits = replace(world.limits, daily_cap=2)
    for number in range(3):
        world.approved(world.draft(mention_id=world.mention(f"p{number}")))
    assert len(list(world.publishing().publish_due())) == 2
    world.now = NOW.replace(hour=23, minute=59)
    assert list(world.publishing().publish_due()) == []
    world.now = NOW.replace(hour=0) + timedelta(days=1)
    assert [outcome.result for outcome in world.publishing().publish_due()] == [Result.SENT]


def assert_stopped(world: World, reply_id: ReplyId, why: str) -> None:
    outcomes = list(world.publishing().publish_due())
    assert [outcome.result for outcome in outcomes] == [Result.STOPPED]
    assert why in outcomes[0].sentence
    assert world.door.sent == []
    stored = world.stored(reply_id)
    assert stored.state is ReplyState.DRAFT
    assert stored.note is not None
    assert why in stored.note
    with world.database.read() as unit:
        assert live_approval(unit, stored.id) is None
    assert world.actions()[-1] == "reply.stopped"


def test_words_that_were_not_approved_are_not_sent(world: World) -> None:
    draft = world.approved()
    with world.database.write() as unit:
        unit.execute(update(replies).values(text="other words"))
    assert_stopped(world, draft.id, "not the ones that were approved")


def test_words_and_hash_changed_together_are_not_sent(world: World) -> None:
    draft = world.approved()
    with world.database.write() as unit:
        unit.execute(update(replies).values(text="other words", text_hash=store.text_hash("other words")))
    assert_stopped(world, draft.id, "not the ones that were approved")


def test_an_approval_grows_old(world: World) -> None:
    draft = world.approved()
    world.now = NOW + timedelta(hours=24)
    assert_stopped(world, draft.id, "older than 24 hours")


def test_an_approval_by_somebody_who_may_no_longer(world: World) -> None:
    draft = world.approved()
    with world.database.write() as unit:
        unit.exec_driver_sql("UPDATE accounts SET role = 'agent' WHERE name = 'approver'")
    assert_stopped(world, draft.id, "may no longer")


def test_an_override_by_somebody_who_is_no_administrator_any_more(world: World) -> None:
    world.block()
    draft = world.submitted()
    world.review.approve(draft.id, by=world.admin, now=NOW, version=1, override_reason="a quotation")
    with world.database.write() as unit:
        unit.exec_driver_sql("UPDATE accounts SET role = 'approver' WHERE name = 'admin'")
    assert_stopped(world, draft.id, "may no longer")


def test_an_approval_of_ones_own_words_written_past_us(world: World) -> None:
    draft = world.approved()
    with world.database.write() as unit:
        unit.exec_driver_sql("UPDATE approvals SET by = 'agent'")
        unit.exec_driver_sql("UPDATE accounts SET role = 'admin' WHERE name = 'agent'")
    assert_stopped(world, draft.id, "their own")


def test_no_approval_at_all(world: World) -> None:
    draft = world.approved()
    with world.database.write() as unit:
        unit.exec_driver_sql("DELETE FROM approvals")
    assert_stopped(world, draft.id, "nobody has approved")


def test_another_policy_since(world: World) -> None:
    draft = world.approved()
    world.checker.says = Checked(policy="policy-2")
    assert_stopped(world, draft.id, "now policy policy-2")


def test_a_worse_verdict_since(world: World) -> None:
    draft = world.approved()
    world.checker.says = Checked(verdict="review", risk=0.5)
    assert_stopped(world, draft.id, "now says review")


def test_a_check_that_is_no_longer_complete(world: World) -> None:
    world.checker.says = Checked(verdict="review", notes=("known before",))
    draft = world.approved()
    world.checker.says = Checked(verdict="review", notes=("known before", "only the rules judged this draft"))
    assert_stopped(world, draft.id, "only the rules judged this draft")


def test_too_few_approvals(world: World) -> None:
    draft = world.approved()
    with world.database.write() as unit:
        unit.execute(update(replies).values(approvals_needed=2))
    assert_stopped(world, draft.id, "2 people must approve it; 1 have")


def test_a_check_that_now_wants_more_people(world: World) -> None:
    draft = world.approved()
    world.checker.says = Checked(approvals_needed=2)
    assert_stopped(world, draft.id, "2 people must approve it; 1 have")


def test_one_of_two_approvals_that_does_not_hold_any_more(world: World) -> None:
    world.checker.says = Checked(verdict="review", approvals_needed=2)
    draft = world.submitted()
    world.review.approve(draft.id, by=world.approver, now=NOW, version=1)
    world.review.approve(draft.id, by=world.admin, now=NOW, version=1)
    with world.database.write() as unit:
        unit.exec_driver_sql("UPDATE accounts SET active = 0 WHERE name = 'approver'")
    assert_stopped(world, draft.id, "approver, who approved it, may no longer")


def test_a_better_verdict_is_no_reason_to_stop(world: World) -> None:
    world.checker.says = Checked(verdict="review", risk=0.5)
    world.approved()
    world.checker.says = Checked()
    assert [outcome.result for outcome in world.publishing().publish_due()] == [Result.SENT]


def test_an_overridden_block_is_sent(world: World) -> None:
    world.block()
    draft = world.submitted()
    world.review.approve(draft.id, by=world.admin, now=NOW, version=1, override_reason="a quotation")
    assert [outcome.result for outcome in world.publishing().publish_due()] == [Result.SENT]


def test_without_a_check_nothing_is_sent(world: World) -> None:
    draft = world.approved()
    world.checker.down = True
    assert_stopped(world, draft.id, "the reply check cannot run")


def test_a_check_that_breaks_stops(world: World) -> None:
    draft = world.approved()
    world.checker.check = lambda *_args, **_about: 1 / 0  # type: ignore[method-assign,assign,return-value]
    assert_stopped(world, draft.id, "ZeroDivisionError")


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"text_hash": "f" * 64}, "was edited"),
        ({"gone_at": NOW}, "is gone"),
        ({"handling": "closed"}, "closed already"),
        ({"handling": "answered"}, "answered already"),
    ],
)
def test_a_post_that_is_not_as_it_was(world: World, values: dict[str, object], why: str) -> None:
    draft = world.approved()
    world.change_mention(draft.mention_id, **values)
    assert_stopped(world, draft.id, why)


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (ParentState.EDITED, "edited on the platform"),
        (ParentState.GONE, "gone from the platform"),
        (ParentState.UNKNOWN, "cannot tell"),
        (ValueError("odd answer"), "ValueError"),
    ],
)
def test_what_the_platform_shows_of_the_post(world: World, state: ParentState | Exception, why: str) -> None:
    draft = world.approved()
    world.door.parent = state
    assert_stopped(world, draft.id, why)


def test_a_door_that_is_not_set_up(world: World) -> None:
    draft = world.draft()
    draft = world.review.route(draft.id, by=world.agent, now=NOW, version=1, door="vanished")
    world.approved(draft)
    assert_stopped(world, draft.id, 'the door "vanished" is not set up')


def test_a_door_of_people_is_left_alone(world: World) -> None:
    draft = world.approved()
    world.door.by_person = True
    assert list(world.publishing().publish_due()) == []
    assert world.stored(draft.id).state is ReplyState.APPROVED


@pytest.mark.parametrize(
    ("error", "rest"),
    [
        (RateLimited("slow down", until=NOW + timedelta(minutes=9)), timedelta(minutes=9)),
        (AuthFailed("the token was revoked"), timedelta(hours=1)),
        (NotApproved("no access yet", remedy="apply for it"), timedelta(hours=1)),
        (SourceDown("no connection was made"), timedelta(minutes=5)),
    ],
)
@pytest.mark.parametrize("where", ["looking", "sending"])
def test_a_platform_that_takes_nothing_now(world: World, error: Exception, rest: timedelta, where: str) -> None:
    draft = world.approved()
    if where == "sending":
        world.door.raises = error
    else:
        world.door.parent = error
    publishing = world.publishing()
    outcome = publish_next(publishing)
    assert outcome is not None
    assert outcome.result is Result.WAITING
    assert publication_states(world) == ["released"]
    assert world.stored(draft.id).state is ReplyState.APPROVED
    assert publish_next(publishing) is None  # the door rests
    world.door.raises, world.door.parent = None, ParentState.PRESENT
    world.now = NOW + rest
    again = publish_next(publishing)
    assert again is not None
    assert again.result is Result.SENT
    assert publication_states(world) == ["released", "sent"]


def test_a_platform_that_cannot_be_asked_about_the_post(world: World) -> None:
    draft = world.approved()
    world.door.parent = SourceDown("the platform does not answer")
    outcome = publish_next(world.publishing())
    assert outcome is not None
    assert outcome.result is Result.WAITING
    assert world.door.sent == []
    assert world.stored(draft.id).state is ReplyState.APPROVED


def test_a_clear_no_is_refused_with_the_reason(world: World) -> None:
    draft = world.approved()
    world.door.raises = PublishRefused("the post is locked", remedy="answer privately")
    outcome = publish_next(world.publishing())
    assert outcome is not None
    assert outcome.result is Result.REFUSED
    stored = world.stored(draft.id)
    assert (stored.state, stored.note) == (ReplyState.REFUSED, "the post is locked; answer privately")
    assert publication_states(world) == ["refused"]
    assert publish_next(world.publishing()) is None
    again = world.draft(mention_id=draft.mention_id)  # a refused reply does not block a new one
    assert again.id != draft.id


@pytest.mark.parametrize("error", [PublishUncertain("the answer was lost"), BadPayload("odd"), ZeroDivisionError()])
def test_an_unclear_end_is_uncertain_and_never_resent(world: World, error: Exception) -> None:
    draft = world.approved()
    world.door.raises = error
    publishing = world.publishing()
    outcome = publish_next(publishing)
    assert outcome is not None
    assert outcome.result is Result.UNCERTAIN
    world.now = NOW + timedelta(days=9)
    assert list(publishing.publish_due()) == []
    assert list(world.publishing().publish_due()) == []
    assert len(world.door.sent) == 1
    assert world.stored(draft.id).state is ReplyState.UNCERTAIN


def uncertain(world: World) -> ReplyId:
    draft = world.approved()
    world.door.raises = PublishUncertain("the answer was lost")
    publish_next(world.publishing())
    world.door.raises = None
    return draft.id


def test_reconciling_finds_our_reply(world: World) -> None:
    reply_id = uncertain(world)
    world.door.found = Published(external_id="own-1", url="https://social.example/own-1")
    outcomes = world.publishing().reconcile()
    assert [outcome.result for outcome in outcomes] == [Result.SENT]
    assert world.stored(reply_id).state is ReplyState.SENT
    assert publication_states(world) == ["sent"]
    with world.database.read() as unit:
        assert unit.execute(mentions.select()).one().handling == "answered"


def test_what_is_not_found_is_looked_for_ever_more_seldom(world: World) -> None:
    uncertain(world)
    publishing = world.publishing()
    looks = 0
    for _ in range(24 * 12):
        world.now += timedelta(minutes=5)
        looks += len(publishing.reconcile())
    assert 5 <= looks <= 10


def test_reconciling_without_a_find_leaves_it_to_a_person(world: World) -> None:
    reply_id = uncertain(world)
    publishing = world.publishing()
    outcomes = publishing.reconcile()
    assert [outcome.result for outcome in outcomes] == [Result.UNCERTAIN]
    stored = world.stored(reply_id)
    assert stored.state is ReplyState.UNCERTAIN
    assert stored.note is not None
    assert "the answer was lost" in stored.note
    assert "did not see it" in stored.note
    assert publishing.reconcile() == []  # not again at once
    assert len(world.door.sent) == 1


@pytest.mark.parametrize("error", [SourceDown("no answer"), KeyError("odd")])
def test_a_door_that_cannot_look_leaves_it_uncertain(world: World, error: Exception) -> None:
    reply_id = uncertain(world)
    world.door.found = error
    assert [outcome.result for outcome in world.publishing().reconcile()] == [Result.UNCERTAIN]
    assert world.stored(reply_id).state is ReplyState.UNCERTAIN


def test_a_record_that_fails_is_tried_again_before_anything_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = world.approved()
    publishing = world.publishing()
    settle = store.settle_publication

    def away(*_args: object, **_values: object) -> None:
        raise DatabaseBusy("the database is locked")

    monkeypatch.setattr(store, "settle_publication", away)
    with pytest.raises(DatabaseBusy):
        publish_next(publishing)
    assert world.stored(draft.id).state is ReplyState.SENDING
    monkeypatch.setattr(store, "settle_publication", settle)
    outcome = publish_next(publishing)
    assert outcome is not None
    assert outcome.result is Result.SENT
    assert len(world.door.sent) == 1
    assert world.stored(draft.id).state is ReplyState.SENT


def test_recovery_calls_what_was_in_flight_uncertain(world: World) -> None:
    draft = world.approved()
    publishing = world.publishing()
    claimed = publishing._claim(world.stored(draft.id), world.door)
    assert claimed is not None
    outcomes = world.publishing().recover()
    assert [outcome.result for outcome in outcomes] == [Result.UNCERTAIN]
    assert world.stored(draft.id).state is ReplyState.UNCERTAIN
    assert publication_states(world) == ["uncertain"]
    assert world.publishing().recover() == []
    assert list(world.publishing().publish_due()) == []


def test_a_row_in_sending_without_an_attempt_is_uncertain_too(world: World) -> None:
    draft = world.approved()
    with world.database.write() as unit:
        unit.execute(update(replies).values(state="sending"))
    assert [outcome.result for outcome in world.publishing().recover()] == [Result.UNCERTAIN]
    assert world.stored(draft.id).state is ReplyState.UNCERTAIN


@pytest.mark.parametrize(
    ("ending", "state"),
    [
        (None, ReplyState.SENT),
        (PublishRefused("no"), ReplyState.DRAFT),
        (RateLimited("later", until=NOW), ReplyState.APPROVED),
        (PublishUncertain("lost"), ReplyState.UNCERTAIN),
    ],
)
def test_who_sent_it_knows_better_than_a_second_publisher_that_gave_it_up(
    world: World, ending: Exception | None, state: ReplyState
) -> None:
    draft = world.approved()

    class Slow(Door):
        def publish(self, target: object, text: str) -> Published:
            world.publishing().recover()
            return super().publish(target, text)  # type: ignore[arg-type]

    publish_next(world.publishing(Slow(raises=ending)))
    assert world.stored(draft.id).state is state


def test_two_publishers_send_it_once(world: World) -> None:
    draft = world.approved()
    first, second = world.publishing(), world.publishing()
    seen = world.stored(draft.id)
    assert first._claim(seen, world.door) is not None
    with pytest.raises(StaleDraft):
        second._claim(seen, world.door)


def test_an_edit_during_the_look_wins(world: World) -> None:
    draft = world.approved()
    seen = world.stored(draft.id)
    world.review.edit(draft.id, "softer", by=world.agent, now=NOW, version=1)
    publishing = world.publishing()
    with pytest.raises(StaleDraft):
        publishing._claim(seen, world.door)
    assert publish_next(publishing) is None
    assert world.door.sent == []


def test_a_broken_audit_log_stops_sending(world: World) -> None:
    draft = world.approved()
    with world.database.write() as unit:
        unit.exec_driver_sql("DELETE FROM audit_head")
    with pytest.raises(Exception, match="head row"):
        publish_next(world.publishing())
    assert world.door.sent == []
    assert world.stored(draft.id).state is ReplyState.APPROVED
