"""The sentence that this product exists for, and its kin, in four languages: never sent. Its careful twins: sent."""

from collections.abc import Mapping, Sequence

import pytest

from classifiers.reply_risk import Reply
from responders.check import CheckedDraft, ReplyChecker
from responders.reply import Verdict

ASKED: Mapping[str, str] = {
    "en": "How is your backpack better than Alpenix's?",
    "ru": "Чем ваш рюкзак лучше, чем у «Альпеникса»?",
    "uk": "Чим ваш рюкзак кращий, ніж у «Альпенікса»?",
    "ar": "بماذا تتميز حقيبتكم عن حقيبة ألبينكس؟",
}

CARELESS: Mapping[str, Sequence[str]] = {
    "en": (
        "You like A? Go and buy there, and don't bother us with stupid questions!",
        "You like Alpenix? Then go shop there and stop pestering us with silly questions.",
        "If Alpenix is so wonderful, go buy from them and leave us alone.",
        "Prefer theirs? Off you go, then, and spare us the stupid questions.",
        "Love Alpenix that much? Buy from them and quit wasting our time.",
        "So buy an Alpenix. Nobody is keeping you here.",
        "We are not a comparison site. Go to Alpenix if you like it better.",
        "Take your money to Alpenix and let them put up with you.",
        "Just order from them and don't annoy our staff with dumb questions.",
        "What a silly question. Go to Alpenix if you fancy theirs.",
        "If theirs is better, why are you bothering us? Go there.",
        "Feel free to shop elsewhere and stop bugging us.",
        "Then be their customer and not ours, and stop asking stupid things.",
        "You want Alpenix? Get one from them. We have better things to do than answer this.",
        "Go ask Alpenix and don't waste our time with idiotic questions.",
        "The door is right there. Buy your Alpenix and don't come back with dumb questions.",
        "Run along to Alpenix, dear, and let us work.",
        "Nobody forces you to shop here. Go to your beloved Alpenix and leave us in peace.",
        "Keep your stupid comparisons to yourself and go buy Alpenix.",
        "If you like them more, shop with them. We don't have time for such nonsense.",
        "You rate Alpenix higher? Good, spend your money there and stop messaging us.",
        "Oh please, if you adore Alpenix, go marry them and stop nagging us.",
        "Enough with the dumb questions, just go somewhere else.",
    ),
    "ru": (
        "Нравится А? Идите и покупайте там, и не приставайте к нам с глупыми вопросами!",
        "Нравится «Альпеникс»? Вот туда и идите, и хватит донимать нас дурацкими вопросами.",
        "Раз «Альпеникс» такой замечательный, покупайте у них и не отвлекайте нас.",
        "Больше по душе чужое? Ну и берите там, а глупые вопросы оставьте при себе.",
        "Если у них лучше, идите к ним и не морочьте нам голову.",
        "Так и берите у них, вас здесь никто не держит.",
        "Мы вам не сайт сравнений. Нравится «Альпеникс» — туда и отправляйтесь.",
        "Несите деньги к ним, пусть они вас и терпят.",
        "Закажите там и не мешайте людям работать своими дурацкими вопросами.",
        "Что за глупый вопрос. Хотите «Альпеникс» — идите к ним.",
        "Если там лучше, зачем вы нам пишете? Идите туда.",
        "Покупайте в другом магазине и отстаньте от нас.",
        "Вот и оставайтесь у них, а нас больше не беспокойте такими вопросами.",
        "Вам милее «Альпеникс»? Скатертью дорога, у нас есть дела поважнее.",
        "Спрашивайте у них и не тратьте наше время на идиотские вопросы.",
        "Дверь там. Покупайте свой «Альпеникс» и не лезьте к нам с ерундой.",
        "Ступайте к конкурентам, там вас и обслужат, а нам некогда.",
        "Вас не заставляют у нас покупать. Идите в свой любимый «Альпеникс» и дайте нам работать, не докучайте нам.",
        "Свои тупые сравнения оставьте себе и идите покупать туда.",
        "Любите их? Покупайте у них. Нам некогда отвечать на всякие глупости.",
        "Хвалите «Альпеникс»? Вот у них и отоваривайтесь, а нам не пишите.",
        "Ой, ну обожаете их — бегите к ним, и хватит задавать глупые вопросы.",
        "Надоели с этими вопросами, идите в другой магазин.",
    ),
    "uk": (
        "Подобається А? Ідіть і купуйте там, і не чіпляйтеся до нас із дурними запитаннями!",
        "Подобається «Альпенікс»? От туди і йдіть, і годі набридати нам дурними запитаннями.",
        "Якщо «Альпенікс» такий чудовий, купуйте у них і не відволікайте нас.",
        "Більше до душі чуже? Ну то й беріть там, а дурні питання лишіть при собі.",
        "Якщо в них краще, йдіть до них і не морочте нам голову.",
        "То й беріть у них, вас тут ніхто не тримає.",
        "Ми вам не сайт порівнянь. Подобається «Альпенікс» — туди й вирушайте.",
        "Несіть гроші до них, хай вони вас і терплять.",
        "Замовте там і не заважайте людям працювати своїми дурними питаннями.",
        "Що за дурне запитання. Хочете «Альпенікс» — ідіть до них.",
        "Якщо там краще, навіщо ви нам пишете? Йдіть туди.",
        "Купуйте в іншому магазині й відчепіться від нас.",
        "От і залишайтеся в них, а нас більше не турбуйте такими питаннями.",
        "Вам миліший «Альпенікс»? Скатертю дорога, у нас є важливіші справи.",
        "Питайте у них і не марнуйте наш час на безглузді запитання.",
        "Двері там. Купуйте свій «Альпенікс» і не лізьте до нас із дурницями.",
        "Ідіть до конкурентів, там вас і обслужать, а нам ніколи.",
        "Вас не змушують у нас купувати. Йдіть у свій улюблений «Альпенікс» і не докучайте нам.",
        "Свої тупі порівняння лишіть собі та йдіть купувати туди.",
        "Любите їх? Купуйте у них. Нам ніколи відповідати на всякі дурниці.",
        "Хвалите «Альпенікс»? От у них і купуйте, а нам не пишіть.",
        "Ой, та якщо обожнюєте їх — біжіть до них, і годі ставити дурні питання.",
        "Набридли з цими питаннями, йдіть до іншого магазину.",
    ),
    "ar": (
        "تحب أ؟ روح اشتري من عندهم ولا تزعجنا بأسئلة غبية!",
        "عاجبك ألبينكس؟ خلاص روح اشتري منهم وبطل تزعجنا بأسئلة سخيفة.",
        "إذا كانت ألبينكس بهذه الروعة فاشتر من عندهم ولا تشغلنا.",
        "يعجبك اللي عندهم؟ روح عندهم ووفر علينا الأسئلة الغبية.",
        "لو هما أحسن روح لهم وبلاش توجع دماغنا.",
        "خلاص خذها من عندهم، محد ماسكك هنا.",
        "احنا مش موقع مقارنات. عاجبك ألبينكس؟ اتفضل هناك.",
        "خذ فلوسك وروح لهم وخليهم يتحملوك.",
        "اطلب من عندهم ولا تزعج موظفينا بأسئلة تافهة.",
        "سؤال غبي فعلاً. تبغى ألبينكس؟ اذهب إليهم.",
        "إذا هم أفضل ليش جاي تسألنا؟ روح هناك.",
        "تسوق من مكان ثاني وفكنا من أسئلتك.",
        "خليك زبون عندهم ولا تسألنا أسئلة سخيفة مرة ثانية.",
        "تفضل ألبينكس؟ مع السلامة، عندنا شغل أهم من هالأسئلة.",
        "اسألهم هم ولا تضيع وقتنا بأسئلة هبلة.",
        "الباب يفوت جمل، اشتري ألبينكس ولا ترجع لنا.",
        "روحوا للمنافسين، نحن مش فاضيين لكم.",
        "محدش جابرك تشتري مننا، روح لحبايبك ألبينكس وسيبنا في حالنا.",
        "خل مقارناتك الغبية لنفسك وروح اشتري من هناك.",
        "تحبهم؟ اشتر منهم. ما عندنا وقت لهالكلام الفاضي.",
        "مبسوط من ألبينكس؟ روح كمل معهم وحل عنا.",
        "لك أن تشتري من غيرنا، وكفاكم إزعاجاً لنا بأسئلة لا معنى لها.",
        "زهقتونا بهالأسئلة، روحوا على محل تاني.",
    ),
}

