from datetime import timedelta

import pytest

from monitor.mention import Lane, MentionId
from responders import store
from responders.accounts import Account, NotAllowed, Role
from responders.reply import (
    AlreadyAnswered,
    Blocked,
    FourEyes,
    IllegalMove,
    ReplyState,
    StaleDraft,
    UnknownReply,
    Unusable,
    Verdict,
)
from responders.report import CheckUnavailable
from tests.reply_world import NOW, Checked, World, live_approval, publish_next


def test_a_draft_is_opened_once_for_each_author(world: World) -> None:
    mention = world.mention()
    first = world.draft(mention_id=mention)
    again = world.draft("other words", mention_id=mention)
    other = world.draft(mention_id=mention, by=world.approver)
    assert again == first
    assert other.id != first.id
    assert (first.version, first.state, first.author) == (1, ReplyState.DRAFT, "agent")
    assert world.actions() == ["reply.opened", "reply.opened"]


def test_a_draft_for_no_mention(world: World) -> None:
    with pytest.raises(UnknownReply, match="no mention 99"):
        world.draft(mention_id=MentionId(99))


def test_saving_counts_versions_and_keeps_each(world: World) -> None:
    draft = world.draft("one")
    second = world.review.save_draft(draft.id, "two", by=world.agent, now=NOW, version=1)
    same = world.review.save_draft(draft.id, "two", by=world.agent, now=NOW, version=2)
    assert (second.version, same.version) == (2, 2)
    with world.database.read() as unit:
        assert [(version.version, version.text, version.by) for version in store.versions(unit, draft.id)] == [
            (1, "one", "agent"),
            (2, "two", "agent"),
        ]


def test_a_stale_save_loses_nothing(world: World) -> None:
    draft = world.draft("one")
    world.review.save_draft(draft.id, "two", by=world.approver, now=NOW, version=1)
    with pytest.raises(StaleDraft, match=r"changed meanwhile.*version 2") as caught:
        world.review.save_draft(draft.id, "mine", by=world.agent, now=NOW, version=1)
    assert caught.value.unsaved == "mine"
    assert caught.value.current.text == "two"
    assert world.stored(draft.id).text == "two"


def test_saving_does_not_take_a_reply_out_of_review_unnoticed(world: World) -> None:
    draft = world.submitted()
    with pytest.raises(IllegalMove, match="submitted meanwhile"):
        world.review.save_draft(draft.id, "late", by=world.agent, now=NOW, version=draft.version)
    assert world.stored(draft.id).state is ReplyState.IN_REVIEW


def test_submitting_stores_the_report(world: World) -> None:
    world.block()
    draft = world.submitted()
    stored = world.stored(draft.id)
    assert stored.state is ReplyState.IN_REVIEW
    assert stored.report is not None
    assert stored.report.verdict is Verdict.BLOCK
    assert stored.report.findings == tuple(world.checker.says.findings)
    assert stored.report.policy == "policy-1"


def test_an_empty_reply_is_not_submitted(world: World) -> None:
    draft = world.draft(" \n")
    with pytest.raises(Unusable, match="is empty"):
        world.submitted(draft)


def test_without_a_check_nothing_is_submitted_and_nothing_lost(world: World) -> None:
    draft = world.draft("words")
    world.checker.down = True
    with pytest.raises(CheckUnavailable, match="the model file is missing"):
        world.submitted(draft)
    assert world.stored(draft.id).state is ReplyState.DRAFT
    assert world.stored(draft.id).text == "words"


def test_the_check_sees_title_and_text(world: World) -> None:
    seen: list[str | None] = []
    check = world.checker.check
    world.checker.check = lambda draft, **about: (seen.append(about["mention"]), check(draft, **about))[1]  # type: ignore[method-assign]
    world.submitted(world.draft(mention_id=world.mention(title="Broken", text="The kettle.")))
    assert seen == ["Broken\nThe kettle."]


def test_the_straight_way_to_an_approval(world: World) -> None:
    draft = world.approved()
    with world.database.read() as unit:
        approval = live_approval(unit, draft.id)
    assert draft.state is ReplyState.APPROVED
    assert approval is not None
    assert (approval.by, approval.text_hash, approval.policy, approval.reason) == (
        "approver",
        draft.text_hash,
        "policy-1",
        None,
    )
    assert world.actions() == ["reply.opened", "reply.submitted", "reply.approved"]


