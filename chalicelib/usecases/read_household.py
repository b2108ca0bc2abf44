"""Read a household, and to which one a member belongs."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.domain.errors import NotFound
from chalicelib.domain.mechanics import households
from chalicelib.domain.mechanics.households import Belonging, Together
from chalicelib.usecases.reading import read_account
from chalicelib.usecases.services import Caller, Services


class AtHome(NamedTuple):
    """To which household a member belongs, and how many belong to it; nothing where to none."""

    belonging: Belonging | None
    size: int = 0


def read_household(services: Services, caller: Caller, household: str) -> Together:
    """Return who belongs to a household: one call; raises `NotFound` ``household_not_found``."""
    account = services.ledger.load(caller.tenant, [household]).account(household)
    if account is None or account.status != "household":
        raise NotFound("household_not_found", "There is no such household.")
    known = households.relatives(account)
    return Together(households.max_members(account), known, changed=False)


def read_own_household(services: Services, caller: Caller, member: str) -> AtHome:
    """Return to which household a member belongs: two calls, or one where to none."""
    belongs = households.belonging(read_account(services, caller, member).account)
    if belongs is None:
        return AtHome(None)
    account = services.ledger.load(caller.tenant, [belongs.household]).account(belongs.household)
    return AtHome(belongs, len(households.relatives(account)) if account else 0)