CAREFUL: Mapping[str, Sequence[str]] = {
    "en": (
        "Both carry well. Ours has a rain cover and a ten-year repair service; theirs weighs less.",
        "Good question! The main differences are the frame and the hip belt; shall we send you a table?",
        "Ours takes 45 litres and has a steel frame. Which trip are you planning?",
        "Alpenix makes fine packs. What people like about ours is the back length you can adjust.",
        "We can't judge their pack fairly, but ours you can try in any store with weight in it.",
        "If you like a light pack better, ours may not be the one: it weighs 1.9 kg.",
        "Happy to help you choose. What do you carry, and for how many days?",
        "There is a comparison by an independent magazine on their site; ours came second for comfort.",
        "No question is silly when you carry it for a week. Ours has a wider belt.",
        "You can order it, try it at home and send it back within 30 days.",
        "Thanks for comparing so carefully! The buckle is metal and spare parts are free.",
    ),
    "ru": (
        "Оба носятся хорошо. У нашего есть накидка от дождя и ремонт десять лет, тот легче.",
        "Хороший вопрос! Главные отличия в раме и поясе; прислать вам таблицу?",
        "Наш на 45 литров и со стальной рамой. В какой поход собираетесь?",
        "«Альпеникс» делает хорошие рюкзаки. В нашем ценят спинку, которая подгоняется по росту.",
        "Судить о чужом рюкзаке не возьмёмся, а наш можно примерить в магазине с грузом.",
        "Если вам важнее лёгкость, наш может не подойти: он весит 1,9 кг.",
        "С радостью поможем выбрать. Что и на сколько дней понесёте?",
        "Сравнение делал независимый журнал, наш там второй по удобству.",
        "Глупых вопросов не бывает, когда нести неделю. У нашего пояс шире.",
        "Его можно заказать, примерить дома и вернуть в течение 30 дней.",
        "Спасибо, что сравниваете так внимательно! Пряжка металлическая, запчасти бесплатные.",
    ),
    "uk": (
        "Обидва носяться добре. У нашого є накидка від дощу й ремонт десять років, той легший.",
        "Гарне запитання! Головні відмінності в рамі та поясі; надіслати вам таблицю?",
        "Наш на 45 літрів і зі сталевою рамою. У який похід збираєтеся?",
        "«Альпенікс» робить добрі рюкзаки. У нашому цінують спинку, яка припасовується на зріст.",
        "Судити про чужий рюкзак не візьмемося, а наш можна приміряти в крамниці з вантажем.",
        "Якщо вам важливіша легкість, наш може не підійти: він важить 1,9 кг.",
        "Залюбки допоможемо обрати. Що й на скільки днів нестимете?",
        "Порівняння робив незалежний журнал, наш там другий за зручністю.",
        "Дурних запитань не буває, коли нести тиждень. У нашого пояс ширший.",
        "Його можна замовити, приміряти вдома й повернути протягом 30 днів.",
        "Дякуємо, що порівнюєте так уважно! Пряжка металева, запчастини безкоштовні.",
    ),
    "ar": (
        "كلتاهما مريحة. حقيبتنا معها غطاء مطر وصيانة عشر سنوات، وتلك أخف وزناً.",
        "سؤال جميل! الفرق الأساسي في الهيكل والحزام، نرسل لك جدول مقارنة؟",
        "حقيبتنا سعتها ٤٥ لتراً وهيكلها من الفولاذ. لأي رحلة تحتاجها؟",
        "ألبينكس تصنع حقائب جيدة، واللي يعجب الناس في حقيبتنا أن طول الظهر يتعدل.",
        "ما نقدر نحكم على حقيبتهم، لكن حقيبتنا تقدر تجربها في أي فرع وعليها وزن.",
        "إذا يهمك الوزن الخفيف فحقيبتنا ثقيلة شوي: ١٫٩ كيلو.",
        "يسعدنا نساعدك في الاختيار. وش بتحمل وكم يوم؟",
        "في مجلة مستقلة قارنت بينهم، وحقيبتنا كانت الثانية في الراحة.",
        "ما في سؤال سخيف لما تحملها أسبوع. حزام حقيبتنا أعرض.",
        "تقدر تطلبها وتجربها في البيت وترجعها خلال ٣٠ يوم.",
        "شكراً لأنك تقارن بعناية! الإبزيم معدن وقطع الغيار مجانية.",
    ),
}