@pytest.mark.parametrize("name", ["approver", "admin"])
def test_nobody_approves_words_of_their_own(world: World, name: str) -> None:
    author: Account = getattr(world, name)
    draft = world.draft(by=author)
    world.review.submit(draft.id, by=author, now=NOW, version=1)
    with pytest.raises(FourEyes, match="somebody else"):
        world.review.approve(draft.id, by=author, now=NOW, version=1)


def test_who_mended_a_comma_does_not_approve_either(world: World) -> None:
    draft = world.draft("one")
    draft = world.review.save_draft(draft.id, "one,", by=world.approver, now=NOW, version=1)
    draft = world.review.save_draft(draft.id, "another text", by=world.agent, now=NOW, version=2)
    world.submitted(draft)
    with pytest.raises(FourEyes):
        world.review.approve(draft.id, by=world.approver, now=NOW, version=3)
    assert world.review.approve(draft.id, by=world.admin, now=NOW, version=3).state is ReplyState.APPROVED


@pytest.mark.parametrize("name", ["viewer", "agent"])
def test_roles_that_do_not_decide(world: World, name: str) -> None:
    draft = world.submitted()
    nobody: Account = getattr(world, name)
    for decide in (world.review.send_back, world.review.reject):
        with pytest.raises(NotAllowed, match="this needs the role approver"):
            decide(draft.id, "no", by=nobody, now=NOW, version=1)
    with pytest.raises(NotAllowed, match="this needs the role approver"):
        world.review.approve(draft.id, by=nobody, now=NOW, version=1)
    assert world.stored(draft.id).state is ReplyState.IN_REVIEW


def test_a_viewer_writes_nothing(world: World) -> None:
    with pytest.raises(NotAllowed, match="this needs the role agent"):
        world.draft(by=world.viewer)


def test_what_the_page_knew_at_sign_in_is_not_believed(world: World) -> None:
    draft = world.submitted()
    pretender = Account(name="agent", role=Role.ADMIN, active=True, must_change=False, created_at=NOW)
    with pytest.raises(NotAllowed):
        world.review.approve(draft.id, by=pretender, now=NOW, version=1)
    with world.database.write() as unit:
        unit.exec_driver_sql("UPDATE accounts SET active = 0 WHERE name = 'approver'")
    with pytest.raises(NotAllowed, match="not active"):
        world.review.approve(draft.id, by=world.approver, now=NOW, version=1)


def test_a_password_that_must_be_changed_comes_first(world: World) -> None:
    newcomer = world.account("newcomer", Role.ADMIN, must_change=True)
    draft = world.submitted()
    with pytest.raises(NotAllowed, match="password of your own"):
        world.review.approve(draft.id, by=newcomer, now=NOW, version=1)


def test_a_block_stands_unless_an_administrator_gives_a_reason(world: World) -> None:
    world.block()
    draft = world.submitted()
    with pytest.raises(Blocked, match="administrator"):
        world.review.approve(draft.id, by=world.approver, now=NOW, version=1, override_reason="I think it is fine")
    with pytest.raises(Blocked, match="give a reason"):
        world.review.approve(draft.id, by=world.admin, now=NOW, version=1, override_reason="  ")
    world.review.approve(draft.id, by=world.admin, now=NOW, version=1, override_reason="a quotation, not our words")
    with world.database.read() as unit:
        approval = live_approval(unit, draft.id)
    assert approval is not None
    assert approval.reason == "a quotation, not our words"


def test_an_edit_voids_the_approval(world: World) -> None:
    draft = world.approved()
    after = world.review.edit(draft.id, "softer", by=world.agent, now=NOW, version=1)
    assert (after.state, after.version, after.report) == (ReplyState.DRAFT, 2, None)
    with world.database.read() as unit:
        assert live_approval(unit, draft.id) is None
    assert world.actions()[-1] == "reply.edited"


def test_an_approval_of_an_older_version_is_refused(world: World) -> None:
    draft = world.submitted()
    world.review.edit(draft.id, "other", by=world.agent, now=NOW, version=1)
    with pytest.raises(StaleDraft):
        world.review.approve(draft.id, by=world.approver, now=NOW, version=1)


