"""What happened in a history: who asked for what, what they were told, and what was stored when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from msgspec import Struct

from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import IdempotencyKey

if TYPE_CHECKING:
    from tests.faults.ending import Ending
    from tests.faults.play import Play

Kind = Literal["accepted", "refused", "open", "read"]
# Holds what was told against how it ended, and yields what is wrong.
Claim = Callable[["Ending", "Delivery"], Iterable[str]]


class Answered(Struct, frozen=True):
    """
    The body of an accepted answer.

    ``balances`` are (available, pending, deficit) by currency, after event ``version``.
    """

    member: str
    version: int
    now: Instant
    balances: dict[str, tuple[int, int, int]]
    result: Any
    code: str = ""


class Outcome(NamedTuple):
    """
    What a client was told about one thing that it asked for.

    ``accepted`` with the answer's ``body``, ``refused`` with a ``code``, ``read`` with a ``claim``
    about what was read, or ``open``: no definite answer, so that the client asks again.
    """

    kind: Kind
    code: str = ""
    member: str = ""
    body: bytes = b""
    replayed: bool = False
    claim: Claim | None = None


class Part(NamedTuple):
    """
    One thing of a request that is done at most once.

    ``identity`` is what it is recognised by, ``also`` a second one; ``activity`` the (source,
    external id) where it records an activity, and ``person`` whose: a member, or (system, value).
    """

    identity: IdempotencyKey
    also: IdempotencyKey | None = None
    activity: tuple[str, str] | None = None
    person: str | tuple[str, str] = ""


Send = Callable[[Services, Caller], Sequence[Outcome]]


class Request(NamedTuple):
    """What a client sends: as often as it takes, always the same."""

    send: Send
    about: str
    parts: tuple[Part, ...] = ()


@dataclass
class Intent:
    """Something that a client of a tenant wants."""

    number: int
    operation: Operation
    tenant: str
    request: Request
    deliveries: list[Delivery] = field(default_factory=list)

    def begin(self, step: int, now: Instant, versions: dict[str, int]) -> Delivery:
        """Return one more delivery, which begins at versions of the accounts."""
        number = len(self.deliveries) + 1
        delivery = Delivery(f"{self.number}.{number}", self, step, now, versions)
        self.deliveries.append(delivery)
        return delivery

    @property
    def is_settled(self) -> bool:
        """Whether the client has a definite answer for everything in it."""
        settled = [set[int]() for _ in self.deliveries]
        for places, delivery in zip(settled, self.deliveries, strict=True):
            places |= {i for i, result in enumerate(delivery.outcomes) if result.kind != "open"}
        wanted = set(range(max(len(self.request.parts), 1)))
        return self.operation.is_job or set[int]().union(*settled) >= wanted


@dataclass
class Delivery:
    """
    One time that a request was carried to a container, ``id`` being its actor in the journal.

    ``began`` and ``ended`` count steps, ``began_at`` and ``ended_at`` are real time; ``before`` and
    ``after`` are the versions that the accounts of its tenant had then.
    """

    id: str
    intent: Intent
    began: int
    began_at: Instant
    before: dict[str, int]
    ended: int = -1
    ended_at: Instant = -1
    after: dict[str, int] = field(default_factory=dict)
    outcomes: Sequence[Outcome] = ()

    @property
    def actor(self) -> Actor:
        """Who acts: nobody else has this actor, so that what is written is known by it."""
        return Actor("server", self.id)

    @property
    def is_open(self) -> bool:
        """Whether it has ended without a definite answer to everything."""
        result = self.outcomes
        return self.ended >= 0 and not (result and all(each.kind != "open" for each in result))


def delivered_by(actor: Actor) -> str:
    """Return the id of the delivery that wrote an event: the actor's, or beside that of a desk."""
    return actor.partner or actor.id


class Operation(NamedTuple):
    """
    One kind of request: how it is drawn, and what an accepted one leaves behind.

    ``draw`` makes a request for a tenant, or none where there is nothing to ask for; ``leaves``
    are the kinds of event of which one remains; ``rests`` tells from an answer that rightly
    nothing does; ``effect`` looks for what is left beside the event.  A client asks again until it
    has a definite answer; a job, which is nobody's and for all tenants, just runs another time.
    """

    name: str
    weight: int
    draw: Callable[[Play, str], Request | None]
    leaves: frozenset[str] = frozenset()
    rests: Callable[[Answered], bool] = lambda _told: False
    effect: Callable[[Ending, str, Answered], Iterable[str]] = lambda _ending, _tenant, _told: ()
    is_job: bool = False
