"""Heads that another model answers, with a made-up model in its place: no torch is needed here."""

import builtins
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from classifiers import __main__ as commands
from classifiers import hub, outside
from classifiers.assess import Assessor
from classifiers.command_line import EXIT_USAGE, run
from classifiers.hub import HubChoice, Part, checksum, load
from classifiers.label_map import Head, LabelMap
from classifiers.outside import OutsideHead, probabilities, readable, spread
from classifiers.tokens import MOST_WINDOWS
from classifiers.types import ModelUnavailable

ROOT = Path(__file__).resolve().parents[3]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
LABELS = {"NEG": "negative", "NEU": "neutral", "POS": "positive"}


def choice(name: str = "owner/model", revision: str = COMMIT, head: Head = Head.SENTIMENT, **labels: str) -> HubChoice:
    return HubChoice(
        name=name,
        revision=revision,
        labels=LabelMap.of(head, labels or LABELS),
        languages=frozenset({"en", "ru"}),
        sure=0.8,
    )


class MadeUp:
    """A model whose logits are written in the text: `2 0 1` is one window, `/` begins another."""

    def __init__(self, labels: Sequence[str] = tuple(LABELS), *, exclusive: bool = True) -> None:
        self.labels = tuple(labels)
        self.exclusive = exclusive
        self.seen: list[str] = []
        self.read = 0

    def windows(self, text: str) -> list[Part]:
        self.seen.append(text)
        if "broken" in text:
            raise RuntimeError("some tensor does not fit")
        return [Part(inputs={"input_ids": tuple(map(ord, part))}) for part in text.split("/")]

    def logits(self, part: Part) -> list[float]:
        self.read += 1
        words = "".join(map(chr, part.inputs["input_ids"])).split()
        found = [float(word) for word in words if word.strip("-").isdigit() or word == "nan"]
        return found or [5.0] + [0.0] * (len(self.labels) - 1)


def head(model: MadeUp, chosen: HubChoice | None = None) -> OutsideHead:
    return OutsideHead(chosen or choice(), lambda _: model)


def test_an_answer_is_the_softmax_of_the_logits_under_our_labels() -> None:
    (answer,) = head(MadeUp()).answers(["0 0 9"])
    assert answer is not None
    assert answer.label == "positive"
    assert answer.scores["positive"] == pytest.approx(0.99975, abs=1e-4)
    assert sum(answer.scores.values()) == pytest.approx(1.0)


def test_windows_are_averaged_by_length_but_the_worst_one_decides_toxicity() -> None:
    (mean,) = head(MadeUp()).answers(["9 0 0/0 0 9"])
    assert mean is not None
    assert mean.scores["negative"] == pytest.approx(mean.scores["positive"], abs=1e-6)
    toxic = choice(head=Head.TOXICITY, bad="toxic", good="clean")
    (worst,) = head(MadeUp(("bad", "good")), toxic).answers(["0 9/0 9/4 0/0 9"])
    assert worst is not None
    assert worst.label == "toxic"
    assert worst.scores["toxic"] == pytest.approx(0.982, abs=1e-3)


def test_a_text_of_too_many_windows_is_read_in_a_spread_and_says_so() -> None:
    model = MadeUp()
    (answer,) = head(model).answers(["/".join(["9 0 0"] * 500)])
    assert answer is not None
    assert not answer.whole
    assert model.read == MOST_WINDOWS
    parts = [Part(inputs={"input_ids": (place,)}) for place in range(500)]
    assert (spread(parts)[0], spread(parts)[-1]) == (parts[0], parts[-1])
    assert list(spread(parts[:MOST_WINDOWS])) == parts[:MOST_WINDOWS]


@pytest.mark.parametrize("text", ["broken", "nan 0 0"])
def test_a_text_that_the_model_fails_on_costs_only_itself(text: str) -> None:
    first, second = head(MadeUp()).answers([text, "9 0 0"])
    assert first is None
    assert second is not None


def test_a_model_that_cannot_be_loaded_rests_before_it_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[HubChoice] = []
    now = 1000.0
    monkeypatch.setattr(outside.time, "monotonic", lambda: now)

    def fail(chosen: HubChoice) -> MadeUp:
        tries.append(chosen)
        raise chosen.unusable("it is broken; mend it")

    lame = OutsideHead(choice(), fail)
    for _ in range(3):
        with pytest.raises(ModelUnavailable, match="the sentiment model owner/model cannot be used: it is broken; men"):
            lame.answers(["text"])
    assert len(tries) == 1
    now += outside.RETRY_SECONDS
    with pytest.raises(ModelUnavailable):
        lame.answers(["text"])
    assert len(tries) == 2


