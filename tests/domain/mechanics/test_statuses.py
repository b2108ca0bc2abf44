"""Statuses that take a consent."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.decide.mechanic import Permanent
from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.events import StatusesExpired, StatusVerified, StatusWithdrawn
from chalicelib.domain.mechanics import statuses
from chalicelib.domain.mechanics.membership import Enrol
from chalicelib.domain.mechanics.statuses import StatusResult, VerifyStatus, WithdrawStatus
from chalicelib.domain.programme.document import Programme
from tests.domain.building import Member, at, points, programme, published

NOW = "2026-03-02"
VERIFYING = VerifyStatus(member="mem_1", programme="clinic", status="plan")


def clinic(**more: Any) -> Programme:
    """Return a programme with one status."""
    return programme(statuses=[{"id": "plan", "name": "Care plan", **more}])


def consent(member: Member, *, granted: bool, when: str = NOW) -> None:
    """Give the consent, or withdraw it."""
    member.do(Enrol(member="mem_1", programmes=(), consents={"health": granted}), when)


def holds(member: Member, document: Programme) -> bool:
    """Tell whether the status holds."""
    return statuses.holds_on(member.account, document, "plan", date(2026, 3, 2))


def test_it_takes_consent() -> None:
    """Refused before the consent and after it, and forgotten with it in the same event."""
    document = clinic(consent="health")
    member = Member(document)
    assert member.refused(VERIFYING, NOW).code == "consent_required"
    consent(member, granted=True)
    member.do(VERIFYING, NOW)
    assert holds(member, document)
    before = len(member.events)

    consent(member, granted=False)

    assert len(member.events) == before + 1
    assert not holds(member, document)
    assert "statuses" not in member.account.progress
    assert member.refused(VERIFYING, NOW).code == "consent_required"
    assert member.verdict().holds


@pytest.mark.parametrize(
    ("max_days", "from_on", "until_on", "shown"),
    [
        (None, None, None, ("2026-03-02", None)),
        (None, "2026-03-05", "2026-03-05", ("2026-03-05", "2026-03-05")),
        (None, "2026-03-05", "2026-03-04", "/until_on"),
        (6, None, None, ("2026-03-02", "2026-03-07")),
        (6, None, "2026-03-04", ("2026-03-02", "2026-03-04")),
        (6, None, "2026-03-07", ("2026-03-02", "2026-03-07")),
        (6, None, "2026-03-08", "/until_on"),
        (6, "2026-03-05", None, ("2026-03-05", "2026-03-10")),
        (1, None, None, ("2026-03-02", "2026-03-02")),
        (None, "2026-02-30", None, "/from_on"),
    ],
)
def test_the_days_of_a_status(
    max_days: int | None,
    from_on: str | None,
    until_on: str | None,
    shown: tuple[str, str | None] | str,
) -> None:
    """From today unless told, its first and last day among the ``max_days`` that it may have."""
    member = Member(clinic() if max_days is None else clinic(max_days=max_days))
    command = replace(VERIFYING, from_on=from_on, until_on=until_on)
    if isinstance(shown, str):
        refusal = member.refused(command, NOW)
        assert isinstance(refusal, Invalid)
        (error,) = refusal.errors
        assert error["pointer"] == shown
    else:
        verified = member.do(command, NOW).result.verified
        assert (verified.from_on, verified.until_on) == shown


@pytest.mark.parametrize(
    ("now", "ended"), [("2026-03-02T23:59:59.999Z", False), ("2026-03-03T00:00:00Z", True)]
)
def test_shown_when_it_is_over(now: str, *, ended: bool) -> None:
    """What ended with the day before has ended already: nothing falls due for it any more."""
    document = clinic()
    member = Member(document)
    command = replace(VERIFYING, from_on="2026-03-01", until_on="2026-03-02")

    assert member.do(command, now).result.verified.ended is ended
    assert bool(member.tick("2026-03-03")) is not ended
    assert member.tick("2026-03-04") == ()


def test_what_changes_says_so() -> None:
    """Shown and withdrawn once; again changes nothing and writes nothing."""
    member = Member(clinic())
    withdrawing = WithdrawStatus(
        member="mem_1", programme="clinic", status="plan", reason="r", note="told"
    )
    nothing = StatusResult("clinic", "plan", None, changed=False)
    assert member.do(withdrawing, NOW).result == nothing

    for command, data in (
        (VERIFYING, StatusVerified("clinic", "plan", "2026-03-02", None)),
        (withdrawing, StatusWithdrawn("clinic", "plan", "r")),
    ):
        first, again = member.do(command, NOW), member.do(command, NOW)
        assert [event.data for event in first.events] == [data]
        assert (first.result.changed, again.result.changed) == (True, False)
        assert replace(first.result, changed=False) == again.result
        assert again.events == ()
    assert again.result == nothing


def test_each_ends_on_its_own_day() -> None:
    """The sooner is over at its midnight, the later at its own, whichever was shown first."""
    ids = ("a", "b", "c")
    member = Member(programme(statuses=[{"id": each, "name": each} for each in ids]))
    for status, last in zip(ids, ("2026-03-09", "2026-03-05", None), strict=True):
        member.do(replace(VERIFYING, status=status, until_on=last), NOW)

    events = member.tick("2026-03-06") + member.tick("2026-03-10")

    assert [(event.effective_at, event.data) for event in events] == [
        (at("2026-03-06T00:00:00Z"), StatusesExpired(("clinic/b",))),
        (at("2026-03-10T00:00:00Z"), StatusesExpired(("clinic/a",))),
    ]


def test_closing() -> None:
    """An account that ends knows no status any more."""
    member = Member(clinic())
    member.do(replace(VERIFYING, until_on="2026-03-05"), NOW)
    member.close("2026-03-03")

    assert statuses.VERIFIED.all(member.account) == {}
    assert member.tick("2026-04-01") == ()


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({}, None),
        ({"max_days": 1}, None),
        ({"max_days": 3660}, None),
        ({"max_days": 0}, "/statuses/0/max_days"),
        ({"max_days": 3661}, "/statuses/0/max_days"),
        ({"id": "s1"}, "/statuses/1/id"),
    ],
)
def test_what_a_document_may_say(changes: dict[str, Any], pointer: str | None) -> None:
    """Up to fifty, each with its own id, for ten years at the most."""
    listed = [{"id": f"s{number}", "name": "S"} for number in range(50)]
    document = {
        "id": "clinic",
        "name": "Clinic",
        "time_zone": "UTC",
        "money": {"currency": "GBP"},
        "currencies": [points()],
        "statuses": [{**listed[0], **changes}, *listed[1:]],
    }
    found = [each.pointer for each in validate(document).problems]
    assert found == ([] if pointer is None else [pointer])

    document["statuses"] = [*listed, {"id": "more", "name": "S"}]
    assert [each.pointer for each in validate(document).problems] == ["/statuses"]


def test_what_a_document_says_of_one() -> None:
    """Its name, what the tenant keeps with it, and its id, which accounts hold."""
    document = clinic(metadata={"crm": "7"})

    assert statuses.metadata_kept(document, "plan") == {"crm": "7"}
    assert statuses.metadata_kept(document, "none") == {}
    assert statuses.name_of(document, "plan") == "Care plan"
    assert statuses.name_of(document, "none") == "none"
    assert statuses.consents(document) == set()
    assert statuses.consents(clinic(consent="health")) == {"health"}
    assert [*statuses.permanent(document)] == [Permanent("/statuses", ["plan"])]


def test_another_consent_is_another_matter() -> None:
    """Only the consent that it takes decides; without one nothing does."""
    for more in ({"consent": "other"}, {}):
        document = clinic(**more)
        member = Member(document)
        member.do(Enrol(member="mem_1", programmes=(), consents={"other": True}), NOW)
        member.do(VERIFYING, NOW)
        consent(member, granted=True)
        consent(member, granted=False)
        assert holds(member, document)


def test_a_version_that_asks_for_it() -> None:
    """What was shown without a consent does not count where a later version asks for one."""
    first, second = clinic(), clinic(consent="health")
    member = Member(published(("2026-01-01", first), ("2026-03-01", second)))
    member.do(VERIFYING, "2026-02-01")

    assert holds(member, first)
    assert not holds(member, second)
    assert statuses.verified_statuses(member.account, second) == {}
    consent(member, granted=True)
    assert holds(member, second)


def test_a_version_that_asks_for_another(subtests: pytest.Subtests) -> None:
    """What was shown under a consent goes with that one, whatever a later version asks for."""
    for later in ({"consent": "other"}, {}):
        with subtests.test(later=later):
            first, second = clinic(consent="health"), clinic(**later)
            member = Member(published(("2026-01-01", first), ("2026-03-01", second)))
            member.do(Enrol(member="mem_1", programmes=(), consents={"other": True}), "2026-02-01")
            consent(member, granted=True, when="2026-02-01")
            member.do(VERIFYING, "2026-02-01")
            assert holds(member, second)

            consent(member, granted=False)

            assert statuses.VERIFIED.all(member.account) == {}
            assert not holds(member, second)
