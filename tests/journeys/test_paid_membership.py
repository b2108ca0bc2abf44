"""Paid membership: a plan by the month or year, what it brings, and how it lapses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.client import at_once
from tests.journeys.world import Clinic, LocalWorld

PROGRAMME = "paid-membership"


@pytest.fixture
def practice(world: LocalWorld) -> Clinic:
    """Return a sandbox in January 2027 with the practice's programme."""
    made = world.sandbox("2027-01-17T15:00:00Z")
    made.publish(PROGRAMME)
    return made


@pytest.fixture
def patient(practice: Clinic) -> str:
    """Return somebody who has joined."""
    return practice.enrolled()


def post(practice: Clinic, patient: str, path: str = "", **body: Any) -> Any:
    """Ask for something about the plan, at the desk."""
    target = f"/v1/members/{patient}/subscriptions{path}"
    return practice.staff("receptionist").post(target, {"programme": PROGRAMME, **body})


def plan(practice: Clinic, patient: str) -> Any:
    """Return the plan as the patient sees it, or None."""
    found = practice.member(patient).get(f"/v1/members/{patient}/subscriptions").expect(200)
    return next(iter(found["subscriptions"]), None)


def entitled(practice: Clinic, patient: str) -> dict[str, int | None]:
    """Return what is left of what the patient may use."""
    found = practice.api.get(f"/v1/members/{patient}/entitlements").expect(200)["entitlements"]
    return {each["entitlement"]: each["left"] for each in found}


def tier(practice: Clinic, patient: str) -> str:
    """Return the tier."""
    found = practice.api.get(f"/v1/members/{patient}/tier").expect(200)["tiers"]
    return str(found[0]["tier"])


def use(practice: Clinic, patient: str, entitlement: str) -> Any:
    """Use an entitlement."""
    body = {"programme": PROGRAMME, "entitlement": entitlement}
    return practice.api.post(f"/v1/members/{patient}/entitlement-uses", body)


def test_trial_then_months(practice: Clinic, patient: str) -> None:
    """Two weeks are free; then months from 31 January on, each to its own last day."""
    assert (entitled(practice, patient), tier(practice, patient)) == ({}, "guest")
    begun = post(practice, patient, plan="monthly").expect(201)["subscription"]
    assert (begun["state"], begun["until_on"]) == ("trial", "2027-01-30")
    assert tier(practice, patient) == "member"
    assert entitled(practice, patient) == {
        "named-clinician": None,
        "phone-access": 2,
        "parking": 4,
        "priority-booking": None,
        "members": None,  # 15 % off, by the tier that the plan brings
    }

    paid = post(practice, patient, "/fees", reference="card 1").expect(201)
    assert paid["fee"] == {
        "plan": "monthly",
        "amount": {"amount": 18_000, "currency": "USD"},
        "from_on": "2027-01-31",
        "until_on": "2027-02-27",
    }
    trial = plan(practice, patient)
    assert (trial["state"], trial["trial_until"]) == ("trial", "2027-01-31T05:00:00Z")
    practice.move_to("2027-01-31T05:00:00Z")
    assert (plan(practice, patient)["state"], plan(practice, patient)["until_on"]) == (
        "active",
        "2027-02-27",
    )
    paid = post(practice, patient, "/fees").expect(201)["subscription"]
    assert paid["until_on"] == "2027-03-30"
    practice.check(patient)


def test_past_due_and_ended(practice: Clinic, patient: str) -> None:
    """Without a fee there is a week of grace, in which everything holds; then nothing does."""
    post(practice, patient, plan="monthly").expect(201)
    practice.move_to("2027-01-31T05:00:00Z")
    late = plan(practice, patient)
    assert (late["state"], late["grace_until"]) == ("past_due", "2027-02-07T05:00:00Z")
    assert tier(practice, patient) == "member"
    practice.move_to("2027-02-01T15:00:00Z")
    use(practice, patient, "parking").expect(201)

    practice.move_to("2027-02-07T04:59:59Z")
    assert entitled(practice, patient)["parking"] == 3
    practice.move_to("2027-02-07T05:00:00Z")

    assert plan(practice, patient) is None
    assert (entitled(practice, patient), tier(practice, patient)) == ({}, "guest")
    use(practice, patient, "parking").expect(409, "not_entitled")
    post(practice, patient, "/fees").expect(409, "not_subscribed")
    # The trial was had: the next begins with a fee.
    again = post(practice, patient, plan="monthly").expect(201)["subscription"]
    assert (again["state"], again["until_on"]) == ("active", "2027-03-06")
    practice.check(patient)


