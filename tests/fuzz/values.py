"""Values that a JSON Schema allows, preferring those that mean something to the API."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

import msgspec

from chalicelib.domain.ledger.calendar import Instant, format_instant, parse_instant
from tests.fuzz import largest
from tests.fuzz.memory import Memory
from tests.fuzz.patterns import fits, matching

Schema = Mapping[str, Any]

_DAY_MS: Final = 86_400_000
_FIRST: Final = 0
_LAST: Final = parse_instant("9999-12-31T23:59:59Z")
_DEPTH_MAX: Final = 12
_WORDS: Final = ("visit", "kiosk", "Müller", "محمد", "山田", "a b", "x", "O'Neil", "é", "n/a")
_ZONES: Final = ("Europe/London", "Asia/Tehran", "Pacific/Auckland", "America/St_Johns", "UTC")
_CURRENCIES: Final = ("GBP", "GBP", "GBP", "EUR", "JPY", "KWD")
_PURPOSES: Final = ("marketing", "newsletter", "programme", "analytics")
# The parts of a union that a schema cannot name: of these components, exactly one field is given.
_ONE_FIELD: Final = frozenset({"MemberRef"})
# A clock moves forward only.
_CLOCK: Final = "ClockBody"
_EXAMPLES: Final = "chalicelib.programmes"
_DAY: Final = re.compile(r"(\d{4}-)?\d\d-\d\d")


class Maker:
    """
    Makes values for one request; ``now`` is the caller's time.

    With ``room`` it is as large as it may be: as many items, all with the same fields, and the
    longest texts, until about so many bytes are made.
    """

    def __init__(
        self,
        components: Schema,
        memory: Memory,
        rng: random.Random,
        now: Instant,
        *,
        room: int | None = None,
    ) -> None:
        self._components = components
        self._memory = memory
        self._rng = rng
        self._now = now
        self._room = room
        self._fields: dict[tuple[str, ...], list[str]] = {}

    @property
    def _makes_all(self) -> bool:
        return self._room is not None and self._room > 0

    @property
    def _is_full(self) -> bool:
        return self._room is not None and self._room <= 0

    def value(self, schema: Schema, name: str = "", *, owner: str = "", depth: int = 0) -> Any:
        """Return a value for a schema; ``owner`` and ``name`` say where it will stand."""
        if "$ref" in schema:
            component = schema["$ref"].rpartition("/")[2]
            return self.value(self._components[component], name, owner=component, depth=depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._rng.choice(schema["enum"])
        if options := schema.get("anyOf") or schema.get("oneOf"):
            return self._option(options, name, owner, depth)
        made = self._typed(schema, name, owner, depth)
        if self._room is not None and not isinstance(made, dict | list):
            # Quotes, a comma and the field's name.
            self._room -= len(str(made).encode(errors="surrogatepass")) + len(name) + 6
        return made

    def instant(self, *, ahead: bool = False) -> str:
        """Return an instant, most often of the past month; ``ahead``, of the one to come."""
        back = self._rng.choice((0, 1, 60_000, _DAY_MS, 30 * _DAY_MS, 31 * _DAY_MS, -60_000))
        back += self._rng.choice((0, 0, self._rng.randrange(_DAY_MS)))
        at = self._now + (back if ahead else -back)
        # A test clock may have been moved to the very ends of the calendar.
        text = format_instant(max(_FIRST, min(_LAST, at)))
        if self._rng.random() < 0.2:
            text = text.removesuffix("Z") + self._rng.choice(("+00:00", "-11:30", "+14:00"))
        return text

    def _option(self, options: list[Schema], name: str, owner: str, depth: int) -> Any:
        real = [option for option in options if option.get("type") != "null"]
        # What is left out need not be null as well.
        if len(real) < len(options) and not self._makes_all and self._rng.random() < 0.1:
            return None
        return self.value(self._rng.choice(real or options), name, owner=owner, depth=depth)

    def _typed(self, schema: Schema, name: str, owner: str, depth: int) -> Any:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = self._rng.choice(kind)
        match kind:
            case "object":
                return self._object(schema, name, owner, depth)
            case "array":
                return self._array(schema, name, owner, depth)
            case "string":
                return self._text(schema, name, owner)
            case "integer":
                return self._integer(schema, name, owner)
            case "number":
                return self._rng.choice((0, 1, 0.5, 1e6))
            case "boolean":
                return self._rng.random() < 0.5
            case "null":
                return None
        return self._rng.choice(("any", 1, True, None, [], {}))

    def _object(self, schema: Schema, name: str, owner: str, depth: int) -> Any:
        if name == "document":
            return self._rng.choice(_LARGEST)() if self._makes_all else example(self._rng)
        owner = schema.get("title", owner)
        properties: dict[str, Schema] = dict(schema.get("properties", {}))
        chosen = self._chosen(schema, properties, owner, depth)
        made = {
            field: self.value(properties[field], field, owner=owner, depth=depth + 1)
            for field in chosen
        }
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict) and not properties:
            names = schema.get("propertyNames", {"type": "string"})
            most = schema.get("maxProperties", 20)
            for _ in range(most if self._makes_all else self._rng.choice((0, 0, 1, 2))):
                key = str(self._text(names, "key", owner))
                made[key] = self.value(extra, name, owner=owner, depth=depth + 1)
        return made

    def _chosen(
        self, schema: Schema, properties: Mapping[str, Schema], owner: str, depth: int
    ) -> list[str]:
        required = schema.get("required", [])
        if owner in _ONE_FIELD:
            return [self._rng.choice(list(properties))]
        often = 0.05 if depth > _DEPTH_MAX else self._rng.choice((0, 0.2, 0.6))
        chosen = [field for field in properties if field in required or self._rng.random() < often]
        if self._room is None:
            return chosen
        # Fields that exclude each other would be in one of a hundred items.
        listed = [field for field in properties if _is_list(properties[field])]
        all_of = [*dict.fromkeys((*chosen, *listed))]
        return self._fields.setdefault((owner, *properties), all_of)

    def _array(self, schema: Schema, name: str, owner: str, depth: int) -> list[Any]:
        least, most = schema.get("minItems", 0), schema.get("maxItems", 5)
        count = max(least, min(most, self._rng.choice((0, 1, 1, 2, 3))))
        if self._makes_all or self._rng.random() < 0.02:
            count = most
        item, made = schema.get("items", {}), list[Any]()
        while len(made) < count and not (self._is_full and len(made) >= least):
            made.append(self.value(item, name, owner=owner, depth=depth + 1))
        return made

    def _integer(self, schema: Schema, name: str, owner: str) -> int:
        least = schema.get("minimum", schema.get("exclusiveMinimum", -3) + 1)
        most = schema.get("maximum", schema.get("exclusiveMaximum", 10**6) - 1)
        # Sums of the highest numbers alone are refused at once.
        if self._makes_all and self._rng.random() < 0.1:
            return int(most)
        if self._rng.random() < 0.1:
            return int(self._rng.choice((least, most)))
        known = self._memory.recall(owner, name, self._rng)
        if isinstance(known, int) and least <= known <= most and self._rng.random() < 0.5:
            return known
        return int(max(least, min(most, self._rng.choice((1, 2, 5, 50, 120, 5000)))))

    def _text(self, schema: Schema, name: str, owner: str) -> str:
        if schema.get("description", "").startswith("RFC 3339"):
            return self.instant(ahead=owner == _CLOCK)
        if schema.get("format") == "date" and self._rng.random() < 0.9:
            return self.instant(ahead=self._rng.random() < 0.5)[: len("2026-11-22")]
        known = self._memory.recall(owner, name, self._rng)
        if isinstance(known, str) and self._rng.random() < 0.85 and _allows(schema, known):
            return known
        named = self._named(name)
        if named is not None and _allows(schema, named):
            return named
        return self._any_text(schema)

    def _named(self, name: str) -> str | None:
        match name:
            case "tz" | "time_zone":
                return self._rng.choice(_ZONES)
            case "currency":
                return self._rng.choice(_CURRENCIES)
            case "purpose":
                return self._rng.choice(_PURPOSES)
            case "external_id" | "value":
                return f"x{self._rng.randrange(10**6)}"
        return None

    def _any_text(self, schema: Schema) -> str:
        least, most = schema.get("minLength", 0), schema.get("maxLength", 60)
        if pattern := schema.get("pattern"):
            made = matching(pattern, self._rng)[:most]
            # A pattern lets days through that no month has.
            return self._day_of(made) if _DAY.fullmatch(made) and self._rng.random() < 0.9 else made
        if self._makes_all:
            return "x" * int(most)
        if self._rng.random() < 0.05:
            count: int = self._rng.choice((least, most))
            return self._rng.choice(("x", "ü", "😀")) * count
        text = self._rng.choice(_WORDS)
        return (text if len(text) >= least else text * least)[:most]

    def _day_of(self, text: str) -> str:
        month, day = self._rng.randint(1, 12), self._rng.randint(1, 28)
        return f"{text[:-5]}{month:02d}-{day:02d}"


def _is_list(schema: Schema) -> bool:
    return schema.get("type") == "array" or "additionalProperties" in schema


def _allows(schema: Schema, text: str) -> bool:
    pattern = schema.get("pattern")
    if not schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", 10**6):
        return False
    return pattern is None or fits(pattern, text)


#: The largest documents: of rules with all that takes time, and of discounts.
_LARGEST: Final = (largest.programme, largest.priced)


def example(rng: random.Random) -> Any:
    """Return one of the example programmes, most often under an id of its own."""
    document = msgspec.json.decode(rng.choice(_examples()))
    if rng.random() < 0.5:
        document["id"] = f"{document['id'][:30]}-{rng.randrange(4)}"
    return document


@cache
def _examples() -> tuple[bytes, ...]:
    files = sorted(resources.files(_EXAMPLES).iterdir(), key=lambda file: file.name)
    texts = [file.read_bytes() for file in files if file.name.endswith(".json")]
    return tuple(text for text in texts if b'"$schema": "programme.schema.json"' in text)
