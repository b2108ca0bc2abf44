"""
The list of everything that clients and jobs ask for in a history: a new command joins here.

Each operation is drawn from what clients know, sent as the API sends it, and says what an accepted
answer leaves behind; the checker holds the journal against that.
"""

from __future__ import annotations

from typing import Final

from tests.faults import (
    acting,
    activities,
    benefits,
    birthdays,
    gifting,
    handing_on,
    handing_out,
    holidays,
    legal_caps,
    living_together,
    paying_back,
    people,
    quoting,
    reading,
    revoking,
    setting_aside,
    spending,
    ticking,
    tokens,
)
from tests.faults.record import Operation

TICK: Final = Operation("tick", 8, ticking.draw_tick, is_job=True)
OPERATIONS: Final = (
    Operation("record", 10, activities.record, frozenset({"activity.recorded"})),
    Operation(
        "record by external id", 5, activities.record_external, frozenset({"activity.recorded"})
    ),
    Operation("batch", 3, activities.batch, frozenset({"activity.recorded"})),
    Operation(
        "reverse",
        13,
        activities.reverse,
        frozenset({"activity.reversed"}),
        activities.nothing_reversed,
    ),
    Operation(
        "create",
        4,
        people.create,
        frozenset({"member.created", "member.enrolled", "profile.changed"}),
        people.nothing_joined,
        people.is_there,
    ),
    Operation(
        "enrol",
        14,
        people.enrol,
        frozenset({"member.enrolled", "consents.changed"}),
        people.nothing_joined,
    ),
    Operation(
        "consent",
        2,
        people.consent,
        frozenset({"member.enrolled", "consents.changed"}),
        people.nothing_joined,
    ),
    Operation("change birthday", 7, birthdays.change),
    Operation("close", 1, people.close, frozenset({"member.closed"}), effect=people.is_closed),
    Operation(
        "redeem",
        9,
        spending.redeem,
        frozenset({"reward.redeemed"}),
        effect=spending.redemption_in_state("issued", "used", "cancelled"),
    ),
    Operation(
        "cancel",
        5,
        spending.cancel,
        frozenset({"redemption.cancelled"}),
        effect=spending.redemption_in_state("cancelled"),
    ),
    Operation(
        "use",
        4,
        spending.use,
        frozenset({"voucher.used"}),
        effect=spending.redemption_in_state("used"),
    ),
    Operation(
        "fulfil",
        4,
        handing_out.move_on,
        frozenset({"fulfilment.advanced"}),
        handing_out.nothing_moved,
        handing_out.are_there,
    ),
    Operation("adjust", 3, spending.adjust, frozenset({"balance.adjusted"})),
    Operation("goodwill", 3, spending.put_right, frozenset({"goodwill.given"})),
    Operation("hold", 4, setting_aside.place, frozenset({"hold.placed"})),
    Operation(
        "end hold",
        6,
        setting_aside.end,
        frozenset({"hold.captured", "hold.released", "hold.extended"}),
        setting_aside.nothing_extended,
    ),
    Operation("grant", 1, benefits.grant, frozenset({"entitlement.granted"})),
    Operation("use entitlement", 4, benefits.use, frozenset({"entitlement.used"})),
    Operation("make token", 2, tokens.make),
    Operation("use token", 4, tokens.use, frozenset({"entitlement.used"})),
    Operation(
        "give back",
        3,
        benefits.give_back,
        frozenset({"entitlement.returned"}),
        benefits.nothing_returned,
    ),
    Operation(
        "hold tier",
        2,
        benefits.hold_tier,
        frozenset({"tier.granted", "tier.lifted"}),
        benefits.nothing_lifted,
    ),
    Operation(
        "plan",
        12,
        benefits.subscribe,
        frozenset(
            {
                *("plan.subscribed", "plan.fee_paid", "plan.changed", "plan.cancelled"),
                *("plan.paused", "plan.resumed"),
            }
        ),
        benefits.nothing_lifted,
    ),
    Operation(
        "cover",
        3,
        legal_caps.cover,
        frozenset({"coverages.changed"}),
        legal_caps.nothing_covered,
    ),
    Operation(
        "override",
        4,
        legal_caps.override,
        frozenset(
            {
                *("policy_override.requested", "policy_override.approved"),
                "policy_override.withdrawn",
            }
        ),
    ),
    Operation("quote", 5, quoting.make),
    Operation("confirm", 18, quoting.confirm, frozenset({"activity.recorded"})),
    Operation("top up", 7, quoting.pay_in, frozenset({"wallet.topped_up"})),
    Operation(
        "chargeback",
        20,
        paying_back.reverse,
        frozenset({"payment.reversed"}),
        paying_back.nothing_reversed,
    ),
    Operation(
        "revoke",
        20,
        revoking.revoke,
        frozenset({"award.revoked"}),
        revoking.nothing_revoked,
    ),
    Operation("transfer", 5, handing_on.give, frozenset({"transfer.sent"})),
    Operation(
        "household",
        5,
        living_together.change,
        frozenset({"household.joined", "household.left"}),
        living_together.nothing_changed,
    ),
    Operation(
        "delegate",
        9,
        acting.change,
        frozenset({"delegate.added", "delegate.revoked"}),
        acting.nothing_changed,
    ),
    Operation(
        "redeem for another",
        14,
        acting.redeem,
        frozenset({"reward.redeemed"}),
        effect=spending.redemption_in_state("issued", "used", "cancelled"),
    ),
    Operation("sell gift card", 2, gifting.sell, frozenset({"gift_card.sold"})),
    Operation(
        "gift card",
        6,
        gifting.ask,
        frozenset(
            {
                *("gift_card.used", "gift_card.use_cancelled"),
                *("gift_card.received", "gift_card.cancelled"),
            }
        ),
    ),
    Operation(
        "verify",
        2,
        quoting.show,
        frozenset({"status.verified", "status.withdrawn"}),
        quoting.nothing_shown,
    ),
    TICK,
    Operation("fan out", 1, ticking.draw_fan_out, is_job=True),
    Operation("settle a range", 3, ticking.draw_range, is_job=True),
    Operation("set holidays", 4, holidays.replace_lists),
    Operation("move clock", 3, ticking.draw_move_clock),
    Operation("balance", 3, reading.balance),
    Operation("balance as of", 2, reading.as_of),
    Operation("ledger page", 2, reading.page),
    Operation("check journal", 2, reading.check_journal),
    Operation("rewards", 1, reading.rewards),
    Operation("look up voucher", 1, reading.lookup),
)
