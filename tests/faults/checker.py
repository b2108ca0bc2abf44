"""
What must hold when a history has ended: the invariants, and that every client was told the truth.

The journal is the judge: it says in which order things happened.  Each answer must be what the
journal has at its place; each event must belong to exactly one request; each refusal must have left
nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from chalicelib.domain.decide.settling import due_at
from chalicelib.domain.ledger.actor import CLOCK
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.usecases.stored import IdempotencyKey
from tests.faults.acting import check_delegates
from tests.faults.balances import check_journal
from tests.faults.benefits import check_benefits
from tests.faults.birthdays import check_birthdays
from tests.faults.ending import Ending, TenantEnding
from tests.faults.gifting import check_gift_cards
from tests.faults.handing_on import check_transfers
from tests.faults.handing_out import check_goods
from tests.faults.history import History
from tests.faults.lasting import check_lasting
from tests.faults.lateness import check_lateness
from tests.faults.legal_caps import check_caps
from tests.faults.living_together import check_households
from tests.faults.paying_back import check_payments
from tests.faults.quoting import check_quotes
from tests.faults.record import Delivery, Intent, Outcome, Part, delivered_by
from tests.faults.redemptions import check_tenant
from tests.faults.refunding import check_refunds
from tests.faults.reinstating import check_reinstating
from tests.faults.revoking import check_revocations
from tests.faults.setting_aside import check_holds
from tests.faults.spending import check_goodwill
from tests.faults.telling import read_back
from tests.faults.tokens import check_tokens
from tests.faults.world import BEFORE

REUSED = "idempotency_key_reused"
#: Who may not act for another any more is not told what they did while they might.
FORGOTTEN = ("redeem for another", "member_not_found")


def check(history: History) -> list[str]:
    """Return everything that is wrong with how a history ended."""
    ending = Ending(history.scenario, history.watch.lists)
    found = [f"{pk} is of no tenant of this history" for pk in ending.strays]
    for tenant in ending.tenants.values():
        for member in tenant.journals:
            found.extend(check_journal(tenant, member, history.watch.written_at))
        found.extend(check_tenant(tenant))
        found.extend(check_benefits(tenant))
        found.extend(check_caps(tenant))
        found.extend(check_birthdays(tenant))
        found.extend(check_holds(tenant))
        found.extend(check_lasting(tenant))
        found.extend(check_lateness(tenant))
        found.extend(check_reinstating(tenant))
        found.extend(check_goodwill(tenant))
        found.extend(check_quotes(tenant))
        found.extend(check_refunds(tenant))
        found.extend(check_payments(tenant))
        found.extend(check_revocations(tenant))
        found.extend(check_tokens(tenant))
        found.extend(check_goods(tenant))
        found.extend(check_transfers(tenant))
        found.extend(check_households(tenant))
        found.extend(check_delegates(tenant))
        found.extend(check_gift_cards(tenant))
        found.extend(_Answers(history, ending, tenant).check())
        if tenant.id in history.settled:
            found.extend(_late(tenant, history.settled[tenant.id]))
    return found


def _late(tenant: TenantEnding, until: Instant) -> Iterator[str]:
    """When the tick has been everywhere, nothing is due and nothing is filed as if it were."""
    for member, account in tenant.accounts.items():
        due, indexed = due_at(account), tenant.indexed[member]
        if any(at is not None and at <= until for at in (due, indexed)):
            yield f"{tenant.id} {member[-1]} was left due at {due}, filed under {indexed}"


class _Answers:
    """Holds what the clients of one tenant were told against its journals."""

    def __init__(self, history: History, ending: Ending, tenant: TenantEnding) -> None:
        self._ending = ending
        self._tenant = tenant
        self._intents = [intent for intent in history.intents if intent.tenant == tenant.id]
        self._by_actor: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for member, journal in tenant.journals.items():
            for event in journal.events:
                self._by_actor[delivered_by(event.actor)].append((member, event.version))

    def check(self) -> Iterator[str]:
        yield from self._owners()
        yield from self._identities()
        for intent in self._intents:
            if not intent.is_settled:
                yield f"{intent.number} never got a definite answer"
            for delivery in intent.deliveries:
                yield from self._delivery(delivery)

    def _owners(self) -> Iterator[str]:
        """Every event was asked for by someone of this tenant, or fell due."""
        known = {delivery.id for intent in self._intents for delivery in intent.deliveries}
        for actor, written in self._by_actor.items():
            if actor not in known | {CLOCK.id, BEFORE.id}:
                yield f"{actor}, who is not of {self._tenant.id}, wrote {written}"

    def _identities(self) -> Iterator[str]:
        """Nothing was done twice under one identity, and what was done is on record under it."""
        uses: dict[str, list[tuple[Intent, int, IdempotencyKey]]] = defaultdict(list)
        for intent in self._intents:
            for place, part in enumerate(intent.request.parts):
                for identity in filter(None, (part.identity, part.also)):
                    uses[identity.key].append((intent, place, identity))
        for key, used in uses.items():
            effects = {
                effect
                for intent, place, identity in used
                for effect in self._effects(intent, place)
            }
            answer_of = {
                (identity.fingerprint, outcome.body)
                for intent, place, identity in used
                for outcome in _outcomes(intent, place)
                if outcome.kind == "accepted"
                and not self._rests(intent, outcome)
                # What was answered from the first identity's record is not on record anew.
                and (identity is intent.request.parts[place].identity or not outcome.replayed)
            }
            yield from self._identity(key, effects, answer_of)
        activities = Counter(
            (event.detail.source, event.detail.external_id)
            for journal in self._tenant.journals.values()
            for event in journal.events
            if event.kind == "activity.recorded" and event.detail is not None
        )
        yield from (
            f"{activity} was recorded {n} times" for activity, n in activities.items() if n > 1
        )

    def _identity(
        self, key: str, effects: set[tuple[str, int]], answer_of: set[tuple[bytes, bytes]]
    ) -> Iterator[str]:
        record = self._tenant.records.get(key)
        if len(effects) > 1:
            yield f"{key[:8]} took effect {len(effects)} times: {sorted(effects)}"
        if len(answer_of) > 1:
            yield f"{key[:8]} was answered in {len(answer_of)} ways"
        if record is None:
            if effects or answer_of:
                yield f"{key[:8]} took effect and is not on record"
            return
        if effects and effects != {(record.member, record.version)}:
            yield f"{key[:8]} is on record for {record.member} {record.version}, not {effects}"
        if any(fingerprint != record.fingerprint for fingerprint, _ in answer_of):
            yield f"{key[:8]} was accepted for another request"

    def _effects(self, intent: Intent, place: int) -> set[tuple[str, int]]:
        """Return the events that a part of a request has left, whichever delivery wrote them."""
        part, found = intent.request.parts[place], set()
        for delivery in intent.deliveries:
            for member, version in self._by_actor.get(delivery.id, ()):
                event = self._tenant.journals[member].events[version - 1]
                if event.kind in intent.operation.leaves and _is_about(part, event.detail):
                    found.add((member, version))
        return found

    def _delivery(self, delivery: Delivery) -> Iterator[str]:
        for place, outcome in enumerate(delivery.outcomes):
            if outcome.claim is not None:
                yield from outcome.claim(self._ending, delivery)
            if outcome.kind == "refused":
                yield from self._refused(delivery, place, outcome)
            if outcome.kind == "accepted":
                yield from self._accepted(delivery, outcome)

    def _refused(self, delivery: Delivery, place: int, outcome: Outcome) -> Iterator[str]:
        intent = delivery.intent
        if not intent.request.parts:
            return
        part = intent.request.parts[place]
        if any(
            other.identity.key == part.identity.key and answer_of.kind == "accepted"
            for other, answer_of in zip(intent.request.parts, delivery.outcomes, strict=True)
        ):
            return  # the same activity twice in one request, of two people
        if outcome.code == REUSED:
            yield from self._reused(delivery, part)
            return
        if (intent.operation.name, outcome.code) == FORGOTTEN:
            return
        own = set(self._by_actor.get(delivery.id, ()))
        for member, version in self._effects(intent, place):
            if (member, version) in own:
                yield f"{delivery.id} was refused ({outcome.code}) and wrote {member} {version}"
            elif version <= delivery.before.get(member, 0):
                yield (
                    f"{delivery.id} was refused ({outcome.code}), although {member} {version} "
                    f"was its own request's ({part.identity.key[:8]})"
                )

    def _reused(self, delivery: Delivery, part: Part) -> Iterator[str]:
        """An identity is refused as another request's only where it is that."""
        for identity in filter(None, (part.identity, part.also)):
            record = self._tenant.records.get(identity.key)
            if record is None:
                continue
            other = part.person and self._tenant.member_of(part.person) != record.member
            if other or record.fingerprint != identity.fingerprint:
                return
        yield f"{delivery.id} was refused as another request's, which it is not"

    def _accepted(self, delivery: Delivery, outcome: Outcome) -> Iterator[str]:
        answer, operation = read_back(outcome.body), delivery.intent.operation
        journal = self._tenant.journals.get(answer.member)
        if journal is None:
            yield f"{delivery.id} was told of {answer.member}, who is not there"
            return
        rests = operation.rests(answer)
        written = self._by_actor.get(delivery.id, [])
        if rests and (answer.member, answer.version) not in written:
            return
        if answer.version > len(journal.events):
            yield f"{delivery.id} was told of version {answer.version}, which is not there"
            return
        event = journal.events[answer.version - 1]
        writer = delivered_by(event.actor)
        # Clients who send the very same request are one to the API: any of them may have written.
        asked = {
            each.id
            for intent in self._intents
            if intent is delivery.intent or _identities(intent) & _identities(delivery.intent)
            for each in intent.deliveries
        }
        if event.kind not in operation.leaves:
            yield f"{delivery.id} was told of {answer.version}, which is {event.kind}"
        elif not outcome.replayed and writer not in asked:
            yield f"{delivery.id} was told of {answer.version}, which {writer} wrote"
        if writer == delivery.id and answer.version <= delivery.before.get(answer.member, 0):
            yield f"{delivery.id} wrote {answer.version} before it began"
        if answer.version > delivery.after.get(answer.member, 0):
            yield f"{delivery.id} was told of {answer.version} before it was there"
        balances = {
            currency: (balance.available, balance.pending_total, balance.deficit)
            for currency, balance in journal.accounts[answer.version].balances.items()
        }
        if balances != answer.balances:
            yield f"{delivery.id} was told {answer.balances}, the journal has {balances}"
        yield from operation.effect(self._ending, self._tenant.id, answer)

    def _rests(self, intent: Intent, outcome: Outcome) -> bool:
        """Tell whether an accepted answer rightly left nothing behind."""
        answer = read_back(outcome.body)
        if not intent.operation.rests(answer):
            return False
        asked = {delivery.id for delivery in intent.deliveries}
        events = self._tenant.journals[answer.member].events
        if answer.version > len(events):
            return True
        return delivered_by(events[answer.version - 1].actor) not in asked


def _outcomes(intent: Intent, place: int) -> Iterator[Outcome]:
    for delivery in intent.deliveries:
        if place < len(delivery.outcomes):
            yield delivery.outcomes[place]


def _identities(intent: Intent) -> set[tuple[str, bytes]]:
    return {(part.identity.key, part.identity.fingerprint) for part in intent.request.parts}


def _is_about(part: Part, detail: object) -> bool:
    if part.activity is None:
        return True
    return (getattr(detail, "source", None), getattr(detail, "external_id", None)) == part.activity
