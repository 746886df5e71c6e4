from datetime import timedelta

import pytest

from monitor.errors import PublishUncertain
from responders import store
from responders.accounts import Account, NotAllowed, Role
from responders.ending import Result
from responders.posting import SETTLE_AFTER
from responders.reply import Draft, IllegalMove, PublicationState, ReplyState, StaleDraft, Unusable
from tests.reply_world import NOW, Checked, World, publish_next

LINK = "https://social.example/our-answer"


def begun(world: World) -> Draft:
    draft = world.approved()
    return world.posting.begin(draft.id, by=world.agent, now=NOW, version=1).draft


def uncertain(world: World) -> Draft:
    draft = world.approved()
    world.door.raises = PublishUncertain("the answer was lost")
    publish_next(world.publishing())
    world.door.raises = None
    return world.stored(draft.id)


def test_a_person_posts_and_marks_it_posted(world: World) -> None:
    draft = world.approved()
    hand = world.posting.begin(draft.id, by=world.agent, now=NOW, version=1)
    assert (hand.text, hand.url) == (draft.text, "https://social.example/p1")
    assert publish_next(world.publishing()) is None
    after = world.posting.posted(draft.id, f" {LINK} ", by=world.agent, now=NOW)
    assert after.state is ReplyState.SENT
    with world.database.read() as unit:
        publication = store.live_publication(unit, draft.id)
        target = store.target_of(unit, draft.mention_id)
    assert publication is not None
    assert (publication.state, publication.url, publication.claimed_by) == (PublicationState.SENT, LINK, "agent")
    assert target.handling == "answered"
    assert world.actions()[-2:] == ["reply.claimed", "reply.sent"]


def test_only_one_takes_it(world: World) -> None:
    draft = begun(world)
    with pytest.raises(IllegalMove):
        world.posting.begin(draft.id, by=world.approver, now=NOW, version=1)


def test_nobody_else_says_what_became_of_it_but_an_approver_may(world: World) -> None:
    draft = begun(world)
    other = world.account("other", Role.AGENT)
    with pytest.raises(NotAllowed, match="agent is posting"):
        world.posting.posted(draft.id, LINK, by=other, now=NOW)
    assert world.posting.posted(draft.id, LINK, by=world.approver, now=NOW).state is ReplyState.SENT


def test_a_restarting_publisher_does_not_touch_what_a_person_is_posting(world: World) -> None:
    draft = begun(world)
    assert world.publishing().recover() == []
    assert world.stored(draft.id).state is ReplyState.SENDING


def test_not_posted_means_another_try(world: World) -> None:
    draft = begun(world)
    with pytest.raises(Unusable, match="what you saw"):
        world.posting.not_posted(draft.id, " ", by=world.agent, now=NOW)
    after = world.posting.not_posted(draft.id, "the site was down", by=world.agent, now=NOW)
    assert (after.state, after.note) == (ReplyState.APPROVED, "agent: the site was down")
    assert world.posting.begin(draft.id, by=world.agent, now=NOW, version=1).draft.state is ReplyState.SENDING


@pytest.mark.parametrize(
    "link", ["", "our answer", "javascript:alert(1)", "https://", "http://[", "https://a b", "x" * 3000]
)
def test_a_link_that_is_none(world: World, link: str) -> None:
    draft = begun(world)
    with pytest.raises(Unusable, match="https://"):
        world.posting.posted(draft.id, link, by=world.agent, now=NOW)
    assert world.stored(draft.id).state is ReplyState.SENDING


def test_the_same_re_check_as_for_every_door(world: World) -> None:
    draft = world.approved()
    world.stop_sending()
    with pytest.raises(IllegalMove, match="crisis"):
        world.posting.begin(draft.id, by=world.agent, now=NOW, version=1)
    world.stop_sending(on=False)
    world.checker.says = Checked(policy="policy-2")
    with pytest.raises(IllegalMove, match="policy-2"):
        world.posting.begin(draft.id, by=world.agent, now=NOW, version=1)
    world.checker.down = True
    with pytest.raises(IllegalMove, match="cannot run"):
        world.posting.begin(draft.id, by=world.agent, now=NOW, version=1)
    assert world.stored(draft.id).state is ReplyState.APPROVED


def test_a_draft_is_not_posted_by_hand(world: World) -> None:
    draft = world.draft()
    with pytest.raises(IllegalMove, match="reply 1 is draft"):
        world.posting.begin(draft.id, by=world.agent, now=NOW, version=1)
    with pytest.raises(StaleDraft):
        world.posting.begin(draft.id, by=world.agent, now=NOW, version=2)
    with pytest.raises(IllegalMove, match="nobody is posting"):
        world.posting.posted(draft.id, LINK, by=world.agent, now=NOW)


def test_what_the_publisher_sends_is_not_a_persons_to_record(world: World) -> None:
    draft = world.approved()
    world.publishing()._claim(world.stored(draft.id), world.door)
    with pytest.raises(IllegalMove, match="with the publisher"):
        world.posting.not_posted(draft.id, "looked", by=world.admin, now=NOW)


@pytest.mark.parametrize("name", ["viewer", "agent"])
def test_settling_needs_an_approver(world: World, name: str) -> None:
    draft = uncertain(world)
    by: Account = getattr(world, name)
    with pytest.raises(NotAllowed):
        world.posting.settle(draft.id, sent=True, by=by, now=NOW, why="seen")


def test_settled_as_sent(world: World) -> None:
    draft = uncertain(world)
    after = world.posting.settle(draft.id, sent=True, by=world.approver, now=NOW, why="it is there", url=LINK)
    assert (after.state, after.note) == (ReplyState.SENT, "approver: it is there")
    with world.database.read() as unit:
        publication = store.live_publication(unit, draft.id)
    assert publication is not None
    assert (publication.state, publication.url) == (PublicationState.SENT, LINK)
    assert world.actions()[-1] == "reply.settled"


def test_settled_as_not_sent_goes_out_once_more(world: World) -> None:
    draft = uncertain(world)
    with pytest.raises(IllegalMove, match="may still be on its way"):
        world.posting.settle(draft.id, sent=False, by=world.approver, now=NOW, why="not there")
    world.now = NOW + SETTLE_AFTER + timedelta(seconds=1)
    after = world.posting.settle(draft.id, sent=False, by=world.approver, now=world.now, why="not there")
    assert after.state is ReplyState.APPROVED
    outcome = publish_next(world.publishing())
    assert outcome is not None
    assert outcome.result is Result.SENT
    assert len(world.door.sent) == 2


def test_only_an_uncertain_reply_is_settled(world: World) -> None:
    draft = world.approved()
    with pytest.raises(IllegalMove, match="nothing to settle"):
        world.posting.settle(draft.id, sent=True, by=world.admin, now=NOW, why="seen")
