"""Signs of an emergency: short plain reports, their calm look-alikes, and how a sign and the model go together."""

from dataclasses import replace
from pathlib import Path

import pytest

from classifiers.assess import Assessor
from classifiers.types import ModelUnavailable, Urgency, UrgencyReason
from classifiers.urgency import SIGN_SCORE, SIGNS_FILE, Sign, SignsBroken, load_signs, raised

EMERGENCIES = {
    "en": [
        ("The steam iron gave my wife a shock this morning.", "safety"),
        ("Bought the camping cooker on Friday, the tent smelled of gas all night.", "safety"),
        ("Headphones were smoking in their case. Just so you know.", "safety"),
        ("My toddler bit into a screw in the cheese sandwich.", "safety"),
        ("I have thought about it and there is no point in living.", "self-harm"),
        ("A stranger ordered a telly with my saved card.", "fraud"),
        ("When I log in I see another customer's phone number.", "data-leak"),
        ("This is a journalist from the evening paper. Any statement?", "media"),
    ],
    "ru": [
        ("Утюг дёрнул жену током сегодня утром.", "safety"),
        ("После установки колонки в квартире пахнет газом.", "safety"),
        ("Наушники задымились прямо в футляре. Просто чтобы вы знали.", "safety"),
        ("В сырке попался кусочек металла, ребёнок чуть не проглотил.", "safety"),
        ("Я всё обдумал. Смысла жить больше не вижу.", "self-harm"),
        ("Неизвестные оформили телевизор с моей карты.", "fraud"),
        ("Захожу к себе и вижу чужие номера и адреса.", "data-leak"),
        ("Корреспондент вечерней газеты, жду вашего комментария.", "media"),
    ],
    "uk": [
        ("Праска сьогодні вранці вдарила дружину струмом.", "safety"),
        ("Після встановлення колонки в квартирі пахне газом.", "safety"),
        ("Навушники задимілися просто у футлярі. Щоб ви знали.", "safety"),
        ("У сирку трапився шматочок металу, дитина мало не проковтнула.", "safety"),
        ("Я все обдумав. Сенсу жити більше не бачу.", "self-harm"),
        ("Невідомі оформили телевізор з моєї картки.", "fraud"),
        ("Заходжу до себе й бачу чужі номери та адреси.", "data-leak"),
        ("Кореспондент вечірньої газети, чекаю на ваш коментар.", "media"),
    ],
    "ar": [
        ("المكواة كهربت زوجتي صباح اليوم.", "safety"),
        ("بعد تركيب السخان نشم رائحة غاز في الشقة.", "safety"),
        ("السماعات خرج منها دخان وهي في العلبة. للعلم فقط.", "safety"),
        ("وجدنا قطعة حديد في جبنة طفلي.", "safety"),
        ("فكرت كثيراً، لا معنى لحياتي.", "self-harm"),
        ("شخص لا أعرفه طلب تلفزيون ببطاقتي.", "fraud"),
        ("عندما أفتح حسابي أرى عناوين عملاء آخرين.", "data-leak"),
        ("مراسل جريدة المساء، ننتظر ردكم قبل النشر.", "media"),
    ],
}
CALM = {
    "en": [
        "These headphones are fire, the bass is killer.",
        "The bill gave me a shock, is there a cheaper plan?",
        "Do your gas cookers come with a leak sensor?",
        "My card was declined and the code never arrived.",
        "I nearly died laughing at your new mascot.",
        "Honey in glass bottles arrived safe, thank you.",
        "Your reporter costume is great, my daughter loves it.",
        "Cheap phones sell like wildfire at the fire sale.",
    ],
    "ru": [
        "Эти наушники просто огонь, бас убойный.",
        "Счёт меня шокировал, есть тариф дешевле?",
        "У ваших газовых плит есть датчик утечки?",
        "Карту не приняли, код так и не пришёл.",
        "Я чуть не умер от смеха с вашего маскота.",
        "Мёд в стеклянных банках доехал целым, спасибо.",
        "Костюм журналиста отличный, дочь довольна.",
        "Экран загорелся со второго раза, телефон работает.",
    ],
    "uk": [
        "Ці навушники просто вогонь, бас убивчий.",
        "Рахунок мене шокував, є дешевший тариф?",
        "У ваших газових плит є датчик витоку?",
        "Картку не прийняли, код так і не прийшов.",
        "Я мало не помер від сміху з вашого маскота.",
        "Мед у скляних банках доїхав цілим, дякую.",
        "Костюм журналіста чудовий, донька задоволена.",
        "Екран загорівся з другого разу, телефон працює.",
    ],
    "ar": [
        "هذه السماعات نار والصوت قاتل.",
        "الفاتورة صدمتني، هل توجد باقة أرخص؟",
        "هل أفران الغاز عندكم فيها حساس تسرب؟",
        "البطاقة لم تقبل والرمز لم يصل.",
        "كدت أموت من الضحك على إعلانكم الجديد.",
        "العسل في علب زجاجية وصل سليماً، شكراً.",
        "زي المراسل الصحفي جميل وابنتي سعيدة به.",
        "الشاشة أضاءت من المرة الثانية والهاتف يعمل.",
    ],
}


