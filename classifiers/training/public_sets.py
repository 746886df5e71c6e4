"""Public sets that are learnt from, mapped to our labels where the mapping is honest.

Every set carries its licence and source, which the model card prints. A set says only what its labels say: a spam
corpus teaches what is spam and what is not, a bank's help-desk corpus that its texts are no praise and no spam.
"""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from classifiers.heads import INTENTS
from classifiers.tokens import mask_addresses
from classifiers.training.corpora import MentionExample, read_rows
from classifiers.types import Intent, Politeness, Sentiment, UrgencyReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """A public set: where it lies under the data folder, how many rows are used at most, and whose it is."""

    path: str
    cap: int
    licence: str
    source: str
    citation: str


CORPORA: Final = (
    Corpus(
        path="sentiment/goemotions.en",
        cap=15000,
        licence="CC BY 4.0 (mirror: Apache-2.0)",
        source="monologg/GoEmotions-pytorch",
        citation="Demszky et al., GoEmotions: A Dataset of Fine-Grained Emotions, ACL 2020",
    ),
    Corpus(
        path="sentiment/arsarcasm.ar",
        cap=8000,
        licence="MIT",
        source="iabufarha/ArSarcasm",
        citation="Abu Farha and Magdy, From Arabic Sentiment Analysis to Sarcasm Detection, OSACT 2020",
    ),
    Corpus(
        path="sentiment/ajgt.ar",
        cap=1600,
        licence="AFL-3.0",
        source="komari6/Arabic-twitter-corpus-AJGT",
        citation="Alomari et al., Arabic Tweets Sentimental Analysis Using Machine Learning, IEA/AIE 2017",
    ),
    Corpus(
        path="sentiment/gurbich_manual.uk",
        cap=300,
        licence="Apache-2.0",
        source="SergeyGurbich/SentimentAnalysis",
        citation="Gurbich, SentimentAnalysis (repository)",
    ),
    Corpus(
        path="sentiment/open_sentiment_corpus.ru",
        cap=5000,
        licence="CC BY-SA 3.0",
        source="yarfruct/open-sentiment-corpus",
        citation="yarfruct, open-sentiment-corpus (repository)",
    ),
    Corpus(
        path="toxicity/davidson.en",
        cap=4000,
        licence="MIT",
        source="t-davidson/hate-speech-and-offensive-language",
        citation="Davidson et al., Automated Hate Speech Detection and the Problem of Offensive Language, ICWSM 2017",
    ),
    Corpus(
        path="toxicity/gorbunova_vk.ru",
        cap=2600,
        licence="MIT",
        source="alla-g/toxicity-detection-thesis",
        citation="Gorbunova, toxicity-detection-thesis (repository)",
    ),
    Corpus(
        path="toxicity/mlma.ar",
        cap=2700,
        licence="MIT",
        source="HKUST-KnowComp/MLMA_hate_speech",
        citation="Ousidhoum et al., Multilingual and Multi-Aspect Hate Speech Analysis, EMNLP 2019",
    ),
    Corpus(
        path="toxicity/mlma.en",
        cap=1000,
        licence="MIT",
        source="HKUST-KnowComp/MLMA_hate_speech",
        citation="Ousidhoum et al., Multilingual and Multi-Aspect Hate Speech Analysis, EMNLP 2019",
    ),
    Corpus(
        path="toxicity/mpold.ar",
        cap=3600,
        licence="Apache-2.0",
        source="shammur/Arabic-Offensive-Multi-Platform-SocialMedia-Comment-Dataset",
        citation="Chowdhury et al., A Multi-Platform Arabic News Comment Dataset for Offensive Language Detection, "
        "LREC 2020",
    ),
    *(
        Corpus(
            path=f"toxicity/pan_textdetox.{lang}",
            cap=400,
            licence="MIT (README of the task: CC BY 4.0)",
            source="pan-webis-de/pan-code",
            citation="Dementieva et al., Overview of the Multilingual Text Detoxification Task at PAN 2024, CLEF 2024",
        )
        for lang in ("ar", "en", "ru", "uk")
    ),
    Corpus(
        path="toxicity/paradetox.en",
        cap=6000,
        licence="CC0-1.0",
        source="s-nlp/paradetox",
        citation="Logacheva et al., ParaDetox: Detoxification with Parallel Data, ACL 2022",
    ),
    Corpus(
        path="toxicity/toxic_spans_cc.en",
        cap=6000,
        licence="CC0-1.0",
        source="ipavlopoulos/toxic_spans",
        citation="Pavlopoulos et al., SemEval-2021 Task 5: Toxic Spans Detection, SemEval 2021",
    ),
    Corpus(
        path="politeness/stanford_se.en",
        cap=6000,
        licence="CC BY-SA 3.0 (Stack Exchange dump; the repository states none)",
        source="sudhof/politeness-api",
        citation="Danescu-Niculescu-Mizil et al., A Computational Approach to Politeness, ACL 2013",
    ),
    Corpus(
        path="politeness/tydip.en",
        cap=3900,
        licence="CC BY 4.0 (repository: MIT)",
        source="Genius1237/TyDiP",
        citation="Srinivasan and Choi, TyDiP: A Dataset for Politeness Classification in Nine Typologically Diverse "
        "Languages, Findings of EMNLP 2022",
    ),
    Corpus(
        path="spam/sms_spam.en",
        cap=2600,
        licence="CC BY 4.0 (mirror: MIT)",
        source="iVishalr/Spam-Detector",
        citation="Almeida et al., Contributions to the Study of SMS Spam Filtering, DocEng 2011; "
        "Alberto et al., TubeSpam, ICMLA 2015",
    ),
    *(
        Corpus(
            path=f"spam/tg_spam.{lang}",
            cap=500,
            licence="MIT",
            source="umputun/tg-spam",
            citation="umputun, tg-spam (repository)",
        )
        for lang in ("en", "ru")
    ),
    Corpus(
        path="intent/banking77.en",
        cap=1600,
        licence="CC BY 4.0",
        source="PolyAI-LDN/task-specific-datasets",
        citation="Casanueva et al., Efficient Intent Detection with Dual Sentence Encoders, NLP4ConvAI 2020",
    ),
    Corpus(
        path="intent/arbanking77.ar",
        cap=2200,
        licence="CC BY-SA 4.0",
        source="SinaLab/ArBanking77",
        citation="Jarrar et al., ArBanking77: Intent Detection Neural Model and a New Dataset, ArabicNLP 2023",
    ),
    Corpus(
        path="intent/bitext_cs.en",
        cap=1400,
        licence="CDLA-Sharing-1.0",
        source="bitext/customer-support-intent-detection-training-dataset",
        citation="Bitext, Customer Support Intent Detection Training Dataset (repository)",
    ),
    Corpus(
        path="intent/clinc_oos.en",
        cap=1600,
        licence="CC BY 3.0",
        source="clinc/oos-eval",
        citation="Larson et al., An Evaluation Dataset for Intent Classification and Out-of-Scope Prediction, "
        "EMNLP 2019",
    ),
)
"""The public sets, all of licences that let the trained weights be published."""

