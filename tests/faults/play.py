"""What the clients of a history know, so that what they ask for next makes sense."""

from __future__ import annotations

from collections import defaultdict
from typing import Final, NamedTuple

from msgspec.structs import replace

from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import QUOTED
from chalicelib.domain.ledger.quote import Quote
from chalicelib.domain.mechanics.quoting import QUOTES
from chalicelib.store import items, keys
from chalicelib.usecases.stored import IdempotencyKey, IndexRange
from tests.faults import storage
from tests.faults.chance import Chance
from tests.faults.programmes import GOODS
from tests.faults.world import (
    CARD_BEFORE,
    CARD_USE_BEFORE,
    DAY,
    HELD_BEFORE,
    HOME_BEFORE,
    HOUR,
    MINUTE,
    REDEEMED_BEFORE,
    Scenario,
    activities_before,
    card_code,
    clock_of,
    redeemed_before,
)

# How often the first member is meant: most of what can go wrong takes two at one account.
HOT_PERCENT: Final = 70


class Redeemed(NamedTuple):
    """A redemption that a client was told of."""

    member: str
    redemption: str
    code: str


class Token(NamedTuple):
    """A token of an entitlement that somebody holds: for one unit, until its end."""

    member: str
    entitlement: str
    number: str
    expires_at: Instant


class Play:
    """
    Chance, the clock, and what clients were told so far, by tenant.

    ``now`` is real time; a tenant with a test clock has its own.
    """

    def __init__(self, scenario: Scenario, chance: Chance) -> None:
        self.scenario = scenario
        self.chance = chance
        self.now = scenario.start
        self.members = {tenant.id: list(scenario.members) for tenant in scenario.tenants}
        self.redeemed = {
            tenant.id: [Redeemed(*known) for known in redeemed_before(tenant.id, scenario.members)]
            for tenant in scenario.tenants
        }
        # Those whose goods are still to be handed over.
        self.goods = {
            tenant: [known[n] for n, (_, reward) in enumerate(REDEEMED_BEFORE) if reward == GOODS]
            for tenant, known in self.redeemed.items()
        }
        self.tokens = {
            tenant.id: [Token(scenario.members[0], "wifi", "once_before", scenario.start + HOUR)]
            for tenant in scenario.tenants
        }
        self.reported: dict[str, list[Activity]] = defaultdict(list)
        self.reversed: dict[str, list[Activity]] = defaultdict(list)
        self.before = [activity for _, activity in activities_before(scenario.start)]
        self.before += _bought_before(scenario)
        self.used_keys: dict[tuple[str, str], list[IdempotencyKey]] = defaultdict(list)
        self.quotes: dict[str, list[Quote]] = {}
        for tenant in scenario.tenants:
            known = _quoted_before(tenant.id, scenario.members[0])
            self.quotes[tenant.id] = [each for each in known if each.state == "open"]
            self.reported[tenant.id] += [
                replace(each.activity, source=QUOTED, external_id=each.id)
                for each in known
                if each.state == "confirmed"
            ]
        self.given: dict[str, list[tuple[str, int]]] = defaultdict(list)
        self.payments: dict[str, list[str]] = defaultdict(list)
        self.cards = {
            tenant.id: [(CARD_BEFORE, card_code(tenant.id, CARD_BEFORE))]
            for tenant in scenario.tenants
        }
        self.card_uses = {
            tenant.id: [(CARD_BEFORE, CARD_USE_BEFORE)] for tenant in scenario.tenants
        }
        self.households = {tenant.id: [HOME_BEFORE] for tenant in scenario.tenants}
        self.index_ranges: list[IndexRange] = []
        self.holds = {
            tenant.id: [(scenario.members[0], HELD_BEFORE)] for tenant in scenario.tenants
        }
        self.uses = {
            tenant.id: [_used_before(tenant.id, scenario.members[0])] for tenant in scenario.tenants
        }
        self.overrides: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._numbers: dict[str, int] = defaultdict(int)

    def number(self, tenant: str) -> int:
        """Return the next number of a tenant: both count from one, so that their names meet."""
        self._numbers[tenant] += 1
        return self._numbers[tenant]

    def member(self, tenant: str) -> str:
        """Return a member, mostly the same one."""
        known = self.members[tenant]
        return known[0] if self.chance.percent(HOT_PERCENT) else self.chance.pick(known)

    def clock(self, tenant: str) -> Instant:
        """Return what time it is for a tenant."""
        return clock_of(tenant, self.now)

    def later(self, tenant: str) -> Instant:
        """Return an instant after a tenant's now at which something may happen, or about then."""
        now, kind = self.clock(tenant), self.chance.below(10)
        if kind < 4:
            due = self._next_due(tenant)
            if due is not None and due > now + 1:
                return due + self.chance.pick((-1, 0, 0, 1))
        if kind < 6:
            zone = self.scenario.time_zone
            today = calendar.local_date(now, zone)
            midnight = calendar.day_start(calendar.add_days(today, 1), zone)
            return max(midnight + self.chance.pick((-1, 0, 1)), now + 1)
        if kind < 8:
            return now + 1 + self.chance.below(10 * MINUTE)
        if kind < 9:
            return now + 1 + self.chance.below(18 * HOUR)
        return now + 1 + self.chance.below(5 * DAY)

    def earlier(self, tenant: str) -> Instant:
        """Return an instant at which something may have happened: now, or some time ago."""
        now, kind = self.clock(tenant), self.chance.below(10)
        if kind < 6:
            return now
        if kind < 8:
            return now - self.chance.below(6 * HOUR)
        return now - self.chance.below(7 * DAY)

    def _next_due(self, tenant: str) -> Instant | None:
        """Return the next instant at which something is due, or is filed as if it were."""
        prefix, now = keys.members_prefix(tenant), self.clock(tenant)
        accounts = [
            held[keys.ACCOUNT]
            for pk, held in storage.partitions(storage.LEDGER)
            if pk.startswith(prefix) and keys.ACCOUNT in held
        ]
        instants = [int(item["due_at"]["N"]) for item in accounts if "due_at" in item]
        instants += [at for item in accounts if (at := items.indexed_due_of(item)) is not None]
        return min((at for at in instants if at > now), default=None)


def _quoted_before(tenant: str, member: str) -> list[Quote]:
    """Return the quotes that a member has when a history begins."""
    held = storage.partition(storage.WORK, keys.member_pk(tenant, member))
    return [
        items.record_of(QUOTES.ref(member, sk.rpartition("#")[2]), storage.read(item))
        for sk, item in sorted(held.items())
    ]


def _bought_before(scenario: Scenario) -> list[Activity]:
    """Return what was quoted and bought when a history begins, the same for every tenant."""
    quotes = _quoted_before(scenario.tenants[0].id, scenario.members[1])
    return [replace(quote.activity, source=QUOTED, external_id=quote.id) for quote in quotes]


def _used_before(tenant: str, member: str) -> tuple[str, int]:
    """Return the use with which a member's journal ends when a history begins."""
    held = storage.partition(storage.LEDGER, keys.member_pk(tenant, member))
    return member, int(held[keys.ACCOUNT]["version"]["N"])
