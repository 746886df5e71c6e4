"""Reading rule files: what is wrong is named, and the shorthands mean what they say."""

import re
import shutil
from pathlib import Path

import pytest

from classifiers.reply_risk import default_rules, model_trust
from classifiers.rule_engine import DraftInContext
from classifiers.rule_files import LANGUAGES, RULES_FOLDER, RuleFileBroken, compiled, load_rule_files
from classifiers.surface import surface
from classifiers.types import Category, Severity

FILES = load_rule_files()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RULES_FOLDER, tmp_path / "rules"))


def test_every_category_has_rules_in_every_language_it_can_have() -> None:
    served = {rule.category for rule in FILES.rules}
    assert served == set(Category)


@pytest.mark.parametrize("rule", [rule for rule in FILES.rules if rule.detector is None], ids=lambda rule: rule.id)
def test_every_rule_of_words_speaks_all_four_languages_and_proves_it(rule: object) -> None:
    own = [example for example in FILES.examples if example.rule == rule.id]  # type: ignore[attr-defined] - a Rule
    for hit in (True, False):
        assert {example.lang for example in own if example.hit is hit} == set(LANGUAGES)


@pytest.mark.parametrize("rule", FILES.rules, ids=lambda rule: rule.id)
def test_every_rule_says_why_in_every_language(rule: object) -> None:
    why = rule.why  # type: ignore[attr-defined] - a Rule
    assert set(why) == set(LANGUAGES)
    assert len(set(why.values())) == len(LANGUAGES)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("threat.toml", "[[rule]]", "[[rule", "threat.toml is not TOML"),
        ("threat.toml", 'severity = "block"', 'severity = "loud"', "threat.toml, rule pressure: 'loud' is not a valid"),
        ("threat.toml", "score = 0.9", "score = 9", 'threat.toml, rule pressure: "score" must be a number in 0…1'),
        ("threat.toml", "{harm}", "{hrm}", "threat.toml, rule pressure: nothing is called 'hrm'"),
        ("threat.toml", "why.uk", "why.pl", 'threat.toml, rule pressure: "why" has no sentence in uk'),
        ("threat.toml", "scope = [", "scop = [", "threat.toml, rule pressure: unknown field scop"),
        ("threat.toml", "[rule.en]\nfind = [", '[rule.en]\nfind = [\n"(",', "threat.toml, rule pressure: "),
        ("words.toml", "neg = ", "negation = ", "words.toml, en: nothing is called 'neg'"),
    ],
)
def test_a_wrong_rule_file_is_named(folder: Path, file: str, old: str, new: str, said: str) -> None:
    path = folder / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RuleFileBroken, match=re.escape(said)):
        load_rule_files(folder)


def test_a_missing_rule_file_is_named(folder: Path) -> None:
    (folder / "insult.toml").unlink()
    with pytest.raises(RuleFileBroken, match=r"insult\.toml cannot be read"):
        load_rule_files(folder)


def test_damaged_trust_in_the_model_is_named(folder: Path) -> None:
    (folder / "model.toml").write_text("[floor]\nen = 1\n", encoding="utf-8")
    with pytest.raises(RuleFileBroken, match=r"model\.toml cannot be used"):
        model_trust(folder)


def test_a_changed_rule_is_another_version(folder: Path) -> None:
    with (folder / "threat.toml").open("a", encoding="utf-8") as file:
        file.write("# a remark\n")
    assert load_rule_files(folder).version != FILES.version


def matches(pattern: str, text: str, lang: str = "en", **macros: list[str]) -> bool:
    return compiled([pattern], lang, macros).search(surface(text).text) is not None


def test_a_blank_spans_commas_and_dashes_but_no_full_stop() -> None:
    assert matches("go away", "Go — away!")
    assert matches("go away", "go,  away")
    assert not matches("go away", "Go. Away we went")


def test_a_tilde_spans_one_to_four_words() -> None:
    assert matches("go( ~)? away", "go away")
    assert matches("go( ~)? away", "go far far far far away")
    assert not matches("go( ~)? away", "go far far far far far away")


def test_an_at_sign_spans_the_forms_of_a_word() -> None:
    assert matches("дурн@", "дурнуватий", "uk")
    assert matches("знай@", "знай'мо", "uk")
    assert not matches("дурн", "дурнуватий", "uk")


def test_patterns_begin_and_end_at_words() -> None:
    assert not matches("ass", "a class of glass")


def test_arabic_words_may_carry_wa_and_fa_and_any_alef() -> None:
    assert matches("اذهب", "فاذهب الآن", "ar")
    assert matches("أسئلة", "اسئله", "ar")


def test_names_stand_for_patterns() -> None:
    assert matches("{bad} question", "what a silly question", bad=["silly", "daft"])


@pytest.mark.parametrize(
    ("draft", "mention", "stopped"),
    [
        ("Your words «you are idiots» hurt, and we see why.", None, False),
        ("We won't say that you are idiots.", None, False),
        ("You are idiots.", None, True),
        ("Tap [Stop wasting our time] in the game's menu.", None, True),
        ("Switch to Kaldera if it suits you better.", "Is Kaldera lighter?", True),
        ("Switch to Airplane mode for a minute.", "Is Kaldera lighter?", False),
    ],
)
def test_scope_decides(draft: str, mention: str | None, stopped: bool) -> None:
    context = DraftInContext(draft=surface(draft), mention=surface(mention) if mention else None)
    assert bool(default_rules().findings(context)) is stopped


def test_a_draft_that_repeats_itself_has_a_bounded_list_of_findings() -> None:
    context = DraftInContext(draft=surface("You are idiots. " * 300), mention=None)
    found = default_rules().findings(context)
    assert 1 <= len(found) <= 40
    assert all(finding.severity is Severity.BLOCK for finding in found)