def test_paying_late_gains_no_days(practice: Clinic, patient: str) -> None:
    """A fee in the grace pays for the period that has begun."""
    post(practice, patient, plan="light").expect(201)
    practice.move_to("2027-02-20T15:00:00Z")
    assert plan(practice, patient)["state"] == "past_due"

    paid = post(practice, patient, "/fees").expect(201)["subscription"]

    assert (paid["state"], paid["until_on"], paid["grace_until"]) == ("active", "2027-03-16", None)


def test_cancelled(practice: Clinic, patient: str) -> None:
    """Cancelled for the end of the period it runs to there, without a grace."""
    post(practice, patient, plan="light").expect(201)
    result = post(practice, patient, "/cancellation", reason="moving").expect(200)
    assert (result["subscription"]["state"], result["prorated"]["amount"]) == ("cancelled", 0)
    assert post(practice, patient, "/cancellation").expect(200)["changed"] is False

    # Nothing else follows what ends, unless it is resumed.
    refused = post(practice, patient, "/change", plan="yearly").expect(409, "plan_state")
    assert refused["state"] == "cancelled"
    post(practice, patient, "/fees").expect(409, "plan_state")
    again = post(practice, patient, "/resumption").expect(200)["subscription"]
    assert (again["state"], again["next_fee"]["from_on"]) == ("active", "2027-02-17")
    post(practice, patient, "/cancellation").expect(200)

    practice.move_to("2027-02-17T04:59:59Z")
    assert entitled(practice, patient) == {"phone-access": 2}
    practice.move_to("2027-02-17T05:00:00Z")
    assert entitled(practice, patient) == {}


def test_s5_paused(practice: Clinic, patient: str) -> None:
    """S5: three months abroad cost nothing and bring nothing; then the days are there that were."""
    post(practice, patient, plan="yearly").expect(201)
    until = plan(practice, patient)["until_on"]
    practice.move_to("2027-03-01T15:00:00Z")
    paused = post(practice, patient, "/pause", months=3).expect(200)["subscription"]

    assert (paused["state"], paused["resumes_at"]) == ("paused", "2027-06-01T04:00:00Z")
    assert (until, paused["until_on"]) == ("2028-01-16", "2028-04-17")
    assert (entitled(practice, patient), tier(practice, patient)) == ({}, "guest")
    use(practice, patient, "phone-access").expect(409, "not_entitled")
    post(practice, patient, "/pause", months=13).expect(422, "invalid_body")
    practice.move_to("2027-06-01T04:00:00Z")
    assert (plan(practice, patient)["state"], tier(practice, patient)) == ("active", "member")
    practice.check(patient)


def test_cancelled_at_once(practice: Clinic, patient: str) -> None:
    """Of 31 days 21 are left: so much of the fee is left over."""
    post(practice, patient, plan="light").expect(201)
    practice.move_to("2027-01-27T15:00:00Z")

    result = post(practice, patient, "/cancellation", when="now").expect(200)

    assert result["subscription"] is None
    assert result["prorated"] == {"amount": -round(6000 * 21 / 31), "currency": "USD"}
    assert entitled(practice, patient) == {}


def test_upgraded_and_downgraded(practice: Clinic, patient: str) -> None:
    """Up at once for the days that remain; down when the period ends; to a year with a new one."""
    post(practice, patient, plan="light").expect(201)
    practice.move_to("2027-01-27T15:00:00Z")
    up = post(practice, patient, "/change", plan="monthly").expect(200)
    owed = round(18000 * 21 / 31) - round(6000 * 21 / 31)
    assert (up["prorated"]["amount"], up["subscription"]["until_on"]) == (owed, "2027-02-16")
    assert (tier(practice, patient), entitled(practice, patient)["parking"]) == ("member", 4)

    down = post(practice, patient, "/change", plan="light", when="period_end").expect(200)
    assert (down["subscription"]["following"], down["prorated"]["amount"]) == ("light", 0)
    assert tier(practice, patient) == "member"
    practice.move_to("2027-02-17T05:00:00Z")
    assert (plan(practice, patient)["plan"], plan(practice, patient)["state"]) == (
        "light",
        "past_due",
    )
    assert (tier(practice, patient), "parking" in entitled(practice, patient)) == ("guest", False)
    # S3: a fee says what it is for, or is taken for what is due next.
    wrong = post(practice, patient, "/fees", plan="monthly").expect(409, "another_fee_due")
    assert (wrong["plan"], wrong["from_on"]) == ("light", "2027-02-17")
    paid = post(practice, patient, "/fees", plan="light").expect(201)["subscription"]
    assert (paid["plan"], paid["until_on"]) == ("light", "2027-03-16")

    year = post(practice, patient, "/change", plan="yearly").expect(200)
    # All 28 days of the month are left.
    assert year["prorated"]["amount"] == 180_000 - 6_000
    assert year["subscription"]["until_on"] == "2028-02-16"
    assert entitled(practice, patient)["advanced-tests"] == 2
    practice.check(patient)


