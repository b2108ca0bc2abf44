"""
The world of a history: two tenants with people of the same names, a clock, and the containers.

A scenario is made once in a process, without faults, and every history begins from its snapshot:
members who joined a week ago and hold value that is about to expire, and a second version of the
programme that takes effect soon.  One tenant lives in real time, the other has a test clock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from chalicelib.domain import voucher_code
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.calendar import Instant, add_days, local_date, parse_instant
from chalicelib.domain.mechanics.delegates import AddDelegate
from chalicelib.domain.mechanics.entitlement_uses import UseEntitlement
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.mechanics.gift_card_uses import UseGiftCard
from chalicelib.domain.mechanics.gift_cards import SellGiftCard
from chalicelib.domain.mechanics.holds import PlaceHold
from chalicelib.domain.mechanics.households import JoinHousehold
from chalicelib.domain.mechanics.quoting import MakeQuote
from chalicelib.domain.mechanics.wallets import TopUp
from chalicelib.domain.programme.versions import ProgrammeVersion
from chalicelib.routes import pricing as carts
from chalicelib.store import keys
from chalicelib.store.catalogue import DynamoCatalogue
from chalicelib.store.directory import DynamoDirectory
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.ledger import DynamoLedger
from chalicelib.store.models import clock_item
from chalicelib.store.reading import settings_of
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.create_member import NewMember, create_member
from chalicelib.usecases.execution import change_account
from chalicelib.usecases.holidays import set_holidays
from chalicelib.usecases.ports import Catalogue, Ledger
from chalicelib.usecases.publish_programme import draft_programme, publish_programme
from chalicelib.usecases.quote_purchase import confirm_quote, quote_purchase
from chalicelib.usecases.record_activity import Reported, record_activity
from chalicelib.usecases.redeem_reward import Wish, redeem_reward
from chalicelib.usecases.secrets import TenantSecrets
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import Answer, Settings
from tests.faults import storage
from tests.faults.chance import Chance
from tests.faults.programmes import GIFT, HOLIDAYS, MAX_MEMBERS, PROGRAMME, VERSIONS, document
from tests.faults.slots import COUNT, Slot

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

# (when it begins, where): year's end, both changes of the clock, a midnight that does not exist,
# a leap day, and an ordinary day at an odd offset.
SCENARIOS: Final = (
    ("2026-12-30T20:00:00Z", "Europe/London"),
    ("2027-03-27T09:00:00Z", "Europe/London"),
    ("2026-10-24T09:00:00Z", "Europe/London"),
    ("2027-03-12T18:00:00Z", "America/Havana"),
    ("2028-02-28T10:00:00Z", "Asia/Tehran"),
    ("2026-06-10T12:00:00Z", "Pacific/Chatham"),
)
PEOPLE: Final = ("ann", "bob", "cat")
# How many days after a history begins each has a birthday; the last has not said when.
BORN_AFTER: Final = (1, 3, None)
# What the first member has set aside when a history begins.
HELD_BEFORE: Final = "hold_before"
# The household of the second and the third member, with no place left.
HOME_BEFORE: Final = "hh_before"
# A gift card that was sold before a history begins, and paid for something.
CARD_BEFORE: Final = "card_before"
CARD_USE_BEFORE: Final = "use_before"
# What the second member's consultation cost, that was quoted and bought.
BOUGHT_BEFORE: Final = 13_579
# Whose redemptions clients know when a history begins: of the second reward one is left.
REDEEMED_BEFORE: Final = ((0, "tea"), (1, "keyring"))
SECRETS: Final = TenantSecrets(lambda: b"k" * 32)
# Who wrote what is there when a history begins.
BEFORE: Final = Actor("server", "setting")


class Tenant(NamedTuple):
    """One of the two; ``clocked`` where it has a test clock."""

    id: str
    clocked: bool


class Scenario(NamedTuple):
    """Where histories begin: what is stored, when it is, who is there (the same in both)."""

    number: int
    start: Instant
    time_zone: str
    tenants: tuple[Tenant, Tenant]
    stored: storage.Snapshot
    members: tuple[str, ...]
    versions: dict[str, tuple[ProgrammeVersion, ...]]


class ListsOfDays(NamedTuple):
    """The lists of days that a tenant keeps, from an instant of real time on."""

    since: Instant
    lists: dict[str, frozenset[str]]


def settings_in_store(tenant: str) -> Settings:
    """Return what is stored of a tenant's settings, without a call."""
    item = storage.partition(storage.CATALOGUE, keys.tenant_pk(tenant))[keys.TENANT]
    return settings_of(tenant, storage.read(item))


