"""
Lockout: a credential with which too many unknown codes were sent may send none for a while.

A code has 90 random bits, so guessing is hopeless; attempts are stopped all the same, and counted.
Only what is formed like a code counts: the check character catches nearly all slips of the hand.
Each miss is one write to a counter in the store, and codes that are found cost nothing.  A lockout
is known to the process that counted the last miss, and to any other from its own next miss on.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from chalicelib.domain.decide.claims import TakeFrom
from chalicelib.domain.errors import Throttled
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.usecases.secrets import TenantSecrets
from chalicelib.usecases.stored import ClaimRefused, Commit, Conflicted, OutcomeUnknown

if TYPE_CHECKING:
    from chalicelib.usecases.ports import Ledger

#: Misses are counted from one multiple of so many milliseconds to the next.
WINDOW_MS: Final = 600_000
#: A till or a server speaks for many people at once, each with slips of their own.
MISSES_MAX: Final = {"member": 10, "staff": 20, "server": 100}

_REMEMBERED_MAX: Final = 1024
_KEPT_DAYS: Final = 1


class Guesses:
    """Who has guessed too often.  Safe to share between threads."""

    def __init__(
        self, ledger: Ledger, secrets: TenantSecrets, wall_clock: Callable[[], Instant]
    ) -> None:
        self._ledger = ledger
        self._secrets = secrets
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._locked_until: OrderedDict[tuple[str, str], Instant] = OrderedDict()

    def check(self, tenant: str, actor: str) -> None:
        """Raise `Throttled` ``too_many_guesses`` where a credential is locked out."""
        with self._lock:
            until = self._locked_until.get((tenant, actor), 0)
        wait_ms = until - self._wall_clock()
        if wait_ms > 0:
            raise Throttled(
                "too_many_guesses",
                "Too many codes that nobody has were named with this credential: wait, and read "
                "the next one character by character.",
                retry_after=-(-wait_ms // 1000),
            )

    def missed(self, tenant: str, kind: str, actor: str) -> None:
        """
        Count a code that nobody has, named by an ``actor`` of a kind of `MISSES_MAX`.

        It is refused as unknown whatever comes of counting it.
        """
        window = self._wall_clock() // WINDOW_MS
        # The last miss that is let through is the one that the counter has no room for.
        counted = TakeFrom(
            f"guesses/{self._secrets.actor(tenant, actor)}/{window}",
            amount=1,
            limit=MISSES_MAX[kind] - 1,
            kept_days=_KEPT_DAYS,
        )
        try:
            self._ledger.commit(Commit(tenant=tenant, member="", version=0, claims=(counted,)))
        except ClaimRefused:
            with self._lock:
                self._locked_until[tenant, actor] = (window + 1) * WINDOW_MS
                self._locked_until.move_to_end((tenant, actor))
                if len(self._locked_until) > _REMEMBERED_MAX:
                    self._locked_until.popitem(last=False)
        except (Conflicted, OutcomeUnknown):
            # Somebody guesses with several hands, or nobody hears: one miss more or less is no
            # matter.
            return
