"""Test clocks: a tenant in which time is moved by hand."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.routes.http.calls import caller_of, cursor_of, entry_of, instant_in, services_of
from chalicelib.routes.http.fields import InstantText, Title
from chalicelib.routes.http.operation import Body, Call, Page, Reply, Timestamp
from chalicelib.routes.http.resource import Resource
from chalicelib.usecases.list_tenant import list_sandboxes
from chalicelib.usecases.move_clock import move_clock, open_sandbox, read_clock

api = Resource("clock")


class SandboxBody(Body):
    """A tenant to try things in, and the instant at which its clock starts."""

    now: InstantText
    name: Title = "Sandbox"


class ClockBody(Body):
    """
    The instant to move the clock to; it moves forward only.

    Without ``settle`` nothing is written but the clock, as if the scheduled tick were late.
    """

    now: InstantText
    settle: bool = True


class SandboxView(Struct, frozen=True):
    """A new tenant with its administrator's key, which is shown this once."""

    tenant: str
    now: Timestamp
    api_key: str


class SandboxSummaryView(Struct, frozen=True):
    """A sandbox, and where its clock stands."""

    tenant: str
    name: str
    created_at: str
    now: Timestamp


class SandboxListView(Struct, frozen=True):
    """A page of sandboxes, the latest first."""

    sandboxes: list[SandboxSummaryView]
    next_cursor: str | None


class ClockView(Struct, frozen=True):
    """What the clock shows."""

    now: Timestamp


class AdvancedClockView(Struct, frozen=True):
    """
    Where the clock stands now.

    ``settled`` accounts had something fall due; where ``finished`` is false there may be more,
    and moving the clock to the same instant goes on.  Balances are right either way.
    """

    now: Timestamp
    settled: int
    events: int
    finished: bool


@api.post(
    "/sandboxes",
    name="create_sandbox",
    scope="*",
    summary="Open a tenant with a test clock",
    description="For tests, demonstrations and replays; refused in production.",
    body=SandboxBody,
    answer=SandboxView,
    status=201,
    idempotent=False,
    errors=("no_test_clock", "invalid_instant"),
)
def open_one(call: Call[SandboxBody]) -> Reply:
    """Open a sandbox."""
    sandbox = open_sandbox(
        services_of(call),
        caller_of(call),
        call.body.name.strip(),
        instant_in(call.body.now, pointer="/now"),
    )
    return Reply(SandboxView(sandbox.tenant, format_instant(sandbox.clock), sandbox.key.token))


@api.get(
    "/sandboxes",
    name="list_sandboxes",
    scope="*",
    summary="List the sandboxes that you opened, the latest first",
    description="Where the clock of each stands. In production there are none.",
    query=Page,
    answer=SandboxListView,
)
def sandboxes(call: Call[None, Page]) -> Reply:
    """Page through the sandboxes that the tenant opened."""
    found = list_sandboxes(
        services_of(call), caller_of(call), limit=call.query.limit, before=entry_of(call)
    )
    shown = [
        SandboxSummaryView(
            each.settings.tenant,
            each.settings.name,
            format_instant(each.settings.created_at),
            format_instant(each.clock),
        )
        for each in found.items
    ]
    return Reply(SandboxListView(shown, cursor_of(call, found.after)))


@api.get(
    "/clock",
    name="read_clock",
    scope="balances:read",
    summary="Read the test clock",
    description="Only a sandbox has one.",
    answer=ClockView,
    limited="open",
    errors=("no_test_clock",),
)
def read(call: Call) -> Reply:
    """Read the clock."""
    return Reply(ClockView(format_instant(read_clock(services_of(call), caller_of(call)))))


@api.put(
    "/clock",
    name="advance_clock",
    scope="clock:write",
    summary="Move the test clock forward",
    description="What falls due until then happens. It never moves back.",
    body=ClockBody,
    answer=AdvancedClockView,
    idempotent=False,
    errors=("no_test_clock", "clock_moves_forward", "invalid_instant"),
)
def move(call: Call[ClockBody]) -> Reply:
    """Move the clock and settle what falls due."""
    moved = move_clock(
        services_of(call),
        caller_of(call),
        instant_in(call.body.now, pointer="/now"),
        settle=call.body.settle,
    )
    return Reply(
        AdvancedClockView(
            format_instant(moved.clock),
            moved.ticked.accounts,
            moved.ticked.events,
            moved.ticked.finished,
        )
    )
