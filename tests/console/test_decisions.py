"""Every decision can be clicked, and does in the database what its words say."""

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from classifiers.types import ModelUnavailable
from monitor.mention import Handling, Lane, MentionId, SourceName
from monitor.storage import claims, queries, stored
from monitor.storage import sources as source_rows
from monitor.storage.stored import StoredMention
from monitor.storage.switches import STOP_SENDING, is_on
from responders import store
from responders.accounts import Role
from responders.console import context, editor
from responders.reply import Draft, ReplyState
from tests.console.clicking import Desk, click, html_of


def plain_of(value: str) -> str:
    return value.replace("\\", "")


def state_of(desk: Desk, name: str) -> Draft:
    with desk.database.read() as unit:
        return store.draft_of(unit, desk.world.replies[name].id)


def mention_of(desk: Desk, name: str) -> StoredMention:
    with desk.database.read() as unit:
        mention = stored.get(unit, desk.world.mentions[name])
    assert mention is not None
    return mention


def framed(at: AppTest) -> int:
    """The mention that the keys would act on."""
    (mention,) = re.findall(r'class="tf-selected" data-tf-mention="(\d+)"', html_of(at))
    return int(mention)


def close(desk: Desk, mention: int) -> None:
    """What a colleague does meanwhile."""
    with desk.database.write() as unit:
        assert claims.close(unit, MentionId(mention), "lead", context.now(), audit=context.console().audit)


