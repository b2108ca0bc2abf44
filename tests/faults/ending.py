"""How a history ended: everything that is stored, read without a call, as the domain knows it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from chalicelib.domain.decide.claims import RecordKind
from chalicelib.domain.ledger import journal
from chalicelib.domain.ledger.account import Account, evolve
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import Event
from chalicelib.domain.ledger.journal import StoredEvent
from chalicelib.domain.ledger.quote import Quote
from chalicelib.domain.mechanics.gift_card_uses import USES, Use
from chalicelib.domain.mechanics.quoting import QUOTES
from chalicelib.domain.mechanics.redemptions import REDEMPTIONS, Redemption
from chalicelib.domain.mechanics.remaining import REMAINING, Remaining
from chalicelib.domain.mechanics.taking_back import TAKEN_BACK
from chalicelib.domain.programme.versions import Programmes
from chalicelib.routes.http.operation import ID_PREFIXES
from chalicelib.store import items, keys
from chalicelib.store.reading import profile_of
from chalicelib.usecases.attempt import account_key
from chalicelib.usecases.stored import KeyHolder, Profile, Remembered
from tests.faults import storage
from tests.faults.world import SECRETS, ListsOfDays, Scenario

_ENTRY: Final = "E#"
_KINDS: Final[dict[str, RecordKind[Any]]] = {
    kind.name: kind for kind in (REDEMPTIONS, REMAINING, QUOTES, TAKEN_BACK, USES)
}
#: What the ids of households and gift cards begin with; every other account is a member's.
HOUSEHOLD: Final = f"{ID_PREFIXES['household_id']}_"
CARD: Final = f"{ID_PREFIXES['gift_card_id']}_"


def is_card(account: str) -> bool:
    """Tell whether an account is a gift card's, by its id."""
    return account.startswith(CARD)


class Journal:
    """One member's events in order, and the account after each."""

    def __init__(self, stored: list[StoredEvent]) -> None:
        self.stored = stored

    @cached_property
    def events(self) -> list[Event]:
        """The events as the domain knows them."""
        return [journal.decode(each) for each in self.stored]

    @cached_property
    def accounts(self) -> list[Account]:
        """The account before the first event, after it, after the second, and so on."""
        folded = [Account()]
        for event, stored in zip(self.events, self.stored, strict=True):
            folded.append(evolve(folded[-1], event, stored.hash))
        return folded