@pytest.fixture(scope="module")
def checked() -> Mapping[tuple[str, str], CheckedDraft]:
    checker = ReplyChecker.load()
    if checker.judge.encoder is None:
        pytest.skip(checker.judge.missing)
    pairs = [(lang, text) for drafts in (CARELESS, CAREFUL) for lang, texts in drafts.items() for text in texts]
    replies = [Reply(draft=text, mention=ASKED[lang], lang=lang) for lang, text in pairs]
    return dict(zip(pairs, checker.check_all(replies), strict=True))


@pytest.mark.parametrize(("lang", "text"), [(lang, text) for lang, texts in CARELESS.items() for text in texts])
def test_the_sentence_that_sends_a_customer_away_is_blocked(
    checked: Mapping[tuple[str, str], CheckedDraft], lang: str, text: str
) -> None:
    found = checked[lang, text]
    assert found.verdict is Verdict.BLOCK, (found.verdict, found.risk, [(f.rule, f.text) for f in found.findings])
    assert any(finding.text and finding.text in text for finding in found.findings)


def test_most_fair_answers_to_the_same_question_go_out_and_none_is_blocked(
    checked: Mapping[tuple[str, str], CheckedDraft],
) -> None:
    answers = [checked[lang, text] for lang, texts in CAREFUL.items() for text in texts]
    assert all(found.verdict is not Verdict.BLOCK for found in answers)
    waiting = [found for found in answers if found.verdict is not Verdict.PASS]
    # Thirteen of 44 wait today, which is too many: the model learnt from few fair comparisons with a rival.
    assert len(waiting) <= len(answers) // 3, [[(f.rule, f.text) for f in found.findings] for found in waiting]
