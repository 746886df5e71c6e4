"""A real checkpoint of the hub's format, tiny and random, made here; runs where torch is installed."""

import json
import shutil
from itertools import pairwise
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed; it is needed for models of the hub only")

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertForSequenceClassification, BertModel, PreTrainedTokenizerFast

from classifiers.assess import Assessor
from classifiers.hub import HubChoice, checksum, load
from classifiers.label_map import Head, LabelMap
from classifiers.outside import OutsideHead
from classifiers.types import ModelUnavailable

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ("the bill came twice and nobody answers thank you so much for help my order is late @ user http . , !").split()  # noqa: SIM905 - a sentence is easier to read than a list
PIECES = [
    *SPECIAL,
    *WORDS,
    *"abcdefghijklmnopqrstuvwxyz[]",
    *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"),
]
LABELS = {"BAD": "negative", "SO-SO": "neutral", "GOOD": "positive"}
POSITIONS = 34
WINDOW = POSITIONS - 2
TEXT = "The bill came twice, and nobody answers!"


def tokenizer() -> PreTrainedTokenizerFast:
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(PIECES))}
    own = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    own.normalizer = BertNormalizer(lowercase=True)
    own.pre_tokenizer = BertPreTokenizer()
    own.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return PreTrainedTokenizerFast(
        tokenizer_object=own,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


def config(**more: object) -> BertConfig:
    torch.manual_seed(7)
    return BertConfig(
        vocab_size=len(dict.fromkeys(PIECES)),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=POSITIONS,
        initializer_range=0.8,
        id2label=dict(enumerate(LABELS)),
        label2id={label: place for place, label in enumerate(LABELS)},
        **more,
    )


def saved(folder: Path, model: BertModel | BertForSequenceClassification) -> Path:
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("hub") / "tiny", BertForSequenceClassification(config()))


@pytest.fixture(autouse=True)
def _nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)


def choice(folder: Path, labels: dict[str, str] | None = None, *, sure: float = 0.5) -> HubChoice:
    return HubChoice(
        name=str(folder),
        revision=checksum(folder)[:16],
        labels=LabelMap.of(Head.SENTIMENT, LABELS if labels is None else labels),
        languages=frozenset({"en"}),
        sure=sure,
    )


def other(folder: Path, target: Path, **changes: object) -> Path:
    shutil.copytree(folder, target)
    written = json.loads((target / "config.json").read_text(encoding="utf-8"))
    (target / "config.json").write_text(json.dumps({**written, **changes}), encoding="utf-8")
    return target


def test_scores_are_those_of_the_checkpoint(folder: Path) -> None:
    (answer,) = OutsideHead(choice(folder)).answers([TEXT])
    model, words = BertForSequenceClassification.from_pretrained(folder).eval(), tokenizer()
    with torch.inference_mode():
        expected = model(**words(TEXT, return_tensors="pt")).logits[0].softmax(-1).tolist()
    assert answer is not None
    assert list(answer.scores.values()) == pytest.approx(expected, abs=1e-6)
    assert list(answer.scores) == ["negative", "neutral", "positive"]


def test_scores_are_the_same_alone_and_in_any_company(folder: Path) -> None:
    head = OutsideHead(choice(folder))
    texts = [TEXT, "help", "thank you " * 40, "", "عربي", "my order is late " * 7]
    together = head.answers(texts)
    assert [head.answers([text])[0] for text in texts] == together
    assert head.answers(texts[::-1]) == together[::-1]


def test_the_whole_of_a_long_text_is_read(folder: Path) -> None:
    model = load(choice(folder))
    words = [WORDS[place % 17] for place in range(400)]
    parts = model.windows(" ".join(words))
    read = [part.inputs["input_ids"][1:-1] for part in parts]
    assert all(part.length <= WINDOW for part in parts)
    own = tokenizer()
    expected = own.convert_tokens_to_ids(words)
    found = list(read[0])
    for before, after in pairwise(read):
        overlap = WINDOW // 4
        assert before[-overlap:] == after[:overlap]
        found += after[overlap:]
    assert found == expected
    head = OutsideHead(choice(folder))
    calm = "thank you so much for help " * 60
    first, second = head.answers([calm, calm + TEXT])
    assert first is not None
    assert second is not None
    assert first.whole
    assert second.whole
    assert first.scores != second.scores


def test_a_megabyte_has_an_answer_that_is_not_read_in_full(folder: Path) -> None:
    (answer,) = OutsideHead(choice(folder)).answers(["the bill " * 110_000])
    assert answer is not None
    assert not answer.whole


def test_special_words_in_a_text_are_plain_words(folder: Path) -> None:
    model = load(choice(folder))
    (part,) = model.windows("the [SEP] bill [CLS]")
    ids = part.inputs["input_ids"]
    assert (ids.count(2), ids.count(3)) == (1, 1)


