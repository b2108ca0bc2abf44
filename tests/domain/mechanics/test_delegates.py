"""Who may act for a member: told in both accounts, from day to day, and ended by itself."""

from __future__ import annotations

from typing import Any, Final

import pytest

from chalicelib.domain.decide.settling import due_at
from chalicelib.domain.errors import Conflict, Forbidden, Invalid, NotFound
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.events import (
    DelegateAdded,
    DelegateRevoked,
    DelegationEndAnnounced,
    DelegationsEnded,
    DelegatorAdded,
    DelegatorRemoved,
)
from chalicelib.domain.mechanics import delegates
from chalicelib.domain.mechanics.closing import Close
from chalicelib.domain.mechanics.delegates import (
    DELEGATES_MAX,
    MEMBERS_MAX,
    AddDelegate,
    Delegated,
    RevokeDelegate,
)
from chalicelib.domain.programme.versions import Programmes
from tests.domain.building import Followed, Member, at, programme

NOW: Final = "2026-03-02"
TAIPEI: Final = "Asia/Taipei"
STAFF: Final = Actor("staff", "reception-1", ("receptionist",))
#: Of age on 1 April in Taipei, where that day begins at 16:00 UTC on the day before.
OF_AGE: Final = "2026-04-01"
COMES_OF_AGE: Final = "2026-03-31T16:00:00Z"


def someone(number: int) -> Member:
    """Return a member."""
    return Member(programme(), key=f"T#tenant#M#mem_{number}")


@pytest.fixture
def child() -> Member:
    """Return somebody who is not of age."""
    return someone(1)


@pytest.fixture
def mother() -> Member:
    """Return somebody who may act for a child."""
    return someone(2)


def adding(delegate: Member, **more: Any) -> AddDelegate:
    """Return the command of naming somebody: a guardian, unless it is told otherwise."""
    given: dict[str, Any] = {
        "capacity": "guardian",
        "scopes": ("redeem", "balance"),
        "time_zone": TAIPEI,
        "of_age_on": OF_AGE if more.get("capacity", "guardian") == "guardian" else None,
        "proof": "birth certificate 7",
    }
    return AddDelegate(member="", delegate=delegate.id, **given | more)


def add(member: Member, delegate: Member, now: str = NOW, **more: Any) -> Followed:
    """Let somebody act for a member."""
    actor = more.pop("actor", STAFF)
    return member.do(adding(delegate, **more), now, actor=actor, delegate=delegate)


def revoke(member: Member, delegate: Member, now: str = NOW, actor: Actor = STAFF) -> Followed:
    """Let somebody not act for a member any more."""
    command = RevokeDelegate(member="", delegate=delegate.id, reason="moved", note="to Leeds")
    return member.do(command, now, actor=actor, delegate=delegate)


def may(member: Member, delegate: Member, when: str, matter: str = "balance") -> bool:
    """Tell whether somebody may act, by an account that was read and not settled."""
    return delegates.may_act(member.account, delegate.id, matter, at(when))


def test_both_accounts_say_it(child: Member, mother: Member) -> None:
    """In the matters that were named and no other; who is nobody's delegate may nothing."""
    followed = add(child, mother)

    added = DelegateAdded(mother.id, "guardian", ("balance", "redeem"))
    assert [each.data for each in followed.events] == [added]
    assert mother.events[-1].data == DelegatorAdded(child.id, "guardian")
    detail = followed.events[0].detail
    assert detail is not None
    assert detail.note == "birth certificate 7"
    assert mother.events[-1].detail is None
    assert may(child, mother, NOW)
    assert may(child, mother, NOW, "redeem")
    assert not may(child, mother, NOW, "profile")
    assert not may(mother, child, NOW)
    assert not may(child, someone(3), NOW)
    assert delegates.delegators(mother.account) == (child.id,)
    assert child.verdict().holds
    assert mother.verdict().holds


