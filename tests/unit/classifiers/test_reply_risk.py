"""Rules and encoder fused: what stops, where the marks are, and what is never a pass."""

from collections.abc import Mapping, Sequence

import pytest

from classifiers.encoder import DraftOutput, TokenRisk
from classifiers.reply_risk import Reply, ReplyJudge, assess_reply, default_rules
from classifiers.types import Category, ModelUnavailable, RiskReport

QUIET: Mapping[Category, float] = dict.fromkeys(Category, 0.05)


class FakeEncoder:
    """Says what it is told about every draft, and points at one word of it."""

    model = "fake"
    revision = "1"

    def __init__(
        self, risk: float, category: Category = Category.SARCASM, *, word: str = "", whole: bool = True
    ) -> None:
        self.risk, self.category, self.word, self.whole = risk, category, word, whole
        self.seen: list[tuple[str | None, str]] = []

    def run_drafts(self, pairs: Sequence[tuple[str | None, str]]) -> list[DraftOutput]:
        self.seen.extend(pairs)
        return [self._output(draft) for _, draft in pairs]

    def _output(self, draft: str) -> DraftOutput:
        at = max(draft.find(self.word), 0)
        tokens = (
            TokenRisk(start=0, end=at, probability=0.1),
            TokenRisk(start=at, end=at + len(self.word), probability=0.9),
        )
        categories = {**QUIET, self.category: 0.8}
        return DraftOutput(risk=self.risk, categories=categories, tokens=tokens, whole=self.whole)

    def threshold_for(self, lang: str | None) -> float:
        return 0.6 if lang else 0.7


class BrokenEncoder(FakeEncoder):
    def run_drafts(self, pairs: Sequence[tuple[str | None, str]]) -> list[DraftOutput]:
        del pairs
        raise ModelUnavailable("model.onnx is damaged; restore it")


def judged(draft: str, encoder: FakeEncoder | None = None, **more: str) -> RiskReport:
    encoder = encoder or FakeEncoder(0.01)
    return ReplyJudge(rules=default_rules(), encoder=encoder).assess([Reply(draft=draft, **more)])[0]


def test_a_plain_answer_is_no_risk() -> None:
    report = judged("The lamp comes back in May, and we write to you then.", mention="When is the lamp back?")
    assert report.findings == ()
    assert report.risk < 0.5
    assert report.complete


def test_the_encoder_alone_can_stop_a_draft_and_points_at_its_words() -> None:
    draft = "Hello Ann, marvellous timing as ever, the lamp comes in May."
    report = judged(draft, FakeEncoder(0.99, word="marvellous"))
    [finding] = report.findings
    assert (finding.rule, finding.category, finding.text) == ("model/sarcasm", Category.SARCASM, "marvellous")
    assert draft[finding.start : finding.end] == "marvellous"
    assert report.risk >= 0.5


def test_the_encoder_s_word_counts_only_from_its_floor_on() -> None:
    assert judged("Hello Ann, it comes in May.", FakeEncoder(0.88)).findings == ()


@pytest.mark.parametrize(
    "category",
    [Category.UNSAFE_LINK, Category.SHOUTING, Category.OFF_LANGUAGE, Category.PLACEHOLDER, Category.NO_EMPATHY],
)
def test_a_category_without_its_sign_in_the_text_is_no_evidence(category: Category) -> None:
    assert judged("Hello Ann, it comes in May.", FakeEncoder(0.95, category)).findings == ()


def test_rules_and_encoder_together_weigh_more_than_either() -> None:
    draft = "That is your own problem, dear Ann."
    alone = judged(draft).risk
    both = judged(draft, FakeEncoder(0.97, Category.DISMISSIVE, word="problem"))
    assert both.risk > alone
    assert [finding.rule for finding in both.findings] == ["dismissive/your-problem"]


def test_handles_before_a_reply_are_not_judged_and_spans_still_fit() -> None:
    encoder = FakeEncoder(0.99, word="marvellous")
    draft = "@ann @bob marvellous timing as ever."
    [finding] = judged(draft, encoder, mention="@brand where is it?").findings
    assert encoder.seen == [("where is it?", "marvellous timing as ever.")]
    assert draft[finding.start : finding.end] == "marvellous"