def test_what_is_owed_is_on_the_statement(practice: Clinic, patient: str) -> None:
    """S1, S2: each fee, what a change makes owed, and what an end leaves over."""
    post(practice, patient, plan="monthly").expect(201)
    post(practice, patient, "/fees").expect(201)
    # The trial is not over, and a month is paid for: the rest of the year is owed.
    year = post(practice, patient, "/change", plan="yearly").expect(200)
    assert year["prorated"]["amount"] == 180_000 - 18_000
    ended = post(practice, patient, "/cancellation", when="now").expect(200)
    assert ended["prorated"]["amount"] == -180_000

    page = practice.member(patient).get(f"/v1/members/{patient}/statement").expect(200)

    told = [
        (each["kind"], each["plan"], each.get("net"), each.get("returned"), each["due"])
        for each in page["entries"]
    ]
    fee, owed, left = ({"amount": n, "currency": "USD"} for n in (18_000, 162_000, 180_000))
    assert told == [
        ("plan_end", "yearly", None, left, left),
        ("plan_change", "yearly", owed, None, owed),
        ("plan_fee", "monthly", fee, None, fee),
    ]


def test_the_last_call_of_the_month(practice: Clinic, patient: str) -> None:
    """Of two calls a month two are used, whoever asks at once; the first renews them."""
    post(practice, patient, plan="yearly").expect(201)

    answers = at_once(8, lambda _: use(practice, patient, "phone-access"))

    assert sorted(each.status for each in answers) == [201] * 2 + [409] * 6
    assert {each.code for each in answers if each.status == 409} == {"quota_exhausted"}
    practice.move_to("2027-02-01T05:00:00Z")
    use(practice, patient, "phone-access").expect(201)


def test_members_pay_less_and_earn_more(practice: Clinic, patient: str) -> None:
    """A plan's tier is a tier: 15 % off, and twice the points."""
    post(practice, patient, plan="yearly").expect(201)
    assert practice.record(patient).expect(201)["awards"][0]["amount"] == 40
    body = {"programme": PROGRAMME, "currency": "USD", "lines": [{"amount": 10_000}]}
    quoted = practice.api.post(f"/v1/members/{patient}/quotes", body).expect(201)["quote"]
    assert quoted["due"]["amount"] == 8_500


def test_refused(practice: Clinic, patient: str) -> None:
    """One plan at a time, of those that there are, for who has joined."""
    post(practice, patient, plan="gold").expect(404, "plan_not_found")
    post(practice, patient, "/change", plan="light").expect(409, "not_subscribed")
    post(practice, patient, plan="light").expect(201)
    refused = post(practice, patient, plan="yearly").expect(409, "already_subscribed")
    assert refused["plan"] == "light"
    assert post(practice, patient, "/change", plan="light").expect(200)["changed"] is False
    practice.member(patient).post(
        f"/v1/members/{patient}/subscriptions", {"programme": PROGRAMME, "plan": "light"}
    ).expect(403)


@pytest.mark.parametrize(
    ("when", "earned"),
    [
        ("2027-01-19T13:59:59Z", 0),  # 08:59 of a Tuesday in New York
        ("2027-01-19T14:00:00Z", 30),
        ("2027-01-19T16:59:59Z", 30),
        ("2027-01-19T17:00:00Z", 0),
        ("2027-01-20T15:00:00Z", 0),  # a Wednesday
        ("2027-01-21T15:00:00Z", 30),
        ("2027-06-15T13:00:00Z", 30),  # in summer nine o'clock is an hour earlier
    ],
)
def test_quiet_hours(practice: Clinic, patient: str, when: str, earned: int) -> None:
    """Classes on Tuesday and Thursday mornings earn, by the clock of the practice."""
    practice.move_to(when)

    result = practice.record(patient, "wellness.attended").expect(201)

    assert sum(each["amount"] for each in result["awards"]) == earned
    if not earned:
        rules = {each["rule"]: each for each in result["explanation"][0]["rules"]}
        assert "none of the times" in rules["morning-class"]["reason"]


