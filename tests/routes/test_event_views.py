"""U8: the ledger shows each payload by its own type, so that a new kind needs no edit there."""

from __future__ import annotations

from typing import Any, get_args, get_origin

import msgspec
import pytest

from chalicelib.domain.ledger.events import (
    BalanceAdjusted,
    Data,
    DateGift,
    EntitlementUse,
    EntitlementUsed,
    GiftsEvaluated,
    MemberEnrolled,
    PlanSubscribed,
    RewardRedeemed,
    StatusesExpired,
    StatusVerified,
    TransferReceived,
    VoucherUsed,
)
from chalicelib.routes.event_views import APART, EventDataView, about


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (
            RewardRedeemed("red_1", "clinic", "tea"),
            {"redemption_id": "red_1", "programme": "clinic", "reward": "tea"},
        ),
        (
            VoucherUsed("red_1", "clinic", "tea"),
            {"redemption_id": "red_1", "programme": "clinic", "reward": "tea"},
        ),
        (
            BalanceAdjusted("clinic/points", -5, "lost"),
            {"programme": "clinic", "currency": "points", "amount": -5, "reason": "lost"},
        ),
        (
            TransferReceived("transfer_1", "mem_2", "clinic/points", 5),
            {
                "transfer_id": "transfer_1",
                "sender_id": "mem_2",
                "programme": "clinic",
                "currency": "points",
                "amount": 5,
            },
        ),
        (
            EntitlementUsed(EntitlementUse("clinic", "tea", 2)),
            {"programme": "clinic", "entitlement": "tea", "units": 2},
        ),
        (
            GiftsEvaluated((DateGift("clinic", "birthday", "2026-03-02"),)),
            {
                "gifts": [
                    {
                        "programme": "clinic",
                        "gift": "birthday",
                        "on": "2026-03-02",
                        "refusal": "",
                        "currency": "",
                        "amount": 0,
                    }
                ]
            },
        ),
        (MemberEnrolled({"clinic": "base"}), {"programmes": {"clinic": "base"}}),
        (PlanSubscribed("clinic", "club"), {"programme": "clinic", "plan": "club"}),
        (
            StatusVerified("clinic", "care", "2026-03-02"),
            {"programme": "clinic", "from_on": "2026-03-02"},
        ),
        (StatusesExpired(("clinic/care",)), {}),
    ],
)
def test_u8_what_an_event_is_about(data: Any, shown: dict[str, Any]) -> None:
    """Ids say that they are; what is usual is left out; a status may have to be forgotten."""
    assert msgspec.to_builtins(about(data)) == shown


def for_nobody(hint: Any) -> bool:
    """Tell whether a type, or what several of are in a tuple, says that nobody is shown it."""
    if get_origin(hint) is tuple:
        return for_nobody(get_args(hint)[0])
    marks = [mark.extra["shown"] for mark in getattr(hint, "__metadata__", ()) if mark.extra]
    return any(mark.nobody for mark in marks)


def test_u8_every_payload_is_shown() -> None:
    """Each field of each payload is among what is shown, but for those that say otherwise."""
    shown = set(EventDataView.__struct_fields__)
    for payload in get_args(Data):
        for each in msgspec.structs.fields(payload):
            names = {each.name, f"{each.name}_id"}
            if each.name in APART or for_nobody(each.type):
                assert not names & shown, (payload.__name__, each.name)
            else:
                inner = getattr(each.type, "__struct_fields__", ())
                assert (names | {*inner}) & shown, (payload.__name__, each.name)


def test_u8_no_instant_is_shown_as_a_number() -> None:
    """Instants are text in answers, so none may come from a payload as it is."""
    assert [name for name in EventDataView.__struct_fields__ if name.endswith("_at")] == []
