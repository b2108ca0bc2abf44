"""W: a programme in words reads as people write in each language, by its own rules."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest

from chalicelib.domain.authoring.words import describe
from chalicelib.domain.programme.wording import Message
from chalicelib.programmes.rendering import catalogue
from tests.programmes.test_examples import programme


def told(name: str, kind: str, part: str, locale: str) -> str:
    """A part of an example, without the isolates that nobody sees."""
    said = {(each.kind, each.id): each.sentences for each in describe(programme(name))}
    return seen(catalogue().render(said[kind, part], locale).text)


def seen(text: str) -> str:
    """A text as it looks."""
    return re.sub("[\u2066-\u2069]", "", text)


@pytest.mark.parametrize(
    ("name", "kind", "part", "locale", "expected"),
    [
        (
            "persian-clinic",
            "joining",
            "persian-clinic",
            "fa",
            ("برای عضویت لازم است: ۱ مراجعه و رضایت به «programme»."),
        ),
        (
            "persian-clinic",
            "reporting",
            "persian-clinic",
            "fa",
            (
                "روزها به وقت Asia/Tehran آغاز و تمام می‌شود. آنچه پیش از عضویت رخ "
                "داده یا بیش از ۳۰ روز پس از وقوع گزارش شود چیزی نمی‌آورد."
            ),
        ),
        (
            "persian-clinic",
            "expiry",
            "points",
            "fa",
            (
                "امتیاز تا پایان ۲۹ اسفند ۱۴۰۵ قابل استفاده است. اگر آنچه آن را به "
                "همراه داشته پس از مصرف لغو شود، کمبود از دریافت‌های بعدی جبران می‌شود."
            ),
        ),
        (
            "persian-clinic",
            "earning",
            "screening",
            "fa",
            (
                "برای هر مراجعه ۹۵۰ امتیاز می‌گیرید. شرط: مراجعه برای غربالگری. با "
                "مراجعه جمع نمی‌شود: آنچه بیشتر می‌دهد حساب می‌شود."
            ),
        ),
        (
            "persian-clinic",
            "tier",
            "silver",
            "fa",
            (
                "سطح نقره‌ای با ۶ مراجعه در یک سال میلادی به دست می‌آید. تا پایان سال "
                "بعد می‌ماند؛ پس از سالی که دوباره به آن نرسد، سطحی می‌آید که آن سال "
                "به آن رسیده است. مزایای آن: نوبت رزروشده."
            ),
        ),
        (
            "persian-clinic",
            "reward",
            "full-checkup",
            "fa",
            (
                "بهای چکاپ کامل ۱٬۴۵۰ امتیاز است. آزمایش‌های کامل همراه با مشاوره "
                "پزشک. کوپن آن ۹۰ روز اعتبار دارد."
            ),
        ),
        (
            "pharmacy",
            "expiry",
            "stamps",
            "bg",
            (
                "Печати: могат да се използват до края на първия 31 декември, който е "
                "поне 30 дни след получаването им. Ако това, за което са получени, "
                "бъде отменено, след като са използвани, нищо не се дължи."
            ),
        ),
        (
            "pharmacy",
            "earning",
            "vitamins",
            "bg",
            (
                "За покупка получавате 1 точка на всеки 1,00 евро. 110% от това: при "
                "покупка в приложението. Брои се: vitamins и cosmetics. Не се брои: "
                "trial-pack. Закръгля се нагоре. Всеки артикул носи точки само веднъж. "
                "Важи само първото приложимо от тези: Собствена марка и Витамини и "
                "козметика."
            ),
        ),
        (
            "pharmacy",
            "earning",
            "feedback",
            "bg",
            (
                "За попълнена анкета получавате 30 точки за благодарност. Условие: с "
                "оценка от 1 до 5. Най-много веднъж на месец. Най-много 300 на година. "
                "Което би надхвърлило това, не носи нищо."
            ),
        ),
        (
            "pharmacy",
            "tier",
            "patron",
            "bg",
            (
                "Ниво Покровител се достига при спечелени 2 000 точки и 20 посещения "
                "(за посещение се брои: покупка) общо. Веднъж достигнато, то се "
                "запазва. Носи: Доставка до дома."
            ),
        ),
        (
            "pharmacy",
            "reward",
            "hand-cream",
            "bg",
            (
                "Крем за ръце струва 300 точки. Най-много 2 пъти на година за всеки "
                "член. Най-много 5 пъти общо за всеки член. От 1 ноември 2026 г. до 31 "
                "октомври 2027 г."
            ),
        ),
        (
            "pharmacy",
            "transfer",
            "gratitude",
            "bg",
            (
                "Членовете могат да си прехвърлят точки за благодарност. Срокът им "
                "започва отначало, както ако са получени в същия ден."
            ),
        ),
        (
            "clinic-discounts",
            "discount",
            "holidays",
            "bg",
            (
                "Bank holidays: 5% отстъпка на 26 декември, 3 май 2027 г. или ден от списъка "
                "„bank-holidays“. Не се събира с Birthday и Days of our hospital: важи това, "
                "което дава най-много."
            ),
        ),
        (
            "hospital-levels",
            "expiry",
            "points",
            "zh-CN",
            (
                "积分的有效期至获得后至少 365 天的第一个 12月31日当天结束。在金卡等级获得的："
                "积分的有效期至获得后至少 730 天的第一个 12月31日当天结束。如果使用之后"
                "，当初获得它的活动被取消，则由之后获得的部分补回。"
            ),
        ),
        (
            "hospital-levels",
            "earning",
            "pharmacy",
            "zh-CN",
            (
                "每次购买，每 10.00 人民币可获得 1 积分。不计入：prescription。不足一的部分舍去。"
                "每次至少 1 积分。每次最多 500 积分。"
            ),
        ),
        (
            "hospital-levels",
            "earning",
            "optical",
            "zh-CN",
            (
                "每次购买，每 50.00 人民币可获得 2 积分。计入：optical。"
                "未满 50.00 人民币的部分计入下一次。"
            ),
        ),
        (
            "hospital-levels",
            "tier",
            "silver",
            "zh-CN",
            (
                "365 天内就诊 6 次或消费 5,000.00 人民币（付款计入），即达到"
                "银卡。保留 365 天；其间未再达到则降一级，延后 30 天执行。"
            ),
        ),
        (
            "hospital-levels",
            "reward",
            "check-up",
            "zh-CN",
            ("年度体检需 3,000 积分。每位会员每年最多 1 次。可得年度体检 × 1。有效期 180 天。"),
        ),
        (
            "hospital-levels",
            "discount",
            "large-bills",
            "zh-CN",
            (
                "年度累计两万元：本日历年内消费 20,000.00 人民币（付款计入）起优惠 3%。"
                "本次账单也计入。"
            ),
        ),
        (
            "hospital-levels",
            "entitlement",
            "parking",
            "zh-CN",
            ("免费停车：银卡和金卡，每月可享用 4 次。"),
        ),
        (
            "hospital-levels",
            "reporting",
            "hospital-levels",
            "zh-TW",
            ("日期以 Asia/Shanghai 時區為準。入會前發生的，或發生超過 30 天後才通報的，不予計算。"),
        ),
        (
            "hospital-levels",
            "stacking",
            "hospital-levels",
            "zh-TW",
            ("多項優惠相加。多項合計最多減免 12%。"),
        ),
        (
            "healthy-behaviour",
            "tier",
            "active",
            "zh-TW",
            (
                "一個會員年度內達成目標 12 次或推薦 3 次，即達到 Active。期滿後生"
                "效。保留至下一年度結束；該年度未再達到則改為該年度所達到的等級。權益："
                "A coach by video。"
            ),
        ),
        (
            "clinic",
            "transfer",
            "points",
            "zh-TW",
            (
                "會員之間可以轉贈 points，每次 10 至 500 points。效期不變。所得須滿 14 天後方可轉贈"
                "。每位會員每月最多轉出 1,000 points。每位會員每年最多轉入 12 次。"
            ),
        ),
        (
            "clinic-discounts",
            "wallet",
            "prepaid",
            "zh-TW",
            (
                "購買時優先以 Prepaid money 支付。儲值滿 200.00 英鎊：減免"
                " 10%。儲值滿 500.00 英鎊：減免 20%。以此支付的列為消費。"
            ),
        ),
        (
            "paid-membership",
            "earning",
            "morning-class",
            "zh-TW",
            (
                "每次「wellness attended」可獲得 30 wellbeing "
                "points。僅星期二和星期四有效。09:00 至 12:00 有效。自 2027年1月1日開始。"
            ),
        ),
        (
            "paid-membership",
            "earning",
            "morning-class",
            "fa",
            (
                "برای هر wellness (attended) ۳۰ wellbeing points می‌گیرید. در این "
                "روزها حساب می‌شود: سه‌شنبه و پنجشنبه. از ساعت ۰۹:۰۰ تا ۱۲:۰۰ حساب "
                "می‌شود. از ۱۱ دی ۱۴۰۵ آغاز می‌شود."
            ),
        ),
        (
            "paid-membership",
            "earning",
            "morning-class",
            "bg",
            (
                "За wellness (attended) получавате 30 wellbeing points. Важи в тези "
                "дни: вторник и четвъртък. Важи от 09:00 до 12:00 ч. Започва на 1 "
                "януари 2027 г."
            ),
        ),
        (
            "physiotherapy",
            "discount",
            "birthday",
            "fa",
            (
                "Birthday week: ۱۰ درصد تخفیف در روز تولد. از همان روز آغاز و ۶ روز پس "
                "از آن تمام می‌شود. در سالی که ۲۹ فوریه ندارد، ۱ مارس جای آن را "
                "می‌گیرد."
            ),
        ),
        (
            "paid-membership",
            "plan",
            "monthly",
            "bg",
            (
                "Monthly: 180,00 щатски долара на месец. Първите 14 дни са безплатни, "
                "само веднъж. Членовете му са с ниво Member. Ако не бъде платен "
                "отново, продължава още 7 дни."
            ),
        ),
        (
            "paid-membership",
            "plan",
            "monthly",
            "zh-CN",
            (
                "Monthly：每月 180.00 美元。前 14 天免费，仅限一次。其会员享有 Member 等"
                "级。未续费时再延续 7 天。"
            ),
        ),
    ],
)
def test_w_an_example_reads_like_this(
    name: str, kind: str, part: str, locale: str, expected: str
) -> None:
    """Sentences of each language, to the letter."""
    assert told(name, kind, part, locale) == expected


def counted(message: str, variable: str, number: int, locale: str) -> str:
    """A message that counts something."""
    sentence = Message(message, {variable: number})
    return seen(catalogue().render([sentence], locale).text)


@pytest.mark.parametrize(
    ("message", "variable", "locale", "expected"),
    [
        ("days", "days", "en", {1: "1 day", 2: "2 days", 21: "21 days"}),
        ("days", "days", "bg", {1: "1 ден", 2: "2 дни", 21: "21 дни"}),
        ("days", "days", "fa", {1: "۱ روز", 2: "۲ روز", 21: "۲۱ روز"}),
        ("days", "days", "zh-TW", {1: "1 天", 2: "2 天", 1000: "1,000 天"}),
        ("times", "times", "bg", {1: "веднъж", 2: "2 пъти"}),
        ("times", "times", "fa", {1: "یک بار", 2: "۲ بار"}),
        ("times", "times", "zh-CN", {1: "1 次", 2: "2 次"}),
        ("visits", "visits", "bg", {1: "1 посещение", 5: "5 посещения"}),
        ("referrals", "referrals", "bg", {1: "1 препоръка", 5: "5 препоръки"}),
        ("currencies-months", "months", "bg", {1: "1 месец", 5: "5 месеца"}),
        ("currencies-years", "years", "bg", {1: "1 година", 5: "5 години"}),
        ("tiers-grace", "grace", "bg", {0: "", 1: ", 1 ден по-късно", 2: ", 2 дни по-късно"}),
        ("tiers-grace", "grace", "fa", {0: "", 1: "، ۱ روز دیرتر"}),
    ],
)
def test_w_numbers_take_the_plural_of_the_language(
    message: str, variable: str, locale: str, expected: dict[int, str]
) -> None:
    """One and many, as CLDR has them; Persian and Chinese nouns do not change."""
    got = {number: counted(message, variable, number, locale) for number in expected}

    assert got == expected


#: What a document writes in Latin letters, which no translation changes.
LATIN: Final = re.compile("Asia/Tehran|programme")


def test_w_a_persian_programme_is_persian_throughout() -> None:
    """No Latin letter and no European digit is left where the author has Persian names."""
    for part in describe(programme("persian-clinic")):
        rendered = catalogue().render(part.sentences, "fa-IR")
        assert rendered.translated
        assert not rendered.borrowed
        assert not re.search("[0-9A-Za-z]", LATIN.sub("", rendered.text)), rendered.text


@pytest.mark.parametrize("name", ["persian-clinic", "pharmacy"])
def test_w_isolates_are_balanced(name: str) -> None:
    """Whatever is isolated ends within its sentence, so that no reader's page is turned."""
    for part in describe(programme(name)):
        for sentence in part.sentences:
            depth = 0
            for character in catalogue().render([sentence], "fa").text:
                depth += {"\u2068": 1, "\u2069": -1}.get(character, 0)
                assert depth >= 0
            assert depth == 0


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"names": "own-zinc"}, "حساب می‌شود: \u2068own-zinc\u2069."),
        ({"names": "روی"}, "حساب می‌شود: \u2068روی\u2069."),
    ],
)
def test_w_a_code_cannot_turn_a_persian_sentence(args: dict[str, Any], expected: str) -> None:
    """Codes stand between isolates."""
    assert catalogue().render([Message("counted", args)], "fa").text == expected