@pytest.mark.parametrize(
    "text",
    ["", "\ud83d", "\x00", "🙂" * 50, "x" * 5000, "الخدمة"],
    ids=["empty", "surrogate", "nul", "emoji", "one-word", "unknown"],
)
def test_odd_texts_have_an_answer(folder: Path, text: str) -> None:
    (answer,) = OutsideHead(choice(folder)).answers([text])
    assert answer is not None


def test_the_assessment_is_of_the_usual_form(folder: Path) -> None:
    own = Assessor().assess([TEXT])[0]
    chosen = choice(folder, sure=0.01)
    found = Assessor(outside=[OutsideHead(chosen)]).assess([TEXT])[0]
    (answer,) = OutsideHead(chosen).answers([TEXT])
    assert answer is not None
    assert (found.sentiment.label.value, found.sentiment.score) == (answer.label, answer.scores[answer.label])
    assert found.sentiment.sure
    assert (found.toxicity, found.intent, found.urgency) == (own.toxicity, own.intent, own.urgency)
    assert found.model == f"{own.model}+sentiment:{folder}"
    assert found.revision == f"{own.revision}+sentiment:{chosen.revision}"


def test_labels_that_hold_each_for_itself_are_read_by_sigmoid(folder: Path, tmp_path: Path) -> None:
    several = other(folder, tmp_path / "several", problem_type="multi_label_classification")
    model = load(choice(several))
    assert not model.exclusive
    assert load(choice(folder)).exclusive


def test_a_checkpoint_without_a_trained_head_is_refused(tmp_path: Path) -> None:
    bare = saved(tmp_path / "bare", BertModel(config()))
    with pytest.raises(ModelUnavailable, match=r"its weights lack classifier\.\w+, which would be made up at random"):
        load(choice(bare))


def test_a_regression_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="it gives a number, not probabilities"):
        load(choice(other(folder, tmp_path / "number", problem_type="regression")))


def test_pickled_weights_are_refused(folder: Path, tmp_path: Path) -> None:
    pickled = other(folder, tmp_path / "pickled")
    weights = BertForSequenceClassification.from_pretrained(folder).state_dict()
    (pickled / "model.safetensors").unlink()
    torch.save(weights, pickled / "pytorch_model.bin")
    with pytest.raises(ModelUnavailable, match="see that it is a text classifier with safetensors") as caught:
        load(choice(pickled))
    assert "\n" not in str(caught.value)


def test_code_of_a_model_is_not_run(folder: Path, tmp_path: Path) -> None:
    names = {"AutoConfig": "own.Own", "AutoModelForSequenceClassification": "own.Own"}
    scheming = other(folder, tmp_path / "scheming", model_type="own", auto_map=names)
    (scheming / "own.py").write_text("import pathlib; pathlib.Path('ran').touch()\nclass Own: ...\n", encoding="utf-8")
    with pytest.raises(ModelUnavailable, match="cannot be used"):
        load(choice(scheming))
    assert not Path("ran").exists()


@pytest.mark.parametrize("broken", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_broken_file_is_one_sentence(folder: Path, tmp_path: Path, broken: str) -> None:
    damaged = other(folder, tmp_path / "damaged")
    (damaged / broken).write_bytes(b"{")
    with pytest.raises(ModelUnavailable, match="cannot be used: ") as caught:
        load(choice(damaged))
    assert "\n" not in str(caught.value)


def test_labels_of_another_model_are_named(folder: Path) -> None:
    with pytest.raises(ModelUnavailable, match='label "SO-SO" is not in the label map'):
        OutsideHead(choice(folder, {"BAD": "negative", "GOOD": "positive"})).classifier()


def hub_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubChoice:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return HubChoice(
        name="owner/model",
        revision="0" * 40,
        labels=LabelMap.of(Head.SENTIMENT, LABELS),
        languages=frozenset({"en"}),
    )


def test_a_hub_that_cannot_be_reached_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    asked: list[object] = []

    def refuse(*where: object, **_: object) -> None:
        asked.append(where)
        raise OSError("Network is unreachable")

    monkeypatch.setattr("socket.getaddrinfo", refuse)
    monkeypatch.setattr("socket.socket.connect", refuse)
    with pytest.raises(ModelUnavailable, match=r"owner/model cannot be used: the hub cannot be reached .* its folder"):
        load(hub_name(tmp_path, monkeypatch))
    assert asked


def test_offline_no_host_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelUnavailable, match="it is not in the local cache, and no host is asked now"):
        load(hub_name(tmp_path, monkeypatch), offline=True)


def test_a_model_in_the_cache_needs_no_network(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = hub_name(tmp_path, monkeypatch)
    shutil.copytree(folder, tmp_path / "models--owner--model" / "snapshots" / chosen.revision)
    assert load(chosen).labels == tuple(LABELS)
