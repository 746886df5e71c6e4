"""How risky our own outgoing text is."""

from functools import cache

from classifiers.links import detect_links
from classifiers.personal_data import detect_personal_data
from classifiers.reply_language import detect_off_language
from classifiers.rule_engine import RuleBook
from classifiers.rule_files import load_rule_files
from classifiers.typography import detect_empty, detect_placeholders, detect_shouting

DETECTORS = {
    "links": detect_links,
    "personal-data": detect_personal_data,
    "placeholder": detect_placeholders,
    "shouting": detect_shouting,
    "off-language": detect_off_language,
    "empty": detect_empty,
}


@cache
def default_rules() -> RuleBook:
    files = load_rule_files()
    return RuleBook(files.rules, files.words, DETECTORS, files.version)