def test_named_again(child: Member, mother: Member) -> None:
    """It takes the place of what was; the same again changes nothing."""
    add(child, mother)
    assert add(child, mother).events == ()

    followed = add(child, mother, scopes=("profile",))

    result: Delegated = followed.result
    assert result.changed
    assert may(child, mother, NOW, "profile")
    assert not may(child, mother, NOW)
    # Who acts for whom is as it was: nothing is written there.
    assert len([e for e in mother.events if isinstance(e.data, DelegatorAdded)]) == 1


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2026-03-31T15:59:59.999Z", True),
        (COMES_OF_AGE, False),
        ("2026-04-01T00:00:00Z", False),
    ],
)
def test_of_age(child: Member, mother: Member, when: str, *, expected: bool) -> None:
    """A guardian's last moment is that before the day, where they live, however late the tick."""
    add(child, mother)

    assert may(child, mother, when) is expected
    child.tick(when)
    assert may(child, mother, when) is expected


def test_it_ends_by_itself_and_is_announced(child: Member, mother: Member) -> None:
    """Thirty days before, on the day itself, and in both accounts."""
    child.tick(NOW)
    add(child, mother, of_age_on="2026-05-01")
    assert due_at(child.account) == at("2026-03-31T16:00:00Z")
    assert due_at(mother.account) == at("2026-04-30T16:00:00Z")

    happened = child.tick("2026-05-02")
    theirs = mother.tick("2026-05-02")

    assert [(each.effective_at, each.data) for each in happened] == [
        (at("2026-03-31T16:00:00Z"), DelegationEndAnnounced((mother.id,), "2026-05-01")),
        (at("2026-04-30T16:00:00Z"), DelegationsEnded(delegates=(mother.id,))),
    ]
    assert [each.data for each in theirs] == [DelegationsEnded(delegators=(child.id,))]
    assert due_at(child.account) is None
    assert due_at(mother.account) is None
    assert "delegates" not in child.account.progress


def test_two_guardians(child: Member, mother: Member) -> None:
    """Each acts and is revoked by themselves; both come to their end on the day."""
    father = someone(3)
    add(child, mother)
    add(child, father)
    revoke(child, mother)

    assert not may(child, mother, NOW)
    assert may(child, father, NOW)
    add(child, mother)
    (ended,) = child.tick(COMES_OF_AGE)
    assert ended.data == DelegationsEnded(delegates=(mother.id, father.id))


@pytest.mark.parametrize(
    ("more", "first", "last"),
    [
        ({}, None, None),
        ({"from_on": "2026-03-10"}, "2026-03-09T16:00:00Z", None),
        ({"until_on": "2026-03-10"}, None, "2026-03-10T16:00:00Z"),
        (
            {"from_on": "2026-03-10", "until_on": "2026-03-10"},
            "2026-03-09T16:00:00Z",
            "2026-03-10T16:00:00Z",
        ),
        # It is told for a guardian alone.
        ({"of_age_on": "2026-03-10"}, None, None),
    ],
)
def test_days_of_a_carer(
    child: Member, mother: Member, more: dict[str, str], first: str | None, last: str | None
) -> None:
    """From the beginning of the first local day to the end of the last, or without an end."""
    add(child, mother, capacity="carer", **more)

    if first is not None:
        assert not may(child, mother, NOW)
        assert may(child, mother, first)
    else:
        assert may(child, mother, NOW)
    if last is not None:
        assert not may(child, mother, last)
        (ended,) = child.tick(last)
        assert ended.data == DelegationsEnded(delegates=(mother.id,))
    else:
        assert may(child, mother, "2099-01-01")


def test_the_earlier_end_counts(child: Member, mother: Member) -> None:
    """A guardian may be named for less than the years to come."""
    result: Delegated = add(child, mother, until_on="2026-03-20").result

    assert result.delegation is not None
    assert result.delegation.until_on == "2026-03-20"
    again: Delegated = add(child, mother, until_on="2026-06-20").result
    assert again.delegation is not None
    assert again.delegation.until_on == "2026-03-31"


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"of_age_on": None}, "/of_age_on"),
        ({"of_age_on": "2026-03-02"}, "/of_age_on"),
        ({"of_age_on": "2026-13-02"}, "/of_age_on"),
        ({"proof": ""}, "/proof"),
        ({"capacity": "carer", "proof": ""}, "/proof"),
        ({"capacity": "relative", "until_on": "2026-03-01"}, "/until_on"),
        (
            {"capacity": "relative", "from_on": "2026-03-09", "until_on": "2026-03-08"},
            "/until_on",
        ),
        ({"from_on": "1800-01-01"}, "/from_on"),
    ],
)
def test_unfit(child: Member, mother: Member, more: dict[str, Any], pointer: str) -> None:
    """What lets nobody act is refused at the field, and leaves nothing in either account."""
    before = (child.account, mother.account)

    refusal = child.refused(adding(mother, **more), NOW, actor=STAFF, delegate=mother)

    assert isinstance(refusal, Invalid)
    assert [each["pointer"] for each in refusal.errors] == [pointer]
    assert (child.account, mother.account) == before


