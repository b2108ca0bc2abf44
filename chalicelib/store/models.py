"""
Items of the directory and the catalogue, declared as PynamoDB models: what is written seldom.

The models say which attributes there are and turn them into DynamoDB's notation.  They send nothing
themselves: a model has its table's name and its own connection in its class, whereas here one
connection and one prefix, known at run time, serve all tables.

Every first request of a process reads some of these items, and PynamoDB takes 8 ms to
import: so only what writes them imports this, at that moment, and `reading` reads them.  What is
written in the member's every transaction is in `items`.

A programme, and a profile with its evidence of consent, are documents: their ``body`` is zlib of
JSON, and beside it is what conditions ask for.
"""

from __future__ import annotations

import zlib
from typing import Final

import msgspec
from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.models import Model

from chalicelib.domain.errors import TooLarge
from chalicelib.domain.programme import section
from chalicelib.domain.programme.versions import ProgrammeVersion
from chalicelib.store import keys
from chalicelib.store.items import listed_place
from chalicelib.store.metering import Item
from chalicelib.usecases.stored import Profile, Settings, StoredKey

#: DynamoDB takes 400 KB an item; the rest is for keys and state.
DOCUMENT_MAX_BYTES: Final = 390 * 1024


class _Keyed(Model):
    """What every item has; one that is in a list of a tenant's has its place there, too."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)


class ProfileItem(_Keyed):
    """A member's personal data."""

    revision = NumberAttribute()
    body = BinaryAttribute(legacy_encoding=False)


class LookupItem(_Keyed):
    """The member with an external id; the id itself is nowhere, only its keyed hash in the key."""

    member = UnicodeAttribute()


class TenantItem(_Keyed):
    """A tenant's settings."""

    name = UnicodeAttribute()
    time_zone = UnicodeAttribute()
    test_clock = BooleanAttribute()
    opened_by = UnicodeAttribute(null=True)
    created_at = NumberAttribute(null=True)
    #: How many keys may do everything and are not revoked.
    administrators = NumberAttribute()
    #: Lists of days, once there are any.
    holidays = JSONAttribute(null=True)
    holidays_revision = NumberAttribute(null=True)
    #: All locations, once there are any.
    locations = BinaryAttribute(legacy_encoding=False, null=True)
    locations_revision = NumberAttribute(null=True)


class ClockItem(_Keyed):
    """A tenant's test clock."""

    instant = NumberAttribute()


class VersionItem(_Keyed):
    """One version of a programme."""

    state = UnicodeAttribute()
    number = NumberAttribute()
    effective_from = NumberAttribute(null=True)
    body = BinaryAttribute(legacy_encoding=False)


class KeyItem(_Keyed):
    """An API key, without its secret."""

    tenant = UnicodeAttribute()
    name = UnicodeAttribute()
    secret_hash = UnicodeAttribute()
    scopes: JSONAttribute = JSONAttribute()
    sources: JSONAttribute = JSONAttribute(null=True)
    locations: JSONAttribute = JSONAttribute(null=True)
    revoked = BooleanAttribute()
    created_at = NumberAttribute()
    ends_on = UnicodeAttribute(null=True)
    ends_at = NumberAttribute(null=True)
    #: Written by itself, once a day at most.
    last_used_day = NumberAttribute(null=True)


def profile_item(tenant: str, profile: Profile) -> Item:
    """Return a profile as an item."""
    item: Item = ProfileItem(
        keys.member_pk(tenant, profile.member),
        keys.PROFILE,
        revision=profile.revision,
        body=zlib.compress(msgspec.json.encode(profile)),
    ).serialize()
    return item | listed_place(tenant, keys.MEMBERS, profile.created_at, profile.member)


def lookup_item(tenant: str, lookup: str, member: str) -> Item:
    """Return what leads from an external id, given as its keyed hash, to its member."""
    return LookupItem(keys.lookup_pk(tenant, lookup), keys.LOOKUP, member=member).serialize()


def tenant_item(settings: Settings, administrators: int) -> Item:
    """Return a tenant's settings as an item, which counts its keys of administrators."""
    item: Item = TenantItem(
        keys.tenant_pk(settings.tenant),
        keys.TENANT,
        name=settings.name,
        time_zone=settings.time_zone,
        test_clock=settings.test_clock,
        opened_by=settings.opened_by or None,
        created_at=settings.created_at or None,
        administrators=administrators,
    ).serialize()
    if settings.opened_by:
        opener, at = settings.opened_by, settings.created_at
        item |= listed_place(opener, keys.SANDBOXES, at, settings.tenant)
    return item


def clock_item(tenant: str, instant: int) -> Item:
    """Return a test clock as an item."""
    return ClockItem(keys.tenant_pk(tenant), keys.CLOCK, instant=instant).serialize()


def version_item(tenant: str, version: ProgrammeVersion) -> Item:
    """
    Return a version of a programme as an item.

    Raises `TooLarge` (``programme_too_large``) where it is above what an item holds.
    """
    body = zlib.compress(section.encode(version.document), 9)
    if len(body) > DOCUMENT_MAX_BYTES:
        raise TooLarge(
            "programme_too_large",
            f"The programme takes {len(body)} bytes compressed, {DOCUMENT_MAX_BYTES} at most.",
        )
    return VersionItem(
        keys.tenant_pk(tenant),
        keys.version_sk(version.programme_id, version.number),
        state=version.state,
        number=version.number,
        effective_from=version.effective_from,
        body=body,
    ).serialize()


def key_item(key: StoredKey) -> Item:
    """Return an API key as an item."""
    item: Item = KeyItem(
        keys.api_key_pk(key.key_id),
        keys.API_KEY,
        tenant=key.tenant,
        name=key.name,
        secret_hash=key.secret_hash,
        scopes=sorted(key.scopes),
        sources=None if key.sources is None else sorted(key.sources),
        locations=None if key.locations is None else list(key.locations),
        revoked=key.revoked,
        created_at=key.created_at,
        ends_on=key.ends_on or None,
        ends_at=key.ends_at,
    ).serialize()
    return item | listed_place(key.tenant, keys.API_KEYS, key.created_at, key.key_id)
