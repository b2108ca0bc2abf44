"""
Goodwill: staff put something right at once, within what their role may give in a day.

The budget is that of whoever gives, over all members, in a local day; it is taken in the same
transaction as the credit, so that nobody gives more by giving at two desks.  Of several roles the
largest allowance counts.  All API keys of a tenant are one giver: who may make keys would else make
budgets.  All who have a role may have a budget together, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

from msgspec import Meta, Struct, field

from chalicelib.domain.decide.claims import TakeFrom
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.mechanic import Given, Mechanic
from chalicelib.domain.errors import Forbidden, Invalid
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.events import Event, GoodwillGiven, noted
from chalicelib.domain.ledger.postings import ISSUED
from chalicelib.domain.mechanics import expiry, value
from chalicelib.domain.pointer import join
from chalicelib.domain.programme.document import Programme, qualified
from chalicelib.domain.programme.fields import Id, Model, Points
from chalicelib.domain.programme.references import known_currency
from chalicelib.domain.programme.section import Section
from chalicelib.domain.violations import Violation

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description

#: The role of those who call with an API key.
SERVER: Final = "server"
#: How long what was taken from a day's budget is kept.
_BUDGET_KEPT_DAYS: Final = 3


class Goodwill(Model, frozen=True):
    """
    What staff may credit: in which currency, for which reasons, and how much a day by role.

    A role that is not named may give nothing; ``server`` are all who call with API keys.  What all
    of a role give in a day is at most what ``daily_together`` says of it, if anything.
    """

    currency: Id
    daily: Annotated[dict[Id, Points], Meta(min_length=1, max_length=20)]
    daily_together: Annotated[dict[Id, Points], Meta(max_length=20)] = field(default_factory=dict)
    reasons: Annotated[tuple[Id, ...], Meta(max_length=50)] = ()
    max_each: Points | None = None


SECTION: Final[Section[Goodwill | None]] = Section("goodwill", Goodwill | None, None)


class GiveGoodwill(Command, frozen=True):
    """Credit so much for a reason, from the budget of the actor in their roles."""

    programme: str
    points: int
    reason: str
    note: str = ""


class Credited(Struct, frozen=True):
    """What was credited, and how much the giver may give in a day."""

    currency: str
    points: int
    daily_limit: int
    expires_on: str | None


def give(decider: Decider, command: GiveGoodwill) -> Credited:
    """Credit it, and take it from the giver's budget of the day."""
    now = decider.now
    programme = decider.programme(command.programme)
    terms = SECTION.of(programme)
    roles = decider.actor.roles or (SERVER,)
    daily = {} if terms is None else terms.daily
    role = max(roles, key=lambda each: daily.get(each, 0))
    limit = daily.get(role, 0)
    if terms is None or limit == 0:
        raise Forbidden(
            "goodwill_not_allowed",
            f"{programme.id} lets none of these roles give goodwill: {', '.join(roles)}.",
            roles=list(roles),
        )
    _check(terms, command)
    currency = programme.currency(terms.currency)
    if currency is None:
        raise AssertionError("validated: goodwill is in a currency of the programme")
    today = calendar.local_date(now, programme.time_zone)
    term = expiry.today(programme, currency, decider.member, now)
    event = decider.event()
    key = qualified(programme.id, currency.id)
    lot = value.as_it_lasts(event, key, term.opens(command.points))
    value.credit(event, key, lot, source=ISSUED, cause="goodwill")
    event.record(
        GoodwillGiven(key, command.points, command.reason, lot.key),
        detail=noted(command.note),
    )
    giver = SERVER if role == SERVER else decider.actor.name
    budgets = {giver: (limit, "Your role")}
    if (together := terms.daily_together.get(role)) is not None:
        budgets[f"role:{role}"] = (together, "All of your role together")
    for name, (budget, who) in budgets.items():
        decider.claim(
            TakeFrom(
                f"{programme.id}/goodwill/{name}/{today.isoformat()}",
                command.points,
                budget,
                refused=partial(over_budget, who, budget),
                kept_days=_BUDGET_KEPT_DAYS,
            )
        )
    return Credited(currency.id, command.points, limit, lot.key.expires_on)


def gave(event: Event) -> Iterator[Given]:
    """Yield what was credited."""
    data = event.data
    if isinstance(data, GoodwillGiven):
        yield Given(data.currency, data.amount, data.lot, ISSUED)


def over_budget(who: str, limit: int, left: int) -> Forbidden:
    """Return the refusal of what is more than is left of a day's budget."""
    return Forbidden(
        "goodwill_limit",
        f"{who} may give {limit} a day, of which {left} {'is' if left == 1 else 'are'} left, and "
        "this would be more: give less, or ask who may give more.",
        limit=limit,
        left=left,
    )


def _check(terms: Goodwill, command: GiveGoodwill) -> None:
    if terms.reasons and command.reason not in terms.reasons:
        known = ", ".join(terms.reasons)
        raise Invalid(
            "unknown_reason",
            f"Goodwill is given for these reasons: {known}.",
            errors=[{"pointer": "/reason", "detail": f"must be one of: {known}"}],
        )
    if terms.max_each is not None and command.points > terms.max_each:
        raise Invalid(
            "too_much_goodwill",
            f"At most {terms.max_each} are given at once.",
            errors=[{"pointer": "/points", "detail": f"must be at most {terms.max_each}"}],
        )


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with what a document says of goodwill."""
    terms = SECTION.of(programme)
    if terms is not None:
        yield from known_currency(programme, terms.currency, join("", SECTION.name, "currency"))
        for role in terms.daily_together.keys() - terms.daily.keys():
            place = join("", SECTION.name, "daily_together", role)
            yield Violation(place, "must be a role that `daily` names: others give nothing")


def words(compose: Composer) -> Iterator[Description]:
    """Tell that staff may put things right."""
    terms = SECTION.of(compose.programme)
    if terms is not None:
        name = compose.currency_name(terms.currency)
        credit = compose.message("goodwill-credit", name=name)
        yield compose.describe("goodwill", compose.programme.id, name, credit)


MECHANIC: Final = Mechanic(
    section=SECTION,
    handlers={GiveGoodwill: give},
    gave={GoodwillGiven: gave},
    problems=problems,
    words=words,
)
