"""Purchases that are quoted and confirmed, money that is paid in, and statuses that are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from chalicelib.domain.effects import LotChange
from chalicelib.domain.errors import LoyaltyError, Unavailable
from chalicelib.domain.ledger.events import (
    ActivityRecorded,
    EntitlementUse,
    Event,
    QuoteBought,
    WalletDraw,
)
from chalicelib.domain.ledger.events import (
    Outcome as JournalOutcome,
)
from chalicelib.domain.ledger.postings import kind_of
from chalicelib.domain.mechanics.quoting import SOURCE
from chalicelib.domain.mechanics.statuses import ShowStatus, WithdrawStatus
from chalicelib.domain.mechanics.wallets import TopUp
from chalicelib.domain.quote import Quote
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.execution import Done
from chalicelib.usecases.ports import Answer
from chalicelib.usecases.quote_purchase import (
    confirm_quote,
    confirmation_identity,
    quote_purchase,
)
from chalicelib.usecases.services import Caller, Services
from tests.faults.ending import Journal, TenantEnding
from tests.faults.play import Play
from tests.faults.programmes import PREPAID, PROGRAMME
from tests.faults.record import Outcome, Part, Request, Told
from tests.faults.telling import commanded, draw_identity, once, told
from tests.faults.world import priced


def make(play: Play, tenant: str) -> Request:
    """Draw a purchase to be priced: mostly more than what is prepaid, a coffee among it."""
    member, amount = play.member(tenant), 500 + play.chance.below(9000)
    command = priced(member, amount)

    def send(services: Services, caller: Caller) -> tuple[Outcome]:
        try:
            made = quote_purchase(services, caller, command)
        except Unavailable as fault:
            return (Outcome("open", fault.code),)
        except LoyaltyError as refusal:
            return (Outcome("refused", refusal.code),)
        play.quotes[tenant].append(made.quoted.quote)
        return (Outcome("read"),)

    return Request(send, f"{amount} by {member[-1]}")


def confirm(play: Play, tenant: str) -> Request | None:
    """Draw a quote to be bought, again perhaps, or under the identity of a till's receipt."""
    if not play.quotes[tenant]:
        return None
    quote = play.chance.pick(play.quotes[tenant][-4:])
    own = play.chance.percent(80)
    fact = (SOURCE, quote.id) if own else ("till", f"bill{play.chance.below(6)}")
    identity = confirmation_identity(quote.member, quote.id, fact)

    def run(services: Services, caller: Caller) -> Done:
        done = confirm_quote(services, caller, quote.member, quote.id, fact, _told, None)
        activity = msgspec.structs.replace(
            quote.activity, source=fact[0], external_id=fact[1], occurred_at=quote.made_at
        )
        if activity not in play.reported[tenant]:
            play.reported[tenant].append(activity)
        return done

    about = f"{quote.id[-3:]} as {fact[1]}"
    return Request(once(run), about, (Part(identity, None, fact, quote.member),))


def _told(decided: Decided) -> Answer:
    # Of the result what a client needs: the quote alone, since the rest is in the journal.
    quote: Quote = decided.results[-1].quote
    return told(decided._replace(results=(_Bought(quote.id),)))


class _Bought(msgspec.Struct, frozen=True):
    """What is told of a purchase."""

    quote: str


def pay_in(play: Play, tenant: str) -> Request:
    """Draw a top-up of either rate, or of none."""
    member, amount = play.member(tenant), play.chance.pick((1500, 2500, 6000))
    command = TopUp(member=member, programme=PROGRAMME, currency="prepaid", amount=amount)
    identity = draw_identity(play, tenant, "top up", (member, amount))
    return commanded(f"{amount} by {member[-1]}", identity, command)


def show(play: Play, tenant: str) -> Request:
    """Draw a status that is shown, for some days perhaps, or withdrawn."""
    member = play.member(tenant)
    until = "2027-01-01" if play.chance.percent(50) else None
    ways: tuple[ShowStatus | WithdrawStatus, ...] = (
        ShowStatus(member=member, programme=PROGRAMME, status="family"),
        ShowStatus(
            member=member,
            programme=PROGRAMME,
            status="family",
            from_on="2020-01-01",
            until_on=until,
        ),
        WithdrawStatus(member=member, programme=PROGRAMME, status="family", reason="by mistake"),
    )
    command = play.chance.pick(ways)
    identity = draw_identity(play, tenant, "status", (member, command))
    return commanded(f"{type(command).__name__} of {member[-1]}", identity, command)


