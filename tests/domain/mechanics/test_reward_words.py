"""What rewards take is told in sentences that a patient can follow."""

from __future__ import annotations

from tests.domain.authored import worded


def test_a_reward_tells_its_price_and_its_limits() -> None:
    """Price, tiers, limits, stock, season and the voucher's life."""
    changes = {
        "/rewards/0/stock": 1,
        "/rewards/0/valid_until": "2027-12-31",
        "/rewards/0/voucher_valid_days": 30,
        "/rewards/0/tiers/0": "silver",
        "/rewards/0/tiers/1": "gold",
    }

    assert worded({})["reward", "parking"].text == (
        "Parking costs 100 points. For members in Gold. At most once a month for each member."
    )
    assert worded(changes)["reward", "parking"].text == (
        "Parking costs 100 points. For members in Silver or Gold. At most once a month for each "
        "member. There is 1. Until 31 December 2027. Its voucher is valid for 30 days."
    )