def test_two_decisions_at_once_only_one_holds(world: World) -> None:
    draft = world.submitted()
    world.review.reject(draft.id, "not ours to answer", by=world.approver, now=NOW, version=1)
    with pytest.raises(IllegalMove, match="not in review any more"):
        world.review.approve(draft.id, by=world.admin, now=NOW, version=1)
    assert world.stored(draft.id).state is ReplyState.REJECTED


def test_sent_back_with_a_note_and_submitted_again(world: World) -> None:
    draft = world.submitted()
    with pytest.raises(Unusable, match="say why"):
        world.review.send_back(draft.id, " ", by=world.approver, now=NOW, version=1)
    back = world.review.send_back(draft.id, "name a next step", by=world.approver, now=NOW, version=1)
    assert (back.state, back.note) == (ReplyState.DRAFT, "approver: name a next step")
    changed = world.review.save_draft(draft.id, "better", by=world.agent, now=NOW, version=1)
    assert changed.note == back.note
    assert world.submitted(changed).note is None


def test_a_post_that_changed_is_not_answered_as_if_it_had_not(world: World) -> None:
    draft = world.submitted()
    world.change_mention(draft.mention_id, text_hash="f" * 64)
    with pytest.raises(IllegalMove, match="was edited"):
        world.review.approve(draft.id, by=world.approver, now=NOW, version=1)
    back = world.review.withdraw(draft.id, by=world.agent, now=NOW, version=1)
    assert world.approved(back).state is ReplyState.APPROVED


def test_a_post_that_is_gone_is_not_answered(world: World) -> None:
    draft = world.submitted()
    world.change_mention(draft.mention_id, gone_at=NOW)
    with pytest.raises(IllegalMove, match="is gone"):
        world.review.approve(draft.id, by=world.approver, now=NOW, version=1)


def test_a_closed_mention_is_not_answered(world: World) -> None:
    draft = world.submitted()
    world.change_mention(draft.mention_id, handling="closed")
    with pytest.raises(IllegalMove, match="closed already"):
        world.review.approve(draft.id, by=world.approver, now=NOW, version=1)


def test_a_second_answer_is_refused_at_every_step(world: World) -> None:
    mention = world.mention()
    first = world.draft(mention_id=mention)
    second = world.draft(mention_id=mention, by=world.approver)
    reviewed = world.review.submit(second.id, by=world.approver, now=NOW, version=1)
    world.approved(first)
    publish_next(world.publishing())
    with pytest.raises(AlreadyAnswered):
        world.review.approve(reviewed.id, by=world.admin, now=NOW, version=1)
    with pytest.raises(AlreadyAnswered):
        world.draft(mention_id=mention, by=world.admin)


def test_withdrawing_ends_the_hold_and_the_approval(world: World) -> None:
    draft = world.submitted()
    until = NOW + timedelta(minutes=5)
    held = world.review.approve(draft.id, by=world.approver, now=NOW, version=1, hold_until=until)
    assert held.hold_until == until
    after = world.review.withdraw(draft.id, by=world.agent, now=NOW, version=1)
    assert (after.state, after.hold_until) == (ReplyState.DRAFT, None)
    with world.database.read() as unit:
        assert live_approval(unit, draft.id) is None


def test_an_uncertain_reply_cannot_be_approved_here(world: World) -> None:
    draft = world.approved()
    with world.database.write() as unit:
        unit.exec_driver_sql("UPDATE replies SET state = 'uncertain'")
    with pytest.raises(IllegalMove):
        world.review.approve(draft.id, by=world.admin, now=NOW, version=1)


def test_lane_and_door_of_a_draft(world: World) -> None:
    draft = world.draft()
    after = world.review.route(draft.id, by=world.agent, now=NOW, version=1, lane=Lane.PERSONAL, door="by_hand")
    assert (after.lane, after.door) == (Lane.PERSONAL, "by_hand")
    world.submitted(after)
    with pytest.raises(IllegalMove, match="not a draft any more"):
        world.review.route(draft.id, by=world.agent, now=NOW, version=1, door="dry_run")


def test_a_broken_audit_log_stops_every_decision(world: World) -> None:
    draft = world.submitted()
    with world.database.write() as unit:
        unit.exec_driver_sql("DELETE FROM audit_head")
    with pytest.raises(Exception, match="head row"):
        world.review.approve(draft.id, by=world.approver, now=NOW, version=1)
    assert world.stored(draft.id).state is ReplyState.IN_REVIEW