def nothing_shown(answer: Told) -> bool:
    """Tell whether a status was so already."""
    return answer.result["changed"] is False


def check_quotes(tenant: TenantEnding) -> Iterator[str]:
    """Quotes cost what they say, once; what is drawn from a lot comes back to no other."""
    bought: Counter[str] = Counter()
    for member, journal in tenant.journals.items():
        name = f"{tenant.id} {member[-1]}"
        for entry in journal.entries:
            if isinstance(entry.data, ActivityRecorded) and entry.data.quote:
                bought[entry.data.quote] += 1
                yield from (f"{name}: {fault}" for fault in _cost(tenant, entry, entry.data))
        account = tenant.accounts.get(member)
        if account is not None and account.status != "closed":
            yield from (f"{name}: {fault}" for fault in _rates(tenant, member, journal))
    for quote_id, quote in tenant.quotes.items():
        if bought[quote_id] != (quote.state == "confirmed"):
            times = bought[quote_id]
            yield f"{tenant.id}: {quote_id} is {quote.state} and was bought {times} times"


def _cost(tenant: TenantEnding, entry: Event, data: ActivityRecorded) -> Iterator[str]:
    quote, outcome = tenant.quotes.get(data.quote), _bought(entry.outcomes)
    if quote is None or outcome is None:
        yield f"{entry.version} bought {data.quote}, which is not there"
        return
    drawn = sum(draw.amount for draw in outcome.draws)
    moved = sum(
        posting.amount
        for posting in entry.postings
        if posting.currency == PREPAID and kind_of(posting.destination) == "redeemed"
    )
    if not drawn == moved == sum(draw.amount for draw in quote.draws):
        yield f"{entry.version} drew {moved}, quoted were {quote.draws}"
    amount = data.activity.amount
    if quote.net - drawn != quote.due or amount != quote.net:
        yield f"{entry.version} cost {amount}, quoted were {quote.net}, due {quote.due}"
    used = [_taken_from(line.use) if line.use else None for line in outcome.freed]
    if used != [freed.units for freed in quote.freed]:
        yield f"{entry.version} used {outcome.freed}, quoted were {quote.freed}"


def _taken_from(use: EntitlementUse) -> int:
    """Return for how many units of a use it says where they come from."""
    if use.unlimited:
        return use.units
    return (use.quota.units if use.quota else 0) + sum(part.units for part in use.grants)


def _bought(outcomes: Iterable[JournalOutcome]) -> QuoteBought | None:
    return next((each for each in outcomes if isinstance(each, QuoteBought)), None)


def _rates(tenant: TenantEnding, member: str, journal: Journal) -> Iterator[str]:
    """What came in at each rate is there, or was given away, or drawn and did not come back."""
    expected: Counter[int] = Counter()
    for entry in journal.entries:
        if entry.kind in ("wallet.topped_up", "transfer.sent", "transfer.received"):
            for effect in entry.effects:
                if isinstance(effect, LotChange) and effect.currency == PREPAID:
                    expected[effect.lot.rate] += effect.delta
        for draw in draws_left(tenant, member, entry):
            back = draw.back
            for part in reversed(draw.taken):
                returned = min(part.amount, back)
                back -= returned
                expected[part.lot.rate] -= part.amount - returned
    held: Counter[int] = Counter()
    for lot in tenant.accounts[member].balance(PREPAID).lots:
        held[lot.key.rate] += lot.amount
    if +held != +expected:
        yield f"prepaid by rate are {dict(held)}, not {dict(expected)}"


def draws_left(tenant: TenantEnding, member: str, entry: Event) -> list[WalletDraw]:
    """Return what an entry drew from wallets, with what has come back since."""
    left = bought_left(tenant, member, entry)
    return [draw for draw in left.draws if draw.currency == PREPAID] if left else []


def bought_left(tenant: TenantEnding, member: str, entry: Event) -> QuoteBought | None:
    """Return what came of a purchase that was quoted, as reversals have left it."""
    remaining = tenant.remaining.get((member, entry.version))
    return _bought(entry.outcomes if remaining is None else remaining.outcomes)