def test_who_is_no_delegate(child: Member, mother: Member) -> None:
    """Nobody is their own; who is absent, closed, or a household is none."""
    own = child.refused(adding(child), NOW, actor=STAFF, delegate=child)
    assert isinstance(own, Invalid)
    stranger = Member(Programmes(()), joined=None, key="T#tenant#M#mem_9")
    mother.do(Close(member="", reason="left"), NOW)

    for absent in (stranger, mother):
        refusal = child.refused(adding(absent), NOW, actor=STAFF, delegate=absent)
        assert isinstance(refusal, NotFound)
        assert refusal.code == "delegate_not_found"


@pytest.mark.parametrize("capacity", ["guardian", "carer"])
def test_members_name_relatives_alone(child: Member, mother: Member, capacity: str) -> None:
    """What has to be proven is for staff; a guardian is not got rid of by the child."""
    own = Actor("member", "child-1")
    refusal = child.refused(adding(mother, capacity=capacity), NOW, actor=own, delegate=mother)
    assert isinstance(refusal, Forbidden)
    add(child, mother, capacity="relative", proof="", actor=own)
    assert may(child, mother, NOW)
    revoke(child, mother, actor=own)
    assert not may(child, mother, NOW)

    add(child, mother, capacity=capacity)
    if capacity == "carer":
        revoke(child, mother, actor=own)
    else:
        command = RevokeDelegate(member="", delegate=mother.id, reason="angry")
        # Nor is one made a relative, who could be.
        less = adding(mother, capacity="relative", scopes=("profile",), of_age_on=None)
        assert isinstance(child.refused(less, NOW, actor=own, delegate=mother), Forbidden)
        assert isinstance(child.refused(command, NOW, actor=own, delegate=mother), Forbidden)
        assert may(child, mother, NOW)


def test_revoked(child: Member, mother: Member) -> None:
    """In both accounts; why is sealed, and who was none changes nothing."""
    assert not revoke(child, mother).result.changed
    add(child, mother)

    followed = revoke(child, mother)

    assert [each.data for each in followed.events] == [DelegateRevoked(mother.id, "moved")]
    assert followed.events[0].detail is not None
    assert mother.events[-1].data == DelegatorRemoved(child.id)
    assert not may(child, mother, NOW)
    assert delegates.delegators(mother.account) == ()
    assert due_at(child.account) is None


def test_bounded(child: Member, mother: Member) -> None:
    """An account has room for ten delegates, and for twenty for whom its member acts."""
    for number in range(DELEGATES_MAX):
        add(child, someone(10 + number))
    refusal = child.refused(adding(mother), NOW, actor=STAFF, delegate=mother)
    assert isinstance(refusal, Conflict)
    assert refusal.extensions["limit"] == DELEGATES_MAX
    assert f"There are {DELEGATES_MAX} already for this member" in str(refusal)
    # One of them may be told otherwise.
    add(child, someone(10), scopes=("profile",))

    for number in range(MEMBERS_MAX):
        add(someone(40 + number), mother)
    other = someone(90)
    refusal = other.refused(adding(mother), NOW, actor=STAFF, delegate=mother)
    assert refusal.extensions["limit"] == MEMBERS_MAX
    assert f"There are {MEMBERS_MAX} already for the delegate" in str(refusal)


def test_an_account_ends(child: Member, mother: Member) -> None:
    """Nobody acts for somebody whose account is closed; who closed theirs is a guardian still."""
    add(child, mother)
    grandson = someone(5)
    add(grandson, child)

    child.do(Close(member="", reason="left"), NOW)

    assert not may(child, mother, NOW)
    assert "delegates" not in child.account.progress
    assert may(grandson, child, NOW)
    assert delegates.delegators(child.account) == (grandson.id,)
    assert revoke(grandson, child).result.changed
    assert delegates.delegators(child.account) == ()
    assert due_at(child.account) is None
    assert child.verdict().holds