class TestInbox:
    def test_claim_and_give_back(self, desk: Desk) -> None:
        desk.sign_in("agent")
        number = desk.world.mentions["en-fire"]
        at = click(desk.open(), f"claim-{number}")
        assert mention_of(desk, "en-fire").claimed_by == "agent"
        assert at.success[0].value == "Claimed\\."
        click(at, f"release-{number}")
        assert mention_of(desk, "en-fire").claimed_by is None

    def test_close_with_a_reason_and_reopen(self, desk: Desk) -> None:
        desk.sign_in("agent")
        number = desk.world.mentions["en-unsure"]
        at = click(desk.open(), f"close-{number}")
        at.radio(key="close-reason").set_value("not-ours")
        click(at, "close-now")
        assert mention_of(desk, "en-unsure").handling is Handling.CLOSED
        with desk.database.read() as unit:
            entry = queries.audit_page(unit, subject=f"mention:{number}").rows[0]
        assert "not-ours" in entry.details
        at = desk.open(handling="closed")
        click(at, f"reopen-{number}")
        assert mention_of(desk, "en-unsure").handling is Handling.OPEN

    def test_the_frame_stays_with_its_mention_while_lines_come_and_go(self, desk: Desk) -> None:
        desk.sign_in("agent")
        at = desk.open()
        assert framed(at) == desk.world.mentions["en-fire"]
        second = framed(click(at, "inbox-down"))
        third = framed(click(at, "inbox-down"))
        assert framed(click(at, "inbox-up")) == second
        close(desk, desk.world.mentions["en-fire"])
        assert framed(at.run()) == second, "it would have slipped to the next one"
        close(desk, second)
        assert framed(at.run()) == third, "what took the place of one that is gone"

    def test_closing_shows_which_mention_it_closes(self, desk: Desk) -> None:
        desk.sign_in("agent")
        at = click(desk.open(), f"close-{desk.world.mentions['uk-fraud']}")
        (shown,) = [element.proto.body for element in at.get("html") if "data-tf-closing" in element.proto.body]
        assert "sosna_3" in shown
        assert "harbour_light" not in shown

    def test_somebody_elses_claim_is_not_offered(self, desk: Desk) -> None:
        number = desk.world.mentions["en-fire"]
        desk.sign_in("lead")
        click(desk.open(), f"claim-{number}")
        desk.sign_in("agent")
        at = desk.open()
        keys = {button.key for button in at.button}
        assert f"release-{number}" not in keys
        assert f"close-{number}" not in keys
        assert "claimed by lead" in html_of(at)

    def test_viewers_may_only_look(self, desk: Desk) -> None:
        desk.sign_in("view")
        keys = {button.key for button in desk.open().button}
        number = desk.world.mentions["en-fire"]
        assert f"open-{number}" in keys
        assert not {f"claim-{number}", f"close-{number}"} & keys

    def test_a_role_taken_away_meanwhile_counts_at_the_click(self, desk: Desk) -> None:
        desk.sign_in("agent")
        at = desk.open()
        context.console().accounts.set_role("agent", Role.VIEWER, context.now(), by=None)
        at.button(key=f"claim-{desk.world.mentions['en-fire']}").click().run()
        assert mention_of(desk, "en-fire").claimed_by is None

    def test_filters_live_in_the_address(self, desk: Desk) -> None:
        desk.sign_in("agent")
        at = desk.open(lang="uk", urgent="1")
        assert "sosna_3" in html_of(at)
        assert "harbour_light" not in html_of(at)
        at.selectbox(key="inbox-lang").set_value("en").run()
        assert at.query_params["lang"] == "en"
        assert "harbour_light" in html_of(at)
        click(at, "inbox-clear")
        assert "lang" not in at.query_params

    def test_what_an_address_says_wrongly_is_left_out(self, desk: Desk) -> None:
        desk.sign_in("agent")
        at = desk.open(intent="<script>", order="sideways", after="x~y", handling="nowhere", sentiment="blue")
        assert not at.exception
        assert "harbour_light" in html_of(at)

    def test_search_finds_folded_words(self, desk: Desk) -> None:
        desk.sign_in("agent")
        at = desk.open(q="ЧЕРНІВЦІВ")
        assert "lypovyi_tsvit" in html_of(at)
        assert "harbour_light" not in html_of(at)

    def test_pages_follow_by_key_and_lead_back(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("responders.console.inbox.PAGE", 5)
        desk.sign_in("agent")
        at = desk.open()
        first = html_of(at)
        click(at, "inbox-next")
        second = html_of(at)
        assert "harbour_light" in first
        assert "harbour_light" not in second
        click(at, "inbox-previous")
        assert "harbour_light" in html_of(at)

    def test_not_sure_and_not_judged_are_said(self, desk: Desk) -> None:
        desk.sign_in("agent")
        html = html_of(desk.open())
        assert "other? not sure" in html
        assert "not judged: needs a person" in html

    def test_hostile_text_is_only_text(self, desk: Desk) -> None:
        desk.sign_in("agent")
        html = html_of(desk.open(q="gpj"))
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
        assert "<script>alert" not in html
        assert "<img" not in html
        assert 'href="javascript' not in html
        assert "\u202e" not in html
        assert "Hidden characters: 3" in html

    def test_hidden_characters_are_shown_on_demand(self, desk: Desk) -> None:
        desk.sign_in("agent")
        at = desk.open(q="gpj")
        at.toggle(key="reveal-hidden").set_value(True).run()
        assert "U+202E" in html_of(at)
        assert "RIGHT-TO-LEFT OVERRIDE" in html_of(at)


class TestDesk:
    def test_an_address_without_a_mention_leads_to_the_inbox(self, desk: Desk) -> None:
        desk.sign_in("agent")
        assert "Choose a mention" in desk.open("reply").info[0].value
        assert "no such mention" in desk.open("reply", mention=999).warning[0].value

    def test_thread_lane_and_history_are_shown(self, desk: Desk) -> None:
        desk.sign_in("lead")
        html = html_of(desk.open("reply", mention=desk.world.mentions["root-1-b"]))
        assert html.index("work offline?") < html.index("Still waiting")
        assert "our reply" in html
        assert "it works offline since version 4" in html

    def test_words_are_saved_as_they_are_typed_checked_and_submitted(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        desk.sign_in("agent")
        mention = desk.world.mentions["en-fire"]
        words = ["Please unplug it. That is your fault."]
        monkeypatch.setattr(editor, "typed", lambda **_: words[-1])
        at = desk.open("reply", mention=mention)
        with desk.database.read() as unit:
            draft = store.open_reply(unit, mention, "agent")
        assert draft is not None
        assert draft.text == words[-1]
        assert "puts the blame on the customer" in html_of(at)
        words.append("Please unplug it. We are on our way.")
        at.run()
        with desk.database.read() as unit:
            versions = store.versions(unit, draft.id)
        assert [version.text for version in versions] == words
        assert "nothing risky" in html_of(at)
        click(at, f"submit-{mention}")
        with desk.database.read() as unit:
            assert store.draft_of(unit, draft.id).state is ReplyState.IN_REVIEW
        click(at, f"withdraw-{mention}")
        with desk.database.read() as unit:
            assert store.draft_of(unit, draft.id).state is ReplyState.DRAFT

    def test_a_newer_text_is_not_overwritten(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        desk.sign_in("agent")
        mention = desk.world.mentions["en-fire"]
        words = ["Ours, first."]
        monkeypatch.setattr(editor, "typed", lambda **_: words[-1])
        at = desk.open("reply", mention=mention)
        console = context.console()
        with desk.database.read() as unit:
            draft = store.open_reply(unit, mention, "agent")
        monkeypatch.setattr("responders.console.pen.look_up", lambda *_: None)
        author = console.accounts.everyone()[1]
        console.review.save_draft(draft.id, "From another tab.", by=author, now=context.now(), version=draft.version)
        words.append("Ours, second.")
        at.run()
        with desk.database.read() as unit:
            assert store.draft_of(unit, draft.id).text == "From another tab."
        assert "was changed meanwhile" in at.error[0].value.replace("\\", "")
        words.append("Ours, second, and typed on.")
        click(at, f"mine-{mention}")
        with desk.database.read() as unit:
            assert store.draft_of(unit, draft.id).text == "Ours, second, and typed on."

    def test_a_template_begins_a_reply(self, desk: Desk) -> None:
        desk.sign_in("agent")
        mention = desk.world.mentions["root-1-b"]
        click(desk.open("reply", mention=mention), f"use-template-{mention}")
        with desk.database.read() as unit:
            draft = store.open_reply(unit, mention, "agent")
        assert draft is not None
        assert draft.template
        assert draft.text

    def test_lane_and_door_can_be_switched(self, desk: Desk) -> None:
        desk.sign_in("agent")
        mention = desk.world.mentions["ar-broken"]
        at = desk.open("reply", mention=mention)
        at.segmented_control[0].set_value(Lane.FLOW).run()
        at.selectbox[[box.label for box in at.selectbox].index("Goes out through")].set_value("by_hand").run()
        assert not at.exception
        with desk.database.read() as unit:
            draft = store.open_reply(unit, mention, "agent")
        assert draft is not None
        assert (draft.lane, draft.door) == (Lane.FLOW, "by_hand")

    def test_the_check_that_cannot_run_says_needs_a_person(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_args: object, **_keywords: object) -> None:
            raise ModelUnavailable("the model file is damaged")

        context.console().checker._checker = type("Broken", (), {"check": staticmethod(fail)})()
        monkeypatch.setattr(editor, "typed", lambda **_: "Good morning")
        desk.sign_in("agent")
        at = desk.open("reply", mention=desk.world.mentions["en-fire"])
        assert "needs a person" in at.warning[0].value
        assert "nothing risky" not in html_of(at)

    def test_a_note_of_the_reviewer_is_shown(self, desk: Desk) -> None:
        desk.sign_in("agent")
        html = html_of(desk.open("reply", mention=desk.world.mentions["ar-broken"]))
        assert "Please say what happens next" in html


class TestReview:
    def test_approve(self, desk: Desk) -> None:
        desk.sign_in("lead")
        at = click(desk.open("review"), f"approve-{desk.world.replies['queue'].id}")
        assert state_of(desk, "queue").state is ReplyState.APPROVED
        assert at.success[0].value == "Approved; it may go out now\\."

    def test_a_text_that_needs_two_waits_for_the_second_yes(self, desk: Desk) -> None:
        draft = desk.world.replies["queue"]
        with desk.database.write() as unit:
            unit.exec_driver_sql("UPDATE replies SET approvals_needed = 2, hold_seconds = 300")
        desk.sign_in("lead")
        at = click(desk.open("review"), f"approve-{draft.id}")
        assert state_of(desk, "queue").state is ReplyState.IN_REVIEW
        assert "one more person" in at.success[0].value
        assert any("Approvals: 1 of 2 (lead)" in plain_of(caption.value) for caption in at.caption)
        assert f"approve-{draft.id}" not in {button.key for button in at.button}
        desk.sign_in("admin")
        click(desk.open("review"), f"approve-{draft.id}")
        assert state_of(desk, "queue").state is ReplyState.APPROVED
        assert any("held until" in caption.value for caption in desk.open("review", show="approved").caption)

    @pytest.mark.parametrize(("button", "after"), [("back", ReplyState.DRAFT), ("reject", ReplyState.REJECTED)])
    def test_send_back_and_reject_want_a_note(self, desk: Desk, button: str, after: ReplyState) -> None:
        desk.sign_in("lead")
        draft = desk.world.replies["queue"]
        at = click(desk.open("review"), f"{button}-{draft.id}")
        assert state_of(desk, "queue").state is ReplyState.IN_REVIEW
        assert "say why" in at.warning[0].value
        at.text_input(key=f"note-{draft.id}-{draft.version}").set_value("Name a day, please.")
        click(at, f"{button}-{draft.id}")
        assert state_of(desk, "queue").state is after
        assert "Name a day" in (state_of(desk, "queue").note or "")

    def test_own_words_cannot_be_approved(self, desk: Desk) -> None:
        context.console().accounts.set_role("agent", Role.APPROVER, context.now(), by=None)
        desk.sign_in("agent")
        at = desk.open("review")
        keys = {button.key for button in at.button}
        assert f"approve-{desk.world.replies['queue'].id}" not in keys
        assert any("You wrote this" in caption.value for caption in at.caption)

    def test_a_blocked_text_can_only_be_overridden_by_an_administrator_with_a_reason(self, desk: Desk) -> None:
        draft = desk.world.replies["blocked"]
        desk.sign_in("lead")
        at = desk.open("review")
        assert f"approve-{draft.id}" not in {button.key for button in at.button}
        assert any("blocks this text" in caption.value for caption in at.caption)
        desk.sign_in("admin")
        at = desk.open("review")
        click(at, f"approve-{draft.id}")
        assert state_of(desk, "blocked").state is ReplyState.IN_REVIEW
        assert "give a reason" in at.error[0].value
        at.text_input(key=f"override-{draft.id}-{draft.version}").set_value("Quoted from the customer.").run()
        click(at, f"approve-{draft.id}")
        assert state_of(desk, "blocked").state is ReplyState.APPROVED

    def test_after_an_administrators_reason_a_second_person_may_approve_a_blocked_text(self, desk: Desk) -> None:
        draft = desk.world.replies["blocked"]
        with desk.database.write() as unit:
            unit.exec_driver_sql("UPDATE replies SET approvals_needed = 2")
        desk.sign_in("admin")
        at = desk.open("review")
        at.text_input(key=f"override-{draft.id}-{draft.version}").set_value("Quoted from the customer.").run()
        click(at, f"approve-{draft.id}")
        assert state_of(desk, "blocked").state is ReplyState.IN_REVIEW
        desk.sign_in("lead")
        at = desk.open("review")
        assert any("Quoted from the customer" in caption.value for caption in at.caption)
        click(at, f"approve-{draft.id}")
        assert state_of(desk, "blocked").state is ReplyState.APPROVED

    def test_marks_and_differences_are_shown(self, desk: Desk) -> None:
        desk.sign_in("lead")
        html = html_of(desk.open("review"))
        assert '<mark class="tf-block"' in html
        assert "<ins>" in html
        assert "Changes since version 1" in html

    def test_take_back_an_approved_reply(self, desk: Desk) -> None:
        desk.sign_in("lead")
        at = desk.open("review", show="approved")
        click(at, f"take-back-{desk.world.replies['approved'].id}")
        assert state_of(desk, "approved").state is ReplyState.DRAFT

    def test_post_by_hand(self, desk: Desk) -> None:
        desk.sign_in("agent")
        draft = desk.world.replies["by_hand"]
        at = click(desk.open("review", show="approved"), f"begin-{draft.id}")
        assert state_of(desk, "by_hand").state is ReplyState.SENDING
        assert at.code[0].value == draft.text
        at.text_input(key=f"link-{draft.id}").set_value("not a link")
        click(at, f"posted-{draft.id}")
        assert state_of(desk, "by_hand").state is ReplyState.SENDING
        at.text_input(key=f"link-{draft.id}").set_value("https://forum.example/reply-1")
        click(at, f"posted-{draft.id}")
        assert state_of(desk, "by_hand").state is ReplyState.SENT
        assert mention_of(desk, "en-praise").handling is Handling.ANSWERED

    def test_what_was_not_posted_is_approved_again(self, desk: Desk) -> None:
        desk.sign_in("agent")
        draft = desk.world.replies["by_hand"]
        at = click(desk.open("review", show="approved"), f"begin-{draft.id}")
        at.text_input(key=f"why-not-{draft.id}").set_value("The thread is locked.")
        click(at, f"not-posted-{draft.id}")
        assert state_of(desk, "by_hand").state is ReplyState.APPROVED

    @pytest.mark.parametrize(("key", "after"), [("was-sent", ReplyState.SENT), ("was-not-sent", ReplyState.APPROVED)])
    def test_a_person_settles_a_doubt(self, desk: Desk, key: str, after: ReplyState) -> None:
        desk.sign_in("lead")
        draft = desk.world.replies["uncertain"]
        at = desk.open("review", show="uncertain")
        at.text_input(key=f"seen-{draft.id}").set_value("I looked at the thread.")
        click(at, f"{key}-{draft.id}")
        assert state_of(desk, "uncertain").state is after

    def test_agents_may_not_settle(self, desk: Desk) -> None:
        desk.sign_in("agent")
        at = desk.open("review", show="uncertain")
        assert f"was-sent-{desk.world.replies['uncertain'].id}" not in {button.key for button in at.button}


class TestControl:
    def test_stop_and_resume_sending(self, desk: Desk) -> None:
        desk.sign_in("agent")
        at = desk.open()
        at.text_input(key="stop-reason").set_value("a wrong price in every template")
        click(at, "stop-sending")
        with desk.database.read() as unit:
            assert is_on(unit, STOP_SENDING)
        assert "a wrong price" in at.warning[0].value
        assert "resume-sending" not in {button.key for button in at.button}
        desk.sign_in("lead")
        click(desk.open(), "resume-sending")
        with desk.database.read() as unit:
            assert not is_on(unit, STOP_SENDING)

    def test_run_a_source_now(self, desk: Desk) -> None:
        desk.sign_in("agent")
        before = context.now()
        click(desk.open("sources"), "run-reddit-search")
        with desk.database.read() as unit:
            row = next(row for row in queries.source_rows(unit) if row.name == "reddit-search")
        assert row.next_run_at is not None
        assert before <= row.next_run_at <= context.now()

    def test_what_was_imported_has_no_next_run(self, desk: Desk) -> None:
        now = context.now()
        with desk.database.write() as unit:
            source_rows.record_success(
                unit, SourceName("import"), now=now, next_run_at=now, seen=3, added=3, kind="import"
            )
        desk.sign_in("agent")
        at = desk.open("sources")
        assert "Seen 3, new 3" in html_of(at)
        keys = [button.key for button in at.button]
        assert "run-reddit-search" in keys
        assert "run-import" not in keys

    def test_sources_and_alerts_say_how_they_are(self, desk: Desk) -> None:
        desk.sign_in("view")
        html = html_of(desk.open("sources"))
        for words in ("not approved yet", "What to do", "delivered", "given up after", "the post has no text"):
            assert words in html

    def test_an_alert_is_stacked_with_labels_and_says_its_time_once(self, desk: Desk) -> None:
        desk.sign_in("view")
        html = html_of(desk.open("sources"))
        rows = [row for row in re.findall(r"<tr>.*?</tr>", html) if "?mention=" in row]
        assert len(rows) == 3
        for row in rows:
            labels = re.findall(r'data-label="(\w+)"', row)
            assert labels == ["Alert", "About", "Why", "Time"]
            assert len(re.findall(r"\d\d:\d\d", row)) == 1
            assert ("next try" in row) is ("not delivered yet" in row)
            assert len(re.findall('class="tf-whole"', row)) == 2

    def test_verify_the_log_and_find_it_broken(self, desk: Desk) -> None:
        desk.sign_in("lead")
        at = click(desk.open("audit"), "audit-verify")
        assert "The log is whole" in at.success[0].value
        with desk.database.write() as unit:
            names = unit.exec_driver_sql("SELECT name FROM sqlite_master WHERE type='trigger'").scalars().all()
            for name in names:
                unit.exec_driver_sql(f'DROP TRIGGER "{name}"')
            unit.exec_driver_sql("UPDATE audit SET actor = 'nobody' WHERE seq = 3")
        click(at, "audit-verify")
        assert "broken at entry 3" in at.error[0].value

    def test_filter_the_log_by_subject(self, desk: Desk) -> None:
        desk.sign_in("lead")
        subject = f"reply:{desk.world.replies['queue'].id}"
        html = html_of(desk.open("audit", subject=subject))
        assert subject in html
        assert "account:agent" not in html
        fingerprint = desk.world.replies["queue"].text_hash
        assert f'title="{fingerprint}"' in html
        assert f"text_hash: {fingerprint[:12]}…" in html.replace("<bdi>", "").replace("</bdi>", "")

    def test_an_entry_that_is_no_longer_readable_is_shown_as_it_is(self, desk: Desk) -> None:
        desk.sign_in("lead")
        with desk.database.write() as unit:
            names = unit.exec_driver_sql("SELECT name FROM sqlite_master WHERE type='trigger'").scalars().all()
            for name in names:
                unit.exec_driver_sql(f'DROP TRIGGER "{name}"')
            unit.exec_driver_sql("UPDATE audit SET details = '<b>gone' WHERE seq = 3")
        assert "&lt;b&gt;gone" in html_of(desk.open("audit"))

    def test_write_a_first_brand_and_never_overwrite_unasked(self, desk: Desk, tmp_path: Path) -> None:
        desk.sign_in("admin")
        at = desk.open("settings")
        at.text_input(key="setup-name").set_value("Nordlicht")
        at.text_area(key="setup-spellings").set_value("Нордлихт\nنوردليشت")
        at.text_input(key="setup-feed").set_value("https://forum.example/feed.xml").run()
        assert at.button(key="setup-write").disabled
        before = (tmp_path / "tactful.toml").read_text(encoding="utf-8")
        at.checkbox(key="setup-replace").check().run()
        click(at, "setup-write")
        written = (tmp_path / "tactful.toml").read_text(encoding="utf-8")
        assert 'name = "Nordlicht"' in written
        assert "نوردليشت" in written
        assert (tmp_path / "tactful.toml.1.bak").read_text(encoding="utf-8") == before

    def test_a_bad_query_names_its_column(self, desk: Desk) -> None:
        desk.sign_in("admin")
        at = desk.open("settings")
        at.text_input(key="setup-name").set_value("Nordlicht")
        at.text_input(key="setup-query").set_value("Nordlicht AND (").run()
        assert "column" in at.error[0].value

    def test_add_disable_and_reset_accounts(self, desk: Desk) -> None:
        desk.sign_in("admin")
        at = desk.open("accounts")
        at.text_input[0].set_value("newcomer")
        at.button[[button.label for button in at.button].index("Add an account")].click().run()
        assert not at.exception
        assert "newcomer" in {account.name for account in context.console().accounts.everyone()}
        assert len(at.code[0].value) >= 12
        click(at, "disable-newcomer")
        newcomer = next(one for one in context.console().accounts.everyone() if one.name == "newcomer")
        assert not newcomer.active
        click(at, "enable-newcomer")
        at.selectbox(key="role-newcomer").set_value("approver").run()
        click(at, "set-role-newcomer")
        newcomer = next(one for one in context.console().accounts.everyone() if one.name == "newcomer")
        assert newcomer.role is Role.APPROVER