def test_whatever_loading_raises_the_model_is_unusable_by_name() -> None:
    def fail(_chosen: HubChoice) -> MadeUp:
        raise RuntimeError("libtorch.so: not an ELF file")

    with pytest.raises(ModelUnavailable, match="the sentiment model owner/model cannot be used: RuntimeError"):
        OutsideHead(choice(), fail).answers(["text"])


def test_a_label_that_is_not_mapped_makes_the_model_unusable_by_name() -> None:
    with pytest.raises(
        ModelUnavailable, match=r'owner/model cannot be used: the model.s label "MIXED" is not in the l'
    ):
        head(MadeUp((*LABELS, "MIXED"))).answers(["text"])


def test_a_text_is_read_as_our_own_encoder_reads_it() -> None:
    assert readable("@anna see https://a.example/x \x00\ud800") == "@user see http   "
    assert readable("you are an id1ot") == "you are an idiot"


def test_probabilities_do_not_overflow() -> None:
    assert probabilities([1e4, -1e4], exclusive=True) == [1.0, 0.0]
    assert probabilities([1e4, -1e4], exclusive=False) == pytest.approx([1.0, 0.0])


# ---------------------------------------------------------------- in company of our own heads


def test_the_assessment_has_its_answer_and_names_it() -> None:
    text = "Thank you, wonderful service, I am so happy!"
    own = Assessor().assess([text])[0]
    model = MadeUp()
    found = Assessor(outside=[head(model)]).assess([text + " @anna"])[0]
    assert (own.sentiment.label, found.sentiment.label) == ("positive", "negative")
    assert found.sentiment.sure
    assert found.sentiment.score == pytest.approx(0.9867, abs=1e-3)
    assert found.model == f"{own.model}+sentiment:owner/model"
    assert found.revision == f"{own.revision}+sentiment:{COMMIT}"
    assert model.seen == [text + " @user"]


def test_below_its_threshold_and_when_not_read_in_full_it_is_not_sure() -> None:
    assessor = Assessor(outside=[head(MadeUp())])
    unsure, cut = assessor.assess(["0 1 1 what", "/".join(["I like this 9 0 0"] * 100)], ["en", "en"])
    assert not unsure.sentiment.sure
    assert cut.sentiment.label == "negative"
    assert not cut.sentiment.sure


def test_other_languages_and_texts_without_words_keep_our_own_answer() -> None:
    model = MadeUp()
    texts = ["شكرا لكم، الخدمة رائعة وأنا سعيد جدا", "", "\u200b"]
    own, found = Assessor().assess(texts), Assessor(outside=[head(model)]).assess(texts)
    assert [one.sentiment for one in found] == [one.sentiment for one in own]
    assert model.seen == []
    # What judges as a whole is one name, whatever the text: scores are compared over time by it.
    assert {one.model for one in found} == {f"{own[0].model}+sentiment:owner/model"}


def test_without_it_our_own_head_answers_unsurely_and_it_is_said_once() -> None:
    def fail(chosen: HubChoice) -> MadeUp:
        raise chosen.unusable("no")

    said: list[str] = []
    texts = ["Thank you, wonderful service, I am so happy!", "شكرا لكم، الخدمة رائعة وأنا سعيد جدا"]
    own = Assessor().assess(texts)
    assessor = Assessor(outside=[OutsideHead(choice(), fail)], report=said.append)
    for _ in range(2):
        first, second = assessor.assess(texts)
    assert own[0].sentiment.sure
    assert (first.sentiment.label, first.sentiment.sure) == (own[0].sentiment.label, False)
    assert first.toxicity == own[0].toxicity
    assert (first.model, second) == (own[0].model, own[1])
    assert said == ["the sentiment model owner/model cannot be used: no"]


def test_every_head_can_be_another_and_equal_texts_are_asked_once() -> None:
    toxic, intent = MadeUp(("bad", "good")), MadeUp(("ask", "thank"))
    assessor = Assessor(
        outside=[
            head(toxic, choice(head=Head.TOXICITY, bad="toxic", good="clean")),
            head(intent, choice(head=Head.INTENT, ask="question", thank="praise")),
        ]
    )
    found = assessor.assess(["It arrived this morning."] * 3)
    assert {(one.toxicity.label.value, one.intent.label.value) for one in found} == {("toxic", "question")}
    assert len(toxic.seen) == len(intent.seen) == 1