@pytest.mark.parametrize(("text", "reason"), [case for cases in EMERGENCIES.values() for case in cases])
def test_a_short_emergency_bears_a_sign(text: str, reason: str) -> None:
    assert load_signs().reason_in(text) == reason


@pytest.mark.parametrize("text", [text for texts in CALM.values() for text in texts])
def test_a_calm_look_alike_bears_none(text: str) -> None:
    assert load_signs().reason_in(text) is None


@pytest.mark.parametrize("sign", load_signs().signs, ids=lambda sign: f"{sign.id}-{sign.lang}")
def test_a_sign_keeps_what_its_own_examples_say(sign: Sign) -> None:
    signs = load_signs()
    assert sign.examples
    assert sign.counter_examples
    assert [text for text in sign.examples if signs.reason_in(text) != sign.reason] == []
    assert [text for text in sign.counter_examples if signs.reason_in(text) is not None] == []


@pytest.mark.parametrize("text", [text for cases in EMERGENCIES.values() for text, _ in cases])
def test_a_short_emergency_is_never_surely_harmless(text: str) -> None:
    (found,) = Assessor().assess([text])
    assert found.urgency.urgent
    assert found.urgency.score >= SIGN_SCORE or found.urgency.reason is not None


def test_a_sign_raises_the_model_without_certainty() -> None:
    calm = Urgency(urgent=False, score=0.01, reason=None, sure=True)
    assert raised(calm, UrgencyReason.SAFETY) == Urgency(
        urgent=True, score=SIGN_SCORE, reason=UrgencyReason.SAFETY, sure=False
    )
    assert raised(calm, None) == calm


def test_where_both_say_urgent_the_graver_reason_stands() -> None:
    outage = Urgency(urgent=True, score=0.9, reason=UrgencyReason.OUTAGE, sure=True)
    assert raised(outage, UrgencyReason.SAFETY) == replace(outage, reason=UrgencyReason.SAFETY)
    harm = replace(outage, reason=UrgencyReason.SELF_HARM)
    assert raised(harm, UrgencyReason.SAFETY) == harm
    assert raised(outage, None) == outage


def test_look_alike_letters_do_not_hide_a_sign() -> None:
    assert load_signs().reason_in("The plug mеltеd in the socket") == "safety"


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("not toml [", "is wrong"),
        ("", "holds no"),
        ('[[sign]]\nid = "x"\nreason = "safety"', "sign x"),
        (None, "restore it"),
    ],
)
def test_a_broken_file_of_signs_is_named(tmp_path: Path, written: str | None, names: str) -> None:
    path = tmp_path / "urgency.toml"
    if written is not None:
        path.write_text(written, encoding="utf-8")
    with pytest.raises(SignsBroken, match=names):
        load_signs(path)


def test_another_file_of_signs_has_another_revision_and_a_damaged_one_stops_judging(tmp_path: Path) -> None:
    changed = tmp_path / "changed.toml"
    changed.write_bytes(SIGNS_FILE.read_bytes() + b"\n# another\n")
    assert load_signs(changed).revision != load_signs().revision
    damaged = tmp_path / "damaged.toml"
    damaged.write_bytes(b"sign = 3")
    with pytest.raises(ModelUnavailable, match=r"damaged\.toml is wrong"):
        load_signs(damaged)