_ASKING: Final = frozenset({Intent.QUESTION, Intent.REQUEST, Intent.COMPLAINT})
_SMALL_TALK: Final = frozenset(
    [
        "oos",
        "greeting",
        "goodbye",
        "thank_you",
        "yes",
        "no",
        "maybe",
        "are_you_a_bot",
        "what_are_your_hobbies",
        "do_you_have_pets",
        "tell_joke",
        "fun_fact",
        "meaning_of_life",
        "how_old_are_you",
        "what_is_your_name",
        "where_are_you_from",
        "who_made_you",
    ]
)
_FRAUD: Final = frozenset(
    [
        "compromised_card",
        "card_payment_not_recognised",
        "cash_withdrawal_not_recognised",
        "report_fraud",
        "direct_debit_payment_not_recognised",
    ]
) | {"بطاقة مخترقة", "الدفع بالبطاقة غير معترف به", "السحب النقدي غير معترف به", "الدفع المباشر للدين غير معروف"}
_MAYBE_URGENT: Final = frozenset(
    [
        "lost_or_stolen_card",
        "lost_or_stolen_phone",
        "pin_blocked",
        "card_swallowed",
        "report_lost_card",
        "account_blocked",
        "freeze_account",
        "lost_luggage",
        "travel_alert",
        "vaccines",
        "tire_change",
        "jump_start",
        "oos",
        "payment_issue",
    ]
) | {"البطاقة المفقودة أو المسروقة", "الهاتف المفقود أو المسروق", "رمز التعريف الشخصي محظور", "ابتلاع البطاقة"}


def public_examples(data: Path, *, seed: int) -> list[MentionExample]:
    """Rows of `CORPORA` under `data`/train, at most `cap` of each and balanced by label; test splits stay unseen.

    Texts that also occur under `data`/dev are left out, so that what is measured there was never trained on. Raises
    BadCorpus when a set is missing or unreadable.
    """
    forbidden = {_fold(row["text"]) for path in sorted((data / "dev").rglob("*.jsonl.gz")) for row in read_rows(path)}
    examples: list[MentionExample] = []
    for corpus in CORPORA:
        task = corpus.path.partition("/")[0]
        # Politeness has no set to measure on but its own second part.
        unseen = {"test", "val"} if task == "politeness" else {"test"}
        rows = [
            row
            for row in read_rows(data / "train" / f"{corpus.path}.jsonl.gz")
            if row["split"] not in unseen and _fold(row["text"]) not in forbidden
        ]
        rows = _balanced(rows, corpus.cap, random.Random(f"{seed}-{corpus.path}"))  # noqa: S311 - sampling, not secrecy
        examples.extend(public_example(task, row) for row in rows)
    return examples


def public_example(task: str, row: Mapping[str, str]) -> MentionExample:
    """One row of a public set with what its label honestly says."""
    label = row["label"]
    known = MentionExample(text=row["text"], lang=row["lang"], source=row["source"])
    if task == "sentiment":
        return replace(known, sentiment=Sentiment(label))
    if task == "toxicity":
        return replace(known, toxic=label == "toxic")
    if task == "politeness":
        return replace(known, politeness=Politeness(label))
    if task == "spam":
        spam = frozenset({Intent.SPAM})
        return replace(known, intents=spam if label == "spam" else frozenset(INTENTS) - spam)
    urgent = None if label in _MAYBE_URGENT else label in _FRAUD
    if label == "complaint":
        intents = frozenset({Intent.COMPLAINT})
    elif label in _SMALL_TALK:
        intents = _ASKING | {Intent.OTHER, Intent.PRAISE}
    else:
        intents = _ASKING
    return replace(known, intents=intents, urgent=urgent, reason=UrgencyReason.FRAUD if urgent else None)


def _fold(text: str) -> str:
    return " ".join(mask_addresses(text).casefold().split())


def _balanced(rows: Sequence[dict[str, str]], cap: int, rng: random.Random) -> list[dict[str, str]]:
    """At most `cap` rows, the rarer labels in full before the commoner ones fill the rest."""
    groups: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        groups[row["label"]].append(row)
    chosen: list[dict[str, str]] = []
    for done, label in enumerate(sorted(groups, key=lambda name: (len(groups[name]), name))):
        share = (cap - len(chosen)) // (len(groups) - done)
        chosen.extend(rng.sample(groups[label], min(share, len(groups[label]))))
    rng.shuffle(chosen)
    return chosen
