import hashlib
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from classifiers.encoder import EMBEDDING_SIZE, WEIGHTS, Encoder, MentionOutput
from classifiers.types import Category, ModelUnavailable

TEXTS = [
    "Third parcel lost in a month, brilliant work",
    "Спасибо, быстро починили",
    "Чому не працює оплата? У всіх так",
    "وين الطلب؟ صار له أسبوع",
    "ok",
    "Long story: " + "we waited and waited at the counter, " * 60,
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load()


def figures(output: MentionOutput) -> tuple[object, ...]:
    return (output.sentiment, output.toxicity, output.intent, output.urgent, output.reason, output.embedding.tobytes())


def test_a_text_gets_the_same_digits_alone_and_in_company(encoder: Encoder) -> None:
    alone = [figures(encoder.run([text])[0]) for text in TEXTS]
    assert [figures(output) for output in encoder.run(TEXTS)] == alone
    assert [figures(output) for output in encoder.run(TEXTS[::-1])] == alone[::-1]


def test_a_draft_gets_the_same_digits_alone_and_in_company(encoder: Encoder) -> None:
    pairs = [(None, TEXTS[0]), ("Where is it?", "That is your own fault."), ("Де?", "Вибачте, вже шукаємо.")]
    assert encoder.run_drafts(pairs) == [encoder.run_drafts([pair])[0] for pair in pairs]


def test_threads_share_one_encoder(encoder: Encoder) -> None:
    expected = [figures(output) for output in encoder.run(TEXTS)]
    with ThreadPoolExecutor(max_workers=4) as pool:
        results = list(pool.map(lambda _: [figures(o) for o in encoder.run(TEXTS)], range(4)))
    assert results == [expected] * 4


def test_nothing_in_nothing_out(encoder: Encoder) -> None:
    assert encoder.run([]) == []
    assert encoder.run_drafts([]) == []


def test_the_embedding_has_unit_length_and_puts_paraphrases_together(encoder: Encoder) -> None:
    one, same, other = encoder.run(["When does the shop open?", "What are your opening hours?", "The courier was rude"])
    assert one.embedding.shape == (EMBEDDING_SIZE,)
    assert np.linalg.norm(one.embedding) == pytest.approx(1.0, abs=1e-5)
    assert one.embedding @ same.embedding > one.embedding @ other.embedding


def test_draft_tokens_point_at_the_draft_as_passed(encoder: Encoder) -> None:
    draft = "Вітаю 😀! Самі винні, читати треба було."
    output = encoder.run_drafts([("Не працює", draft)])[0]
    assert "".join(draft[t.start : t.end] for t in output.tokens) == draft
    assert all(0.0 <= t.probability <= 1.0 for t in output.tokens)
    assert set(output.categories) == set(Category)


def test_the_mention_matters_to_the_draft(encoder: Encoder) -> None:
    draft = "Have a nice day!"
    thanked, hurt = encoder.run_drafts([("Thanks, great service", draft), ("Your heater burnt my son's hand", draft)])
    assert hurt.risk > thanked.risk


def test_a_text_too_long_to_read_whole_says_so(encoder: Encoder) -> None:
    assert encoder.run(["short"])[0].whole
    assert not encoder.run(["слово " * 60_000])[0].whole


def test_every_language_has_its_threshold(encoder: Encoder) -> None:
    thresholds = [encoder.threshold_for(lang) for lang in ("ru", "uk", "ar", "en", "de", None)]
    assert all(0.0 < threshold < 1.0 for threshold in thresholds)
    assert thresholds[4] == thresholds[5]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    folder = tmp_path / "weights"
    folder.mkdir()
    for name in ("tokenizer.json", "thresholds.json"):
        shutil.copy(WEIGHTS / name, folder)
    (folder / "model.onnx").symlink_to(WEIGHTS / "model.onnx")
    return folder


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "thresholds.json"])
def test_a_missing_file_is_named_with_the_remedy(weights: Path, name: str) -> None:
    (weights / name).unlink()
    with pytest.raises(ModelUnavailable, match=rf"{name} cannot be read .*restore"):
        Encoder.open(weights)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_damaged_file_is_named_with_the_remedy(weights: Path, name: str) -> None:
    content = (weights / name).read_bytes()
    (weights / name).unlink()
    (weights / name).write_bytes(content[:-1] + b"!")
    with pytest.raises(ModelUnavailable, match=rf"{name} is damaged .*restore"):
        Encoder.open(weights)


def test_a_file_that_is_no_model_is_named_even_where_its_checksum_fits(weights: Path) -> None:
    settings = json.loads((weights / "thresholds.json").read_text())
    (weights / "model.onnx").unlink()
    (weights / "model.onnx").write_bytes(b"not a model")
    settings["files"]["model.onnx"] = hashlib.sha256(b"not a model").hexdigest()
    (weights / "thresholds.json").write_text(json.dumps(settings))
    with pytest.raises(ModelUnavailable, match=r"model.onnx cannot be run"):
        Encoder.open(weights)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"labels": {}}, "other labels"),
        ({"format": 0}, "not of format"),
        ({"heads": {}}, '"draft" is missing'),
        ({"heads": None}, "not calibrated"),
    ],
)
def test_settings_that_do_not_fit_are_refused(weights: Path, change: dict[str, object], words: str) -> None:
    path = weights / "thresholds.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ModelUnavailable, match=words):
        Encoder.open(weights)


def test_a_failed_load_is_tried_again(weights: Path) -> None:
    hidden = weights / "tokenizer.hidden"
    (weights / "tokenizer.json").rename(hidden)
    with pytest.raises(ModelUnavailable):
        Encoder.load(weights)
    hidden.rename(weights / "tokenizer.json")
    assert Encoder.load(weights) is Encoder.load(weights)