# ---------------------------------------------------------------- pinned, or not used


@pytest.mark.parametrize(
    ("name", "revision", "says"),
    [
        ("owner/model", "", "it has no revision; name the whole commit"),
        ("owner/model", "main", 'its revision "main" is not a commit; name the whole commit'),
        ("owner/model", COMMIT[:12], "is not a commit"),
        ("./nowhere", COMMIT, "there is no such folder"),
        ("https://huggingface.co/owner/model", COMMIT, "there is no such folder"),
    ],
)
def test_what_is_not_pinned_or_not_there_is_said_before_anything_is_loaded(name: str, revision: str, says: str) -> None:
    with pytest.raises(ModelUnavailable, match=says):
        load(choice(name, revision))


def test_a_folder_is_pinned_by_the_checksum_that_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    right = checksum(tmp_path)
    for revision in ("", right[:11], "0" * 16):
        with pytest.raises(ModelUnavailable, match=f'set revision = "{right[:16]}"'):
            load(choice(str(tmp_path), revision))
    (tmp_path / "readme.md").write_text("not read", encoding="utf-8")
    assert checksum(tmp_path) == right
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    assert checksum(tmp_path) != right


@pytest.mark.parametrize("missing", ["torch", "transformers"])
def test_a_missing_package_is_one_sentence_with_the_remedy(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: object, **named: object) -> object:
        if name.split(".", maxsplit=1)[0] in (missing, "torch"):
            raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)
        return real(name, *args, **named)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModelUnavailable, match=f"{missing} is not installed; install torch by hand .* pip install '"):
        load(choice())


def test_importing_costs_neither_torch_nor_transformers() -> None:
    code = (
        "import sys, classifiers.assess; sys.exit(bool({'torch', 'transformers', 'huggingface_hub'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0


# ---------------------------------------------------------------- on the command line


def assess(*arguments: str) -> int:
    return run(lambda: commands.main(["assess", *arguments]), "classifiers")


def test_the_command_line_takes_a_model_for_a_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "OutsideHead", lambda chosen: head(MadeUp(), chosen))
    labels, texts = tmp_path / "labels.json", tmp_path / "in.ndjson"
    labels.write_text(json.dumps(LABELS), encoding="utf-8")
    texts.write_text('{"id": 1, "text": "Thank you so much, I love it"}\n', encoding="utf-8")
    arguments = ("--hub", f"sentiment=owner/model@{COMMIT}", "--label-map", str(labels), "--sure", "0.99", "--explain")
    assert assess(*arguments, str(texts)) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["sentiment"] == {"label": "negative", "score": 0.9867, "sure": False}
    assert row["model"].endswith("+sentiment:owner/model")
    assert row["revision"].endswith(COMMIT)
    assert "sentiment" not in row["explanation"]  # our own head did not answer, so its words carried nothing


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--hub", "sentiment=a/b@c"), "--hub and --label-map go together"),
        (("--hub", "urgency=a/b@c", "--label-map", "good.json"), "with a head of sentiment, toxicity, intent, not urg"),
        (("--hub", "sentiment", "--label-map", "good.json"), "--hub needs HEAD=MODEL@REVISION"),
        (("--hub", "sentiment=a/b@c", "--label-map", "none.json"), "cannot read none.json: No such file"),
        (("--hub", "sentiment=a/b@c", "--label-map", "list.json"), "must be a JSON object"),
        (("--hub", "sentiment=a/b@c", "--label-map", "bad.json"), '--label-map bad.json: "POS" cannot mean "good"'),
        (("--hub", "sentiment=a/b@main", "--label-map", "good.json"), 'its revision "main" is not a commit'),
        (("--hub", "sentiment=a/b", "--label-map", "good.json"), "it has no revision"),
        (("--sure", "0.9"), "--sure is the score of models of --hub"),
        (("--hub", "sentiment=a/b@c", "--label-map", "good.json") * 2, "one model for a head"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(
    arguments: tuple[str, ...],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in {"good": LABELS, "bad": {"POS": "good"}, "list": ["POS"]}.items():
        Path(f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    assert assess(*arguments) == EXIT_USAGE
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1


def test_the_files_that_are_read_hold_no_code_and_no_pickle() -> None:
    assert not [name for name in hub.FILES if name.endswith((".py", ".bin", ".pt", "*")) and name != "vocab.*"]
