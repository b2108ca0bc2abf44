"""What `models` writes, read without PynamoDB's models: they cost more to import than to use."""

from __future__ import annotations

import zlib

import msgspec

from chalicelib.domain.programme import section
from chalicelib.domain.programme.versions import ProgrammeVersion, State
from chalicelib.store.metering import Item
from chalicelib.usecases.stored import Profile, Settings, StoredKey


def profile_of(item: Item) -> Profile:
    """Return the profile of an item."""
    return msgspec.json.decode(zlib.decompress(item["body"]["B"]), type=Profile)


def member_of(item: Item) -> str:
    """Return the member to whom an external id leads."""
    return str(item["member"]["S"])


def settings_of(tenant: str, item: Item) -> Settings:
    """Return the settings of an item."""
    return Settings(
        tenant,
        item["name"]["S"],
        item["time_zone"]["S"],
        item["test_clock"]["BOOL"],
        item["opened_by"]["S"] if "opened_by" in item else "",
        int(item["created_at"]["N"]) if "created_at" in item else 0,
        msgspec.json.decode(item["holidays"]["S"], type=dict[str, frozenset[str]])
        if "holidays" in item
        else {},
        int(item["holidays_revision"]["N"]) if "holidays_revision" in item else 0,
        item["locations"]["B"] if "locations" in item else b"",
        int(item["locations_revision"]["N"]) if "locations_revision" in item else 0,
    )


def version_of(item: Item) -> ProgrammeVersion:
    """Return the version of an item."""
    return ProgrammeVersion(
        number=int(item["number"]["N"]),
        state=msgspec.convert(item["state"]["S"], State),
        document=section.read(zlib.decompress(item["body"]["B"])),
        effective_from=int(item["effective_from"]["N"]) if "effective_from" in item else None,
    )


def key_of(key_id: str, item: Item) -> StoredKey:
    """Return the API key of an item."""
    return StoredKey(
        key_id=key_id,
        tenant=item["tenant"]["S"],
        secret_hash=item["secret_hash"]["S"],
        scopes=_texts(item["scopes"]["S"]),
        name=item["name"]["S"],
        revoked=item["revoked"]["BOOL"],
        sources=_texts(item["sources"]["S"]) if "sources" in item else None,
        created_at=int(item["created_at"]["N"]),
        ends_on=item["ends_on"]["S"] if "ends_on" in item else "",
        ends_at=int(item["ends_at"]["N"]) if "ends_at" in item else None,
        last_used_day=int(item["last_used_day"]["N"]) if "last_used_day" in item else 0,
        locations=msgspec.json.decode(item["locations"]["S"], type=tuple[str, ...])
        if "locations" in item
        else None,
    )


def _texts(encoded: str) -> frozenset[str]:
    return frozenset(msgspec.json.decode(encoded, type=list[str]))
