"""Speed and memory of the judge, and of the default pipeline that people would use instead, in the same run."""

import importlib
import importlib.util
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from classifiers.assess import Assessor
from classifiers.encoder import TOKENIZER_FILE, WEIGHTS, Encoder

TEXTS: Final = (
    "Third week without an answer from support, and the parcel still says it is out for delivery. Is anybody there?",
    "Loved the new app, checkout took ten seconds",
    "Could you please move my appointment to Friday morning? The clinic's line is always busy.",
    "Заказ пришёл мятый, чек внутри чужой, курьер пожал плечами и ушёл. Как вернуть деньги?",
    "Спасибо мастеру, починил за полчаса и ничего лишнего не навязал",
    "Подскажите, есть ли доставка в выходные, если оформить сегодня вечером?",
    "Третій день не можу увійти в застосунок, код не приходить, підтримка мовчить",
    "Дуже смачна кава, дякую баристі за настрій зранку",
    "Чи можна змінити тариф без візиту до відділення? На сайті нічого про це немає",
    "الطلب وصل ناقص والمندوب قال كلموا خدمة العملاء ومحد يرد من أمس",
    "خدمة ممتازة وموظفين محترمين، شكرا لكم",
    "ممكن أعرف متى يفتح الفرع الجديد وهل فيه مواقف سيارات؟",
)
"""Short posts as they come, some 20 tokens each."""
COUNT: Final = 240
PIPELINE_COUNT: Final = 36
ROUNDS: Final = 3
_SPECIAL: Final = ("pad_token", "cls_token", "sep_token")


def bench(weights: Path | None = None) -> dict[str, object]:
    """Figures as JSON values; raises ModelUnavailable when the model cannot be used."""
    texts = [f"{TEXTS[i % len(TEXTS)]} {i}" for i in range(COUNT)]
    before = _memory()
    started = time.perf_counter()
    encoder = Encoder.load(weights)
    load = time.perf_counter() - started
    encoder.run(texts[:8])
    with_model = _memory()
    assessor = Assessor(weights)
    assessor.assess(texts[:24])
    with_language = _memory()
    rates = {"assess": 0.0, "encoder": 0.0, "pipeline": 0.0}
    classify = _pipeline(weights or WEIGHTS) if importlib.util.find_spec("torch") else None
    few = texts[:PIPELINE_COUNT]
    for _ in range(ROUNDS):  # taken in turns, the best of each: what else the machine does falls on all alike
        rates["encoder"] = max(rates["encoder"], COUNT / _seconds(lambda: encoder.run(texts)))
        rates["assess"] = max(rates["assess"], COUNT / _seconds(lambda: assessor.assess(texts)))
        if classify is not None:
            rates["pipeline"] = max(rates["pipeline"], len(few) / _seconds(lambda: [classify(text) for text in few]))
    singles = sorted(_seconds(partial(assessor.assess, [text])) for text in texts)
    found: dict[str, object] = {
        "texts": COUNT,
        "texts_per_second": round(rates["assess"], 1),
        "encoder_texts_per_second": round(rates["encoder"], 1),
        "one_text_ms": {
            "p50": round(1000 * statistics.median(singles), 2),
            "p95": round(1000 * singles[int(0.95 * COUNT)], 2),
        },
        "load_seconds": round(load, 2),
        "peak_memory_mb": {"before": before, "with_model": with_model, "with_language": with_language},
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }
    if classify is None:
        found["pipeline"] = "torch is not installed; the comparison with a transformers pipeline was left out"
        return found
    found["pipeline"] = {"shape": "XLM-R base, batch 1", "texts_per_second": round(rates["pipeline"], 1)}
    found["ratio"] = round(rates["assess"] / rates["pipeline"], 1)
    found["encoder_ratio"] = round(rates["encoder"] / rates["pipeline"], 1)
    return found


def _pipeline(weights: Path) -> Callable[[str], object]:
    """A default text-classification pipeline with random weights of XLM-R base's shape."""
    # Looked up by name: its types differ with and without torch.
    transformers = importlib.import_module("transformers")
    config = transformers.XLMRobertaConfig(
        vocab_size=250_002, hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072,
        max_position_embeddings=514, type_vocab_size=1, num_labels=3, pad_token_id=1,
    )  # fmt: skip
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(weights / TOKENIZER_FILE), **dict(zip(_SPECIAL, ("<pad>", "<s>", "</s>"), strict=True))
    )
    model = transformers.XLMRobertaForSequenceClassification(config).eval()
    classify: Callable[[str], object] = transformers.pipeline(
        "text-classification", model=model, tokenizer=tokenizer, device=-1
    )
    classify(TEXTS[0])
    return classify


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _memory() -> int:
    """Peak resident memory of this process, MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10))