def clock_of(tenant: str, now: Instant) -> Instant:
    """Return what time it is for a tenant when it is ``now`` for everybody else."""
    item = storage.partition(storage.CATALOGUE, keys.tenant_pk(tenant)).get(keys.CLOCK)
    return now if item is None else int(item["instant"]["N"])


# The store that is put to the test, made for a container.
LedgerOver = Callable[[Dynamo], Ledger]


class Ids:
    """Ids in the order in which they are asked for; each tenant has the same ones."""

    def __init__(self, after: int = 0) -> None:
        self._number = after

    def __call__(self, kind: str) -> str:
        """Return the next id."""
        self._number += 1
        return f"{kind}_{self._number:026d}"


@cache
def slots() -> tuple[Slot, ...]:
    """Return the containers of this process; making them makes the tables too."""
    storage.create()
    return tuple(Slot(number) for number in range(COUNT))


@cache
def scenario(number: int) -> Scenario:
    """Make a scenario, once in a process."""
    start, time_zone = SCENARIOS[number]
    return _Setting(number, parse_instant(start), time_zone).made()


@cache
def scenarios() -> None:
    """Make every scenario of this process that is not made yet."""
    for number in range(len(SCENARIOS)):
        scenario(number)


class _Setting:
    """Makes a scenario: without faults, one call after the other."""

    def __init__(self, number: int, start: Instant, time_zone: str) -> None:
        self._number, self._start, self._time_zone = number, start, time_zone
        self._now = start - 8 * DAY
        self._dynamo = slots()[0].dynamo

    def made(self) -> Scenario:
        """Return the scenario, with everything stored that belongs to it."""
        storage.restore({name: {} for name in (storage.LEDGER, storage.DIRECTORY, storage.WORK)})
        tenants = (
            Tenant(f"north{self._number}", clocked=False),
            Tenant(f"south{self._number}", clocked=True),
        )
        catalogue = DynamoCatalogue(self._dynamo)
        members = [self._people(tenant, catalogue) for tenant in tenants]
        if members[0] != members[1]:
            raise AssertionError("the same people live in both")
        return Scenario(
            self._number,
            self._start,
            self._time_zone,
            tenants,
            storage.snapshot(),
            members[0],
            {tenant.id: tuple(catalogue.versions(tenant.id)) for tenant in tenants},
        )

    def _settings(self, tenant: Tenant) -> Settings:
        return Settings(tenant.id, tenant.id, self._time_zone, test_clock=tenant.clocked)

    def _person(self, who: str, after: int | None) -> NewMember:
        if after is None:
            return NewMember(external_id=("ehr", who))
        day = add_days(local_date(self._start, self._time_zone), after)
        return NewMember(external_id=("ehr", who), birthday=f"{day:%m-%d}")

    def _people(self, tenant: Tenant, catalogue: DynamoCatalogue) -> tuple[str, ...]:
        self._now = self._start - 8 * DAY
        catalogue.create_tenant(self._settings(tenant), self._now if tenant.clocked else None)
        services = services_over(
            self._dynamo,
            DynamoLedger(self._dynamo),
            catalogue,
            lambda: self._now,
            Ids(),
            Chance(0),
            no_pause,
        )
        caller = Caller(tenant.id, BEFORE)
        for number, rates in VERSIONS.items():
            draft_programme(services, caller, document(rates, self._time_zone))
            effective = self._now if number == 1 else self._start + 36 * HOUR
            publish_programme(services, caller, PROGRAMME, number, effective)
        members = tuple(
            create_member(services, caller, self._person(who, after), _told, None).member
            for who, after in zip(PEOPLE, BORN_AFTER, strict=True)
        )
        for who, activity in activities_before(self._start):
            self._now = activity.occurred_at
            if tenant.clocked:
                storage.put(storage.CATALOGUE, clock_item(tenant.id, self._now))
            record_activity(services, caller, Reported(activity, members[who]), _told)
        for who, reward in REDEEMED_BEFORE:
            redeem_reward(services, caller, members[who], Wish(PROGRAMME, reward), _told, None)
        aside = PlaceHold(
            member=members[0],
            programme=PROGRAMME,
            currency="points",
            amount=10,
            hold_id=HELD_BEFORE,
            minutes=10_000,
        )
        change_account(services, caller, aside, _told)
        for who, paid in ((1, 2500), (1, 6000), (0, 2500), (0, 6000)):
            self._now += MINUTE
            if tenant.clocked:
                storage.put(storage.CATALOGUE, clock_item(tenant.id, self._now))
            money = TopUp(member=members[who], programme=PROGRAMME, currency="prepaid", amount=paid)
            change_account(services, caller, money, _told)
        # Bought: at either rate of what was prepaid, and partly for money.
        bought = quote_purchase(services, caller, priced(members[1], BOUGHT_BEFORE)).quoted.quote
        confirm_quote(services, caller, members[1], bought.id, None, _told, None)
        coffee = GrantEntitlement(
            member=members[0],
            programme=PROGRAMME,
            entitlement="coffee",
            units=1,
            reason="long-wait",
        )
        change_account(services, caller, coffee, _told)
        # Two purchases, each of which would use the coffee and most of what is prepaid, one that
        # would use all of that and none of the coffee, one that uses nothing, and one, bought,
        # with the voucher of a tea: half of it is no pair, and under its least bill.
        for amount in (9000, 7000):
            quote_purchase(services, caller, priced(members[0], amount))
        dear = replace(priced(members[0], 12_345), excluded=frozenset({"coffee"}))
        quote_purchase(services, caller, dear)
        for amount, codes in ((500, ()), (5000, (redeemed_before(tenant.id, members)[0][2],))):
            asked = replace(priced(members[0], amount), payments=(), excluded=frozenset({"coffee"}))
            made = quote_purchase(services, caller, asked, codes)
        sale = made.quoted.quote.id
        confirm_quote(services, caller, members[0], sale, None, _told, None)
        self._bound(services, caller, members)
        gift = SellGiftCard(
            member=CARD_BEFORE,
            programme=PROGRAMME,
            gift_card=GIFT,
            amount=2500,
            code=code_hash(tenant.id, CARD_BEFORE),
        )
        change_account(services, caller, gift, _told)
        paid_with_it = UseGiftCard(
            member=CARD_BEFORE, use_id=CARD_USE_BEFORE, amount=700, money="USD"
        )
        change_account(services, caller, paid_with_it, _told)
        # The first member's last event; of the quota one is left.
        parking = UseEntitlement(member=members[0], programme=PROGRAMME, entitlement="parking")
        change_account(services, caller, parking, _told)
        # A day of every year and a date, so that quotes know both kinds before lists change.
        today = local_date(self._start, self._time_zone)
        listed = (f"{today:%m-%d}", f"{add_days(today, 2)}")
        set_holidays(services, caller, {HOLIDAYS: listed}, 0)
        return members

    def _bound(self, services: Services, caller: Caller, members: tuple[str, ...]) -> None:
        """Let the second and the third live together, and the first two act for one another."""
        for founding, one in ((MAX_MEMBERS, members[1]), (None, members[2])):
            home = JoinHousehold(
                member=one, household=HOME_BEFORE, role="adult", max_members=founding
            )
            change_account(services, caller, home, _told)
        for one, other in (members[:2], members[1::-1]):
            acts = AddDelegate(
                member=one,
                delegate=other,
                capacity="relative",
                scopes=("redeem",),
                time_zone=self._time_zone,
            )
            change_account(services, caller, acts, _told)