def test_rounded_up(practice: Clinic, patient: str) -> None:
    """Six months after a class in January is July: they last to the end of the year's half."""
    practice.move_to("2027-01-19T14:00:00Z")
    practice.record(patient, "wellness.attended").expect(201)
    assert practice.balance(patient, "wellbeing")["next_expiry"]["expires_on"] == "2027-12-31"


def test_as_long_as_one_comes(practice: Clinic, patient: str) -> None:
    """Points last 18 months after the last visit, whatever else is recorded, and go at once."""
    practice.record(patient).expect(201)
    practice.move_to("2027-06-01T15:00:00Z")
    practice.record(patient).expect(201)
    practice.record(patient, "goal.met").expect(201)
    found = practice.balance(patient)["next_expiry"]
    assert (found["amount"], found["expires_on"]) == (40, "2028-12-01")
    assert practice.balance(patient, "stars")["next_expiry"]["expires_on"] == "2029-06-30"

    practice.move_to("2028-12-02T04:59:59Z")
    assert practice.available(patient) == 40
    practice.move_to("2028-12-02T05:00:00Z")
    assert practice.available(patient) == 0
    assert practice.check(patient)[-1]["kind"] == "lots.expired"


def test_u10_the_end_is_announced(practice: Clinic, patient: str) -> None:
    """Two weeks before stars end the journal says which, also where activities have moved them."""
    practice.record(patient, "goal.met").expect(201)
    ends = practice.balance(patient, "stars")["next_expiry"]
    assert (ends["amount"], ends["expires_on"]) == (1, "2029-06-30")
    practice.move_to("2029-06-19T15:00:00Z")
    practice.record(patient, "steps.recorded", quantity=10).expect(201)
    moved = practice.balance(patient, "stars")["next_expiry"]
    assert (moved["amount"], moved["expires_on"]) == (1, "2029-12-16")
    practice.move_to("2029-12-18T15:00:00Z")
    practice.record(patient, "steps.recorded", quantity=10).expect(201)

    announced = [each for each in practice.check(patient) if each["kind"] == "expiry.announced"]
    assert [each["effective_at"] for each in announced] == [
        "2029-06-16T04:00:00Z",
        "2029-12-02T05:00:00Z",
    ]
    assert [
        (part["currency"], part["amount"], part["expires_on"])
        for each in announced
        for part in each["expiring"]
    ] == [("stars", 1, "2029-06-30"), ("stars", 1, "2029-12-16")]
    assert practice.available(patient, "stars") == 0


def test_u6_seniors_earn_double(practice: Clinic) -> None:
    """From the day that was given for it, by the clock of the practice; nobody else does."""
    senior = practice.enrolled(age_bands={"senior": "2027-01-18"})
    unknown = practice.enrolled(birthday="01-18")
    for when, earned in (("2027-01-18T04:59:59Z", 1), ("2027-01-18T05:00:00Z", 2)):
        practice.move_to(when)
        for member, stars in ((senior, earned), (unknown, 1)):
            (award,) = practice.record(member, "goal.met").expect(201)["awards"]
            assert award["amount"] == stars


def test_redeemed_by_itself(practice: Clinic, patient: str) -> None:
    """The third class makes 90 points, which are a call at once; the fourth begins again."""
    practice.move_to("2027-01-19T14:00:00Z")
    outcomes = []
    activities = []
    for _ in range(4):
        activity = practice.activity(patient, "wellness.attended")
        activities.append(activity)
        outcomes.append(practice.api.post("/v1/activities", activity).expect(201)["outcomes"])

    assert [bool(each) for each in outcomes] == [False, False, True, False]
    assert outcomes[2][0]["outcome"] == {"extra-call": 1}
    assert practice.available(patient, "wellbeing") == 30
    assert entitled(practice, patient) == {"phone-access": 1}
    # What it stood for is taken back, and what it gave stays: the rest is a debt.
    for activity in activities[:2]:
        back = {"source": activity["source"], "external_id": activity["external_id"]}
        practice.api.post("/v1/activities/reversals", back).expect(201)
    assert practice.available(patient, "wellbeing") == -30
    practice.check(patient)