def test_the_queue_is_paged_by_key(world: World) -> None:
    drafts = [world.submitted(world.draft(mention_id=world.mention(f"p{number}"))) for number in range(5)]
    with world.database.read() as unit:
        first = store.listed(unit, {ReplyState.IN_REVIEW}, limit=3)
        rest = store.listed(unit, {ReplyState.IN_REVIEW}, after=first[-1].draft.id, limit=3)
        assert [item.draft.id for item in (*first, *rest)] == [draft.id for draft in drafts]
        assert first[0].target.external_id == "p0"
        assert first[0].draft == drafts[0]
        assert store.counts(unit)[ReplyState.IN_REVIEW] == 5
        assert store.listed(unit, {ReplyState.IN_REVIEW}, author="approver") == []


def test_the_policy_that_checked_is_kept(world: World) -> None:
    world.checker.says = Checked(policy="policy-7", verdict="review", risk=0.4)
    draft = world.approved()
    with world.database.read() as unit:
        approval = live_approval(unit, draft.id)
    assert approval is not None
    assert approval.policy == "policy-7"


def test_where_the_policy_asks_for_two_the_first_yes_is_not_enough(world: World) -> None:
    world.checker.says = Checked(verdict="review", approvals_needed=2)
    draft = world.submitted()
    first = world.review.approve(draft.id, by=world.approver, now=NOW, version=1)
    assert first.state is ReplyState.IN_REVIEW
    with pytest.raises(FourEyes, match="already"):
        world.review.approve(draft.id, by=world.approver, now=NOW, version=1)
    assert world.review.approve(draft.id, by=world.admin, now=NOW, version=1).state is ReplyState.APPROVED
    with world.database.read() as unit:
        assert [approval.by for approval in store.standing_approvals(unit, draft.id)] == ["approver", "admin"]


def test_where_a_block_needs_two_the_administrators_reason_comes_first(world: World) -> None:
    world.block()
    world.checker.says.approvals_needed = 2
    draft = world.submitted()
    with pytest.raises(Blocked, match="administrator"):
        world.review.approve(draft.id, by=world.approver, now=NOW, version=1)
    one = world.review.approve(draft.id, by=world.admin, now=NOW, version=1, override_reason="a quotation")
    assert one.state is ReplyState.IN_REVIEW
    assert world.review.approve(draft.id, by=world.approver, now=NOW, version=1).state is ReplyState.APPROVED


@pytest.mark.parametrize("step", ["send back", "edit"])
def test_a_first_yes_does_not_outlive_a_change(world: World, step: str) -> None:
    world.checker.says = Checked(verdict="review", approvals_needed=2)
    draft = world.submitted()
    world.review.approve(draft.id, by=world.approver, now=NOW, version=1)
    if step == "edit":
        draft = world.review.edit(draft.id, "other words", by=world.agent, now=NOW, version=1)
    else:
        draft = world.review.send_back(draft.id, "shorter", by=world.approver, now=NOW, version=1)
    draft = world.submitted(draft)
    after = world.review.approve(draft.id, by=world.admin, now=NOW, version=draft.version)
    assert after.state is ReplyState.IN_REVIEW


def test_the_policys_hold_begins_with_the_approval(world: World) -> None:
    world.checker.says = Checked(hold_seconds=60)
    draft = world.submitted()
    soon, late = NOW + timedelta(seconds=5), NOW + timedelta(minutes=5)
    approve = world.review.approve
    assert approve(draft.id, by=world.admin, now=NOW, version=1, hold_until=soon).hold_until == NOW + timedelta(
        minutes=1
    )
    world.submitted(world.review.withdraw(draft.id, by=world.agent, now=NOW, version=1))
    assert approve(draft.id, by=world.admin, now=NOW, version=1, hold_until=late).hold_until == late


def test_what_the_check_noted_is_kept(world: World) -> None:
    world.checker.says = Checked(verdict="review", notes=("the language is not measured",), hold_seconds=7)
    report = world.stored(world.submitted().id).report
    assert report is not None
    assert (report.notes, report.hold_seconds, report.approvals_needed) == (("the language is not measured",), 7, 1)
