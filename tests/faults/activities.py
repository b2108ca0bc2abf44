"""Activities that clients report, alone or many at once, and take back."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from chalicelib.domain.errors import LoyaltyError, Unavailable
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.events import QUOTED, Line
from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.usecases.execution import Done
from chalicelib.usecases.identity import activity_identity
from chalicelib.usecases.record_activity import Reported, record_activities, record_activity
from chalicelib.usecases.reverse_activity import Reversal, reverse_activity
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import IdempotencyKey
from tests.faults.play import Play
from tests.faults.programmes import PACKAGE
from tests.faults.record import Answered, Outcome, Part, Request
from tests.faults.revoking import noting
from tests.faults.telling import accepted, answer_of, draw_identity, once, request

_SOURCE: Final = "emr"
#: Where purchases that were quoted are confirmed, if not in the name of the quote.
TILL: Final = "till"


def _activity(play: Play, tenant: str) -> Activity:
    """Draw an activity: a new one, or one that was reported before, as it was or told otherwise."""
    chance, before = play.chance, play.reported[tenant]
    if before and chance.percent(12):
        known = chance.pick(before)
        return msgspec.structs.replace(known, quantity=4000) if chance.percent(30) else known
    kind = chance.weighted(
        (
            ("visit.completed", 5),
            ("payment.received", 5),
            ("steps.recorded", 2),
            ("exercise.recorded", 1),
            ("checkup.completed", 1),
        )
    )
    amount: int | None = None
    lines: tuple[Line, ...] = ()
    if kind == "payment.received":
        amount = 500 + chance.below(30_000)
        if chance.percent(40):
            first, second = 1 + chance.below(amount - 1), chance.below(9000)
            lines = (Line("1", first, 2, "vitamins"), Line("2", second, 1, "prescription"))
            amount = None
        elif chance.percent(15):
            # One package, or mostly two, by what was drawn already.
            names = ("1", "2") if amount % 4 else ("1",)
            sku, price = PACKAGE["sku"], PACKAGE["price"]
            lines = tuple(Line(name, price, 1, "coffee", sku) for name in names)
            amount = None
    quantity = None
    if kind in ("steps.recorded", "exercise.recorded"):
        quantity = 10 + chance.below(9000 if kind == "steps.recorded" else 90)
    attributes: dict[str, str | int | bool] = {}
    if chance.percent(50):
        attributes["online"] = chance.percent(60)
    return Activity(
        type=kind,
        source=_SOURCE,
        external_id=f"a{play.number(tenant)}",
        occurred_at=play.earlier(tenant),
        amount=amount,
        money="USD" if kind == "payment.received" else None,
        quantity=quantity,
        lines=lines,
        attributes=attributes,
    )


def _activity_part(reported: Reported, also: IdempotencyKey | None = None) -> Part:
    activity = reported.activity
    person = reported.member or reported.external_id or ""
    known_by = (activity.source, activity.external_id)
    own = activity_identity(activity)
    if also is not None:
        # The request is the same as long as the activity is.
        also = replace(also, fingerprint=own.fingerprint)
    return Part(own, also, known_by, person)


def record(play: Play, tenant: str) -> Request:
    """Draw the report of an activity about a member."""
    activity, member = _activity(play, tenant), play.member(tenant)
    play.reported[tenant].append(activity)
    also = draw_identity(play, tenant, "record", activity) if play.chance.percent(30) else None
    reported = Reported(activity, member)
    return Request(
        once(
            lambda s, c: noting(
                play, tenant, record_activity(s, c, reported, answer_of, request=also)
            )
        ),
        f"{activity.type} {activity.external_id} of {member[-1]}",
        (_activity_part(reported, also),),
    )


def draw_person(play: Play) -> tuple[str, str]:
    """Draw an external id, of someone known or not, of few enough that they meet."""
    return ("ehr", play.chance.pick(("ann", "bob", "dan", "eve")))


def record_external(play: Play, tenant: str) -> Request:
    """Draw the report of an activity about someone with an external id."""
    activity, person = _activity(play, tenant), draw_person(play)
    play.reported[tenant].append(activity)
    reported = Reported(activity, external_id=person)
    return Request(
        once(lambda s, c: record_activity(s, c, reported, answer_of)),
        f"{activity.type} {activity.external_id} of {person[1]}",
        (_activity_part(reported),),
    )


def batch(play: Play, tenant: str) -> Request:
    """Draw several reports in one request."""
    reports = []
    for _ in range(2 + play.chance.below(3)):
        activity = _activity(play, tenant)
        if play.chance.percent(70):
            reports.append(Reported(activity, play.member(tenant)))
        else:
            reports.append(Reported(activity, external_id=draw_person(play)))
        play.reported[tenant].append(activity)

    def send(services: Services, caller: Caller) -> list[Outcome]:
        try:
            outcomes = record_activities(services, caller, reports, answer_of)
        except Unavailable as fault:
            return [Outcome("open", fault.code)] * len(reports)
        return [_outcome_of_many(each.done, each.refusal) for each in outcomes]

    names = " ".join(reported.activity.external_id for reported in reports)
    return Request(send, names, tuple(map(_activity_part, reports)))


def _outcome_of_many(done: Done | None, refusal: LoyaltyError | None) -> Outcome:
    if done is not None:
        return accepted(done)
    if refusal is None or isinstance(refusal, Unavailable):
        return Outcome("open")
    return Outcome("refused", refusal.code)


def reverse(play: Play, tenant: str) -> Request:
    """Draw a reversal: whole, of a part, of a line, or of an amount of all lines."""
    reported = play.reported[tenant] + play.before
    bought = [each for each in reported if each.source in (QUOTED, TILL)]
    lined = [
        activity for activity in play.reported[tenant] if activity.lines and not activity.amount
    ]
    if play.reversed[tenant] and play.chance.percent(60):
        # One activity that comes back in several parts, at once or one after the other.
        activity = play.chance.pick(play.reversed[tenant][-2:])
    elif bought and play.chance.percent(60):
        # What was quoted has most to give back: what wallets paid, and what made lines free.
        activity = play.chance.pick(bought)
    elif lined and play.chance.percent(50):
        # What has lines has most to judge anew: rules that compete, packages, shares of an amount.
        activity = play.chance.pick(lined)
    else:
        activity = play.chance.pick(reported)
    play.reversed[tenant].append(activity)
    lines: tuple[LineReversal, ...] = ()
    amount: int | None = None
    if play.chance.percent(60):
        # Now and then what such an activity does not have.
        if any(line.sku for line in activity.lines):
            lines = tuple(LineReversal(line.id, unused=True) for line in activity.lines)
        elif activity.lines and play.chance.percent(18):
            total = sum(line.amount for line in activity.lines)
            amount = max(total, 1000) // play.chance.pick((2, 3, 5, 7))
        elif bool(activity.lines) != play.chance.percent(5):
            line = play.chance.pick(activity.lines).id if activity.lines else "1"
            lines = (LineReversal(line, None, play.chance.pick((1, None, None))),)
        elif bool(activity.amount) != play.chance.percent(5):
            amount = max(activity.amount or 0, 1000) // play.chance.pick((2, 3, 5, 7))
    reversal = Reversal(activity.source, activity.external_id, lines, amount)
    identity = draw_identity(play, tenant, "reverse", reversal)
    return request(
        f"{activity.external_id} {amount or lines or 'whole'}",
        identity,
        lambda s, c: reverse_activity(s, c, reversal, answer_of, identity),
    )


def nothing_reversed(answer: Answered) -> bool:
    """Tell whether there was nothing left to take back."""
    return answer.result["changed"] is False
