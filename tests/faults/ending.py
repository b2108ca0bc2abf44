"""How a history ended: everything that is stored, read without a call, as the domain knows it."""

from __future__ import annotations

from functools import cached_property
from typing import Final

from chalicelib.domain import entry as journal
from chalicelib.domain.account import Account, evolve
from chalicelib.domain.calendar import Instant
from chalicelib.domain.commands import Redemption
from chalicelib.domain.entry import Entry, StoredEntry
from chalicelib.domain.programme import Programmes
from chalicelib.domain.quote import Quote
from chalicelib.store import items, keys
from chalicelib.store.models import profile_of
from chalicelib.usecases.execution import account_key
from chalicelib.usecases.ports import Profile, Remembered
from tests.faults import storage
from tests.faults.world import SECRETS, Scenario

_ENTRY: Final = "E#"
_REDEMPTION: Final = "R#"
#: What the id of a household begins with; every other account is a member's.
HOUSEHOLD: Final = "hh_"


class Journal:
    """One member's entries in order, and the account after each."""

    def __init__(self, stored: list[StoredEntry]) -> None:
        self.stored = stored

    @cached_property
    def entries(self) -> list[Entry]:
        """The entries as the domain knows them."""
        return [journal.decode(each) for each in self.stored]

    @cached_property
    def accounts(self) -> list[Account]:
        """The account before the first entry, after it, after the second, and so on."""
        folded = [Account()]
        for entry, stored in zip(self.entries, self.stored, strict=True):
            folded.append(evolve(folded[-1], entry, stored.hash))
        return folded


class TenantEnding:
    """What is stored of one tenant."""

    def __init__(self, tenant: str, programmes: Programmes) -> None:
        self.id = tenant
        self.programmes = programmes
        self.accounts: dict[str, Account] = {}
        self.indexed: dict[str, Instant | None] = {}
        self.journals: dict[str, Journal] = {}
        self.redemptions: dict[str, Redemption] = {}
        self.records: dict[str, Remembered] = {}
        self.quotes: dict[str, Quote] = {}
        self.vouchers: dict[str, tuple[str, str]] = {}
        self.stock: dict[str, int] = {}
        self.profiles: dict[str, Profile] = {}
        self.look_ups: dict[str, str] = {}
        clock = storage.partition(storage.CATALOGUE, keys.tenant_pk(tenant)).get(keys.CLOCK)
        self.clock = None if clock is None else int(clock["instant"]["N"])

    def key(self, member: str) -> str:
        """Return the key of a member's account."""
        return account_key(self.id, member)

    def member_of(self, person: str | tuple[str, str]) -> str | None:
        """Return the member that a client means: by our id, or by an external one."""
        if isinstance(person, str):
            return person or None
        return self.look_ups.get(SECRETS.external_id(self.id, *person))

    def take(self, kind: str, name: str, held: storage.Partition) -> None:
        """Take in a partition of the ledger: its kind is the letter in its key."""
        read = {sk: storage.read(item) for sk, item in sorted(held.items())}
        if kind == "M":
            self._member(name, read)
        elif kind == "D":
            self.records[name] = items.remembered_of(read[keys.DEDUPE])
        elif kind == "V":
            item = read[keys.VOUCHER]
            self.vouchers[name] = (item["member"]["S"], item["redemption"]["S"])
        elif kind == "S":
            self.stock[name.partition("/")[2]] = int(read[keys.STOCK]["used"]["N"])

    def _member(self, member: str, read: storage.Partition) -> None:
        if keys.ACCOUNT in read:
            self.accounts[member] = items.account_of(read[keys.ACCOUNT])
            self.indexed[member] = items.indexed_due_of(read[keys.ACCOUNT])
        entries = [item for sk, item in read.items() if sk.startswith(_ENTRY)]
        self.journals[member] = Journal([items.entry_of(item) for item in entries])
        for sk, item in read.items():
            if sk.startswith(_REDEMPTION):
                redemption = items.redemption_of(item)
                self.redemptions[redemption.id] = redemption

    def take_quotes(self, held: storage.Partition) -> None:
        """Take in a partition of the work: a member's quotes."""
        for item in held.values():
            quote = items.quote_of(storage.read(item))
            self.quotes[quote.id] = quote

    def take_personal(self, kind: str, name: str, held: storage.Partition) -> None:
        """Take in a partition of the directory."""
        if kind == "M":
            self.profiles[name] = profile_of(storage.read(held[keys.PROFILE]))
        elif kind == "X":
            self.look_ups[name] = held[keys.LOOK_UP]["member"]["S"]


class Ending:
    """What is stored of both tenants, and what is stored of neither."""

    def __init__(self, scenario: Scenario) -> None:
        self.tenants = {
            tenant.id: TenantEnding(tenant.id, Programmes(scenario.versions[tenant.id]))
            for tenant in scenario.tenants
        }
        self.strays: list[str] = []
        for pk, held in storage.partitions(storage.LEDGER):
            if place := self._place(pk):
                place[0].take(place[1], place[2], held)
        for pk, held in storage.partitions(storage.WORK):
            if (place := self._place(pk)) and place[1] == "M":
                place[0].take_quotes(held)
        for pk, held in storage.partitions(storage.DIRECTORY):
            if place := self._place(pk):
                place[0].take_personal(place[1], place[2], held)

    def _place(self, pk: str) -> tuple[TenantEnding, str, str] | None:
        letter, tenant, kind, name = pk.split("#", 3)
        if letter != "T" or tenant not in self.tenants:
            self.strays.append(pk)
            return None
        return self.tenants[tenant], kind, name
