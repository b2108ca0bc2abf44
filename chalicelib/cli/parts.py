"""
A backup on disk: parts of items as compressed lines, and a manifest that says what they are.

The manifest is written last and the directory gets its name after that, so what was broken off is
never taken for a backup.  Binary attributes are base64 within DynamoDB's own notation.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

Item = dict[str, Any]

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
ITEMS_A_PART: Final = 20_000


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file: so many items, and the SHA-256 of its bytes."""

    file: str
    items: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """
    What a backup holds.

    ``began`` and ``ended`` are RFC 3339; ``key_check`` tells the root key, without telling it;
    ``accounts`` counts the accounts.
    """

    format: int
    release: str
    began: str
    ended: str
    key_check: str
    accounts: int
    parts: tuple[Part, ...]


class Unusable(Exception):
    """This is no backup that can be restored; the message says why."""


def write(directory: Path, found: Iterable[tuple[str, Item]]) -> Iterator[Part]:
    """Write items as parts into a directory, and yield each part when it is whole."""
    lines: list[bytes] = []
    number = 0
    for table, item in found:
        lines.append(json.dumps([table, _texts(item)], separators=(",", ":")).encode())
        if len(lines) == ITEMS_A_PART:
            number += 1
            yield _part(directory, number, lines)
            lines = []
    if lines:
        yield _part(directory, number + 1, lines)


def finish(partial: Path, final: Path, manifest: Manifest) -> None:
    """Write the manifest and give the directory its name: from then on it is a backup."""
    text = json.dumps(msgspec.to_builtins(manifest), indent=2) + "\n"
    _private(partial / MANIFEST, text.encode())
    partial.rename(final)


def begin(final: Path) -> Path:
    """
    Make the directory in which a backup grows, in the place of one that was broken off.

    Raises `Unusable` where there is something by the backup's own name.
    """
    if final.exists():
        raise Unusable(f"{final} is there already: name a new directory")
    partial = final.with_name(final.name + ".partial")
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir(mode=0o700, parents=True)
    return partial


def manifest_of(directory: Path) -> Manifest:
    """
    Read the manifest and check every part against it.

    Raises `Unusable` where something is missing, damaged, or of another format.
    """
    try:
        manifest = msgspec.json.decode((directory / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise Unusable(f"{directory} has no {MANIFEST}: no backup, or one broken off") from None
    except msgspec.MsgspecError as error:
        raise Unusable(f"{directory / MANIFEST} cannot be read: {error}") from None
    if manifest.format != FORMAT:
        raise Unusable(f"the backup has format {manifest.format}; this release reads {FORMAT}")
    for part in manifest.parts:
        file = directory / part.file
        if not file.exists():
            raise Unusable(f"{part.file} is missing")
        # nosemgrep: digest-compared - a checksum is no secret
        if hashlib.sha256(file.read_bytes()).hexdigest() != part.sha256:
            raise Unusable(f"{part.file} is damaged: its bytes are not those that were written")
    return manifest


def read(directory: Path, manifest: Manifest) -> Iterator[tuple[str, Item]]:
    """Yield every item with its table's name, in the order in which they were written."""
    for part in manifest.parts:
        with gzip.open(directory / part.file, "rb") as file:
            for line in file:
                table, item = json.loads(line)
                yield table, _bytes(item)


def _part(directory: Path, number: int, lines: list[bytes]) -> Part:
    name = f"part-{number:05d}.jsonl.gz"
    # No time of day in it: the same items are the same bytes.
    packed = gzip.compress(b"\n".join(lines) + b"\n", 6, mtime=0)
    _private(directory / name, packed)
    return Part(name, len(lines), hashlib.sha256(packed).hexdigest())


def _private(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)


def _texts(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, dict):
        return {name: _texts(each) for name, each in value.items()}
    return [_texts(each) for each in value] if isinstance(value, list) else value


def _bytes(attributes: Any) -> Any:
    """Put binary values back, wherever an attribute says that it is one."""
    return {name: _attribute(value) for name, value in attributes.items()}


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    ((kind, held),) = value.items()
    match kind:
        case "B":
            return {kind: base64.b64decode(held)}
        case "BS":
            return {kind: [base64.b64decode(each) for each in held]}
        case "M":
            return {kind: _bytes(held)}
        case "L":
            return {kind: [_attribute(each) for each in held]}
    return value