@pytest.mark.parametrize(
    "draft",
    [
        "You are such an idi\u200bot, Ann.",
        "You are such an ｉｄｉｏｔ, Ann.",
        "You are such an idiiiiiot, Ann.",
        "You are such an іdіоt, Ann.",
        "You are such an i d i o t, Ann.",
        "<b>You</b> are such an id&#105;ot, Ann.",
    ],
)
def test_disguised_letters_are_seen_and_marked_in_the_original(draft: str) -> None:
    found = [finding for finding in judged(draft).findings if finding.category is Category.INSULT]
    assert found
    assert found[0].start is not None
    assert found[0].text == draft[found[0].start : found[0].end]
    assert found[0].text.endswith(("t", "ｔ"))


def test_without_a_model_the_rules_still_judge_and_the_report_says_so() -> None:
    report = assess_reply(None, "You are such an idiot, Ann.")
    assert not report.complete
    assert report.notes == ("the model is not loaded, so only the rules judged this draft",)
    assert report.findings[0].category is Category.INSULT
    assert report.model == "rules"


def test_a_model_that_fails_leaves_the_report_incomplete_and_names_the_reason() -> None:
    report = judged("It comes in May.", BrokenEncoder(0.0))
    assert not report.complete
    assert report.notes == ("model.onnx is damaged; restore it",)


def test_a_draft_read_in_part_needs_a_person() -> None:
    assert not judged("It comes in May.", FakeEncoder(0.01, whole=False)).complete


@pytest.mark.parametrize("draft", ["", "   \n", "\u200b\u200b", "👍👍", "…"])
def test_a_draft_without_words_is_a_finding(draft: str) -> None:
    report = judged(draft)
    assert [finding.rule for finding in report.findings] == ["unanswered/empty"]
    assert report.risk >= 0.5


def test_a_very_long_draft_is_read_in_part_and_says_so() -> None:
    report = judged("It comes in May. " * 2000)
    assert not report.complete
    assert "only the first 10,000 characters" in report.notes[0]


def test_hidden_direction_marks_are_told() -> None:
    report = judged("It comes \u202eyaM ni\u202c, Ann.")
    assert not report.complete
    assert "hidden direction marks" in report.notes[0]


def test_html_in_a_draft_is_told() -> None:
    assert "holds HTML" in judged("It comes in <b>May</b>, Ann.").notes[0]
    assert judged("We <3 that it comes in May, Ann.").notes == ()


def test_a_mention_in_a_language_nobody_measured_needs_a_person() -> None:
    report = judged(
        "The lamp comes in May.", mention="Wann kommt die Lampe endlich wieder in den Laden zurück, bitte schön?"
    )
    assert not report.complete
    assert '"de"' in report.notes[0]


def test_an_answer_in_a_fifth_language_is_off_language() -> None:
    report = judged(
        "Vielen Dank für Ihre freundliche Nachricht, die Lampe kommt im Mai wieder.", mention="When is the lamp back?"
    )
    assert "off-language/other-language" in {finding.rule for finding in report.findings}


def test_a_missing_mention_does_not_matter_to_what_is_said() -> None:
    assert judged("You are such an idiot, Ann.").findings[0].category is Category.INSULT


@pytest.mark.parametrize(("say", "letter"), [("ru", "О"), ("uk", "О"), ("ar", "ي"), ("en", "C")])
def test_reasons_come_in_the_reader_s_language(say: str, letter: str) -> None:
    report = assess_reply(None, "You are such an idiot, Ann.", say=say)
    assert report.findings[0].why.startswith(letter)


def test_answers_keep_the_order_of_their_drafts() -> None:
    judge = ReplyJudge(rules=default_rules(), encoder=FakeEncoder(0.01))
    reports = judge.assess(
        [Reply(draft="It comes in May."), Reply(draft="You are such an idiot."), Reply(draft="Yes.")]
    )
    assert [bool(report.findings) for report in reports] == [False, True, False]


def test_no_drafts_give_no_reports() -> None:
    assert ReplyJudge(rules=default_rules(), encoder=FakeEncoder(0.01)).assess([]) == []