def priced(member: str, amount: int, covered: Sequence[int] = (0, 0)) -> MakeQuote:
    """
    Return a purchase to be priced: consultations for so much, and a coffee.

    For an odd amount it is one consultation, which is no pair, else two.  An insurer pays what is
    ``covered`` besides, of each of both.
    """
    kinds = (("1", amount, 2 - amount % 2, "consult"), ("2", 300, 1, "coffee"))
    cart = [
        carts.QuotedLineBody(own + part, part, units, category, id=line)
        for (line, own, units, category), part in zip(kinds, covered, strict=True)
    ]
    return MakeQuote(
        member=member,
        programme=PROGRAMME,
        quote_id="",
        activity=replace(carts.activity_of("USD", cart), type="payment.received"),
        covered=tuple(line.covered for line in cart),
    )


def activities_before(start: Instant) -> list[tuple[int, Activity]]:
    """Return what was reported of whom before histories begin, the latest last."""

    def activity(number: int, kind: str, at: Instant, **more: Any) -> Activity:
        return Activity(kind, "emr", f"before-{number}", at, **more)

    return [
        (0, activity(0, "visit.completed", start - 4 * DAY, attributes={"online": True})),
        (0, activity(1, "visit.completed", start - 2 * DAY)),
        (1, activity(2, "visit.completed", start - 2 * DAY, attributes={"online": True})),
        (0, activity(3, "checkup.completed", start - DAY)),
        (0, activity(4, "payment.received", start, amount=9900, money="USD")),
    ]


