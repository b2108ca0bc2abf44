"""
The key of every item: each begins with its tenant, which comes from the credential alone.

Accounts of tenants with a test clock lie in a part of the due index that is their tenant's own:
their time is not everyone's, so the common walk must not meet them.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final
from zlib import crc32

from chalicelib.domain.ledger.calendar import Instant

DUE_INDEX: Final = "due"
DUE_SHARDS: Final = 16
LISTED_INDEX: Final = "listed"

ACCOUNT: Final = "A"
DEDUPE: Final = "D"
CLAIMED: Final = "U"
COUNTER: Final = "C"
PROFILE: Final = "P"
LOOKUP: Final = "X"
TENANT: Final = "TENANT"
CLOCK: Final = "CLOCK"
API_KEY: Final = "K"
VERSIONS: Final = "P#"
RECORDS: Final = "R#"
CHECKPOINTS: Final = "C#"

#: Names of a tenant's lists; those in the ledger are known to who asks.
MEMBERS: Final = "member"
API_KEYS: Final = "key"
SANDBOXES: Final = "sandbox"


def member_pk(tenant: str, member: str) -> str:
    """Return the partition of an account, its events and records; of a profile too."""
    return f"{members_prefix(tenant)}{member}"


def members_prefix(tenant: str) -> str:
    """Return what begins the partition of each member of a tenant."""
    return f"T#{tenant}#M#"


def event_sk(version: int) -> str:
    """Return the sort key of an event; sort keys are in the order of versions."""
    return f"E#{version:012d}"


def checkpoint_sk(at: Instant, version: int) -> str:
    """Return the sort key of a checkpoint; sort keys are in the order of instants and versions."""
    return f"{CHECKPOINTS}{at:015d}#{version:012d}"


def checkpoints_until(at: Instant | None) -> str:
    """Return what is above the sort keys of all checkpoints by an instant, or of all there are."""
    return f"{CHECKPOINTS}~" if at is None else f"{CHECKPOINTS}{at:015d}#~"


def record_sk(kind: str, record_id: str) -> str:
    """Return the sort key of a record of a member."""
    return f"{RECORDS}{kind}#{record_id}"


def dedupe_pk(tenant: str, key: str) -> str:
    """Return the partition of a dedupe record."""
    return f"T#{tenant}#D#{key}"


def claimed_pk(tenant: str, key: str) -> str:
    """Return the partition of a claimed key, which may be any text."""
    return f"T#{tenant}#U#{_digest(key)}"


def counter_pk(tenant: str, counter: str) -> str:
    """Return the partition of a counter; whose it is is not readable in it."""
    return f"T#{tenant}#C#{_digest(counter)}"


def lookup_pk(tenant: str, lookup: str) -> str:
    """Return the partition of an external id, given as its keyed hash."""
    return f"T#{tenant}#X#{lookup}"


def tenant_pk(tenant: str) -> str:
    """Return the partition of a tenant's settings, clock and programmes."""
    return f"T#{tenant}"


def api_key_pk(key_id: str) -> str:
    """Return the partition of an API key, the one thing that is found before its tenant is."""
    return f"K#{key_id}"


def version_sk(programme: str, number: int) -> str:
    """Return the sort key of one version of a programme."""
    return f"{VERSIONS}{programme}#{number:06d}"


def due_pk(tenant: str, member: str, *, on_test_clock: bool) -> str:
    """Return the part of the due index in which an account is."""
    shard = crc32(f"{tenant}#{member}".encode()) % DUE_SHARDS
    return due_part(shard, tenant if on_test_clock else None)


def due_part(shard: int, test_tenant: str | None) -> str:
    """Return one shard of the due index: the common one, or that of a tenant with a test clock."""
    return f"due#{shard:02d}" if test_tenant is None else f"due@{test_tenant}#{shard:02d}"


def due_sk(at: Instant, tenant: str, member: str) -> str:
    """Return the sort key in the due index; sort keys are in the order of instants."""
    return f"{at:015d}#{tenant}#{member}"


def due_before(at: Instant) -> str:
    """Return what is above the sort keys of all that is due by an instant, and of nothing else."""
    return f"{at + 1:015d}"


def read_due_sk(sort_key: str) -> tuple[Instant, str, str]:
    """Return (instant, tenant, member) of a sort key in the due index."""
    at, tenant, member = sort_key.split("#", 2)
    return int(at), tenant, member


def listed_pk(tenant: str, name: str) -> str:
    """Return the part of an index that is one of a tenant's lists."""
    return f"T#{tenant}#L#{name}"


def listed_sk(at: Instant, listed: str) -> str:
    """Return the sort key in a list; sort keys are in the order of instants, then of ids."""
    return f"{at:015d}#{listed}"


def listed_within(since: Instant | None, until: Instant | None) -> tuple[str, str]:
    """Return what is at most, and at least, the sort keys of a list within a period."""
    first = f"{max(since or 0, 0):015d}"
    return first, "~" if until is None else f"{max(until, 0):015d}"


def read_listed_sk(sort_key: str) -> tuple[Instant, str]:
    """Return (instant, id) of a sort key in a list."""
    at, listed = sort_key.split("#", 1)
    return int(at), listed


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]