class TenantEnding:
    """
    What is stored of one tenant.

    ``remaining`` is what reversals left of an activity, by its member and the version of its event,
    ``card_uses`` are by their gift card and their id.
    """

    def __init__(self, tenant: str, programmes: Programmes) -> None:
        self.id = tenant
        self.programmes = programmes
        self.accounts: dict[str, Account] = {}
        self.indexed: dict[str, Instant | None] = {}
        self.journals: dict[str, Journal] = {}
        self.redemptions: dict[str, Redemption] = {}
        self.records: dict[str, Remembered] = {}
        self.quotes: dict[str, Quote] = {}
        self.remaining: dict[tuple[str, int], Remaining] = {}
        self.card_uses: dict[tuple[str, str], Use] = {}
        self.profiles: dict[str, Profile] = {}
        self.lookups: dict[str, str] = {}
        #: What the tenant's lists have: by their names, of whom or what and since when.
        self.lists: defaultdict[str, set[tuple[int, str]]] = defaultdict(set)
        # Of claimed keys and of counters, by their partitions.
        self._holders: dict[str, KeyHolder] = {}
        self._counters: dict[str, int] = {}
        self._accounted: Counter[str] = Counter()
        clock = storage.partition(storage.CATALOGUE, keys.tenant_pk(tenant)).get(keys.CLOCK)
        self.clock = None if clock is None else int(clock["instant"]["N"])

    def key(self, member: str) -> str:
        """Return the key of a member's account."""
        return account_key(self.id, member)

    def member_of(self, person: str | tuple[str, str]) -> str | None:
        """Return the member that a client means: by our id, or by an external one."""
        if isinstance(person, str):
            return person or None
        return self.lookups.get(SECRETS.external_id(self.id, *person))

    def holder(self, key: str) -> KeyHolder | None:
        """Return who has a claimed key."""
        return self._holders.get(keys.claimed_pk(self.id, key))

    def taken(self, counter: str) -> int:
        """Return how much was taken from a counter."""
        return self._counters.get(keys.counter_pk(self.id, counter), 0)

    def accounted_for(self, counter: str) -> int:
        """Return how much of a counter the records say that they took."""
        return self._accounted[keys.counter_pk(self.id, counter)]

    def take(self, kind: str, name: str, held: storage.Partition) -> None:
        """Take in a partition of the ledger: its kind is the letter in its key."""
        read = {sk: storage.read(item) for sk, item in sorted(held.items())}
        self._listed(read)
        if kind == "M":
            self._member(name, read)
            self._records(name, read)
        elif kind == "D":
            self.records[name] = items.remembered_of(read[keys.DEDUPE])
        elif kind == "U":
            item = read[keys.CLAIMED]
            self._holders[item["pk"]["S"]] = items.holder_of(item)
        elif kind == "C":
            self._counter(read)

    def take_transient(self, kind: str, name: str, held: storage.Partition) -> None:
        """Take in a partition of the work."""
        read = {sk: storage.read(item) for sk, item in sorted(held.items())}
        if kind == "M":
            self._records(name, read)
        elif kind == "C":
            self._counter(read)

    def _member(self, member: str, read: storage.Partition) -> None:
        if keys.ACCOUNT in read:
            self.accounts[member] = items.account_of(read[keys.ACCOUNT])
            self.indexed[member] = items.indexed_due_of(read[keys.ACCOUNT])
        events = [item for sk, item in read.items() if sk.startswith(_ENTRY)]
        self.journals[member] = Journal([items.event_of(item) for item in events])

    def _records(self, member: str, read: storage.Partition) -> None:
        for sk, item in read.items():
            if not sk.startswith(keys.RECORDS):
                continue
            _, kind, record_id = sk.split("#", 2)
            record = items.record_of(_KINDS[kind].ref(member, record_id), item)
            if isinstance(record, Redemption):
                self.redemptions[record.id] = record
            elif isinstance(record, Remaining):
                self.remaining[member, int(record_id)] = record
            elif isinstance(record, Use):
                self.card_uses[member, record_id] = record
            elif isinstance(record, Quote):
                self.quotes[record.id] = record
            for counter, amount in item.get("takes", {"M": {}})["M"].items():
                self._accounted[counter] += int(amount["N"])

    def _listed(self, read: storage.Partition) -> None:
        for item in read.values():
            if "listed_pk" in item:
                own = item["listed_pk"]["S"].removeprefix(keys.listed_pk(self.id, ""))
                self.lists[own].add(keys.read_listed_sk(item["listed_sk"]["S"]))

    def _counter(self, read: storage.Partition) -> None:
        item = read[keys.COUNTER]
        self._counters[item["pk"]["S"]] = int(item["used"]["N"])

    def take_personal(self, kind: str, name: str, held: storage.Partition) -> None:
        """Take in a partition of the directory."""
        self._listed({sk: storage.read(item) for sk, item in held.items()})
        if kind == "M":
            self.profiles[name] = profile_of(storage.read(held[keys.PROFILE]))
        elif kind == "X":
            self.lookups[name] = held[keys.LOOKUP]["member"]["S"]


class Ending:
    """
    What is stored of both tenants, and what is stored of neither.

    ``lists`` are the lists of days that each tenant had, from which instant on; both live in one
    ``time_zone``.
    """

    def __init__(self, scenario: Scenario, lists: Mapping[str, Sequence[ListsOfDays]]) -> None:
        self.lists, self.time_zone = lists, scenario.time_zone
        self.tenants = {
            tenant.id: TenantEnding(tenant.id, Programmes(scenario.versions[tenant.id]))
            for tenant in scenario.tenants
        }
        self.strays: list[str] = []
        for pk, held in storage.partitions(storage.LEDGER):
            if place := self._place(pk):
                place[0].take(place[1], place[2], held)
        for pk, held in storage.partitions(storage.WORK):
            if place := self._place(pk):
                place[0].take_transient(place[1], place[2], held)
        for pk, held in storage.partitions(storage.DIRECTORY):
            if place := self._place(pk):
                place[0].take_personal(place[1], place[2], held)

    def _place(self, pk: str) -> tuple[TenantEnding, str, str] | None:
        letter, tenant, kind, name = pk.split("#", 3)
        if letter != "T" or tenant not in self.tenants:
            self.strays.append(pk)
            return None
        return self.tenants[tenant], kind, name
