"""
Buy something as a new member, by a client that was made from the API's document.

Prints what the member has then, and as what the purchase of nobody is refused.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from uuid import uuid4

from tessera_client import AuthenticatedClient
from tessera_client.api.activities import record_activity
from tessera_client.api.balances import read_balance
from tessera_client.api.members import create_member
from tessera_client.models import (
    ActivityInput,
    Joined,
    LineInput,
    MemberBalances,
    MemberRef,
    NewMemberInput,
    Problem,
)


def purchase(member: str, now: datetime) -> ActivityInput:
    """Return a purchase of two lines."""
    return ActivityInput(
        member=MemberRef(id=member),
        type_="purchase.completed",
        source="till",
        external_id=f"sale-of-{member}",
        occurred_at=now,
        lines=[
            LineInput(id="a", amount=3000, category="tea"),
            LineInput(id="b", amount=1200, quantity=2),
        ],
        currency="USD",
    )


def main(url: str, token: str, now: datetime) -> None:
    """Be a clinic's till for a moment."""
    with AuthenticatedClient(base_url=url, token=token) as api:
        body = NewMemberInput(display_name="Ada", locale="bg")
        created = create_member.sync(client=api, body=body, idempotency_key=str(uuid4()))
        assert isinstance(created, Joined), created
        record_activity.sync(client=api, body=purchase(created.id, now))
        read = read_balance.sync(created.id, client=api)
        assert isinstance(read, MemberBalances), read
        refused = record_activity.sync(client=api, body=purchase("mem_" + "0" * 26, now))
        assert isinstance(refused, Problem), refused
    available = [each.available for each in read.balances]
    told = {"member": created.id, "available": available, "refused": refused.code}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], datetime.fromisoformat(sys.argv[3]))