def redeemed_before(tenant: str, members: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return (member, redemption, code) of what was redeemed before histories begin."""
    found = []
    for number, (who, _) in enumerate(REDEEMED_BEFORE, start=len(PEOPLE) + 1):
        redemption = f"red_{number:026d}"
        code = voucher_code.make(SECRETS.code_seed(tenant, redemption))
        found.append((members[who], redemption, voucher_code.shown(code)))
    return found


def card_code(tenant: str, card: str) -> str:
    """Return the code of a gift card, as it is printed."""
    return voucher_code.shown(voucher_code.make(SECRETS.code_seed(tenant, card)))


def code_hash(tenant: str, card: str) -> str:
    """Return the look-up hash of a gift card's code."""
    return SECRETS.gift_card(tenant, voucher_code.read(card_code(tenant, card)))


def services_over(
    dynamo: Dynamo,
    ledger: Ledger,
    catalogue: Catalogue,
    clock: Callable[[], Instant],
    ids: Ids,
    chance: Chance,
    pause_ms: Callable[[float], None],
) -> Services:
    """Return the services of one container for one tenant."""
    return Services(
        ledger=ledger,
        directory=DynamoDirectory(dynamo),
        catalogue=catalogue,
        secrets=SECRETS,
        wall_clock=clock,
        new_id=ids,
        random_bytes=_no_bytes,
        jitter=chance.fraction,
        pause_ms=pause_ms,
    )


class Known(DynamoCatalogue):
    """
    A catalogue that has settings and programmes in memory already, as a warm container does.

    Of what changes in a history it reads the test clock from the store like any other, and lists of
    days without a call.
    """

    def __init__(self, scenario: Scenario, dynamo: Dynamo) -> None:
        super().__init__(dynamo)
        self._scenario = scenario

    def settings(self, tenant: str, *, fresh: bool = False) -> Settings | None:  # noqa: ARG002 - always fresh
        """Return a tenant's settings."""
        return settings_in_store(tenant)

    def versions(self, tenant: str, *, fresh: bool = False) -> Sequence[ProgrammeVersion]:  # noqa: ARG002 - they do not change here
        """Return a tenant's programmes."""
        return self._scenario.versions[tenant]


def no_pause(_milliseconds: float) -> None:
    """Refuse to wait: where nothing goes wrong nobody has to."""
    raise AssertionError("a retry where nothing goes wrong")


def _no_bytes(_count: int) -> bytes:
    raise AssertionError("nothing here asks for random bytes")


def _told(_decided: Decided) -> Answer:
    return Answer(200, b"{}")
