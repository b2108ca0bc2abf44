"""
One structured line per outcome, made of an allow-list of fields: ids and numbers, no person.

Bodies, names, addresses, subjects of tokens and messages of unexpected exceptions never reach a
log: what could reveal health or identity has no field to travel in.
"""

from __future__ import annotations

import traceback
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

#: The fields that a line may carry; anything else is a programming error.
FIELDS: Final = frozenset(
    {
        "operation",
        "status",
        "code",
        "correlation_id",
        "tenant",
        "actor_kind",
        "key_id",
        "member_id",
        "duration_ms",
        "replayed",
        "error_type",
        "frames",
        "job",
        "count",
        "lag_ms",
        "version",
        "body_bytes",
    },
)


@cache
def logger() -> Logger:
    """Return the one logger; made at first use, so that importing this costs and reads nothing."""
    import msgspec
    from aws_lambda_powertools import Logger as PowertoolsLogger

    # Chalice logs under its app's name, "tessera": sharing that name would print each line twice.
    return PowertoolsLogger(
        service="tessera-loyalty",
        location=None,
        use_rfc3339=True,
        json_serializer=lambda line: msgspec.json.encode(line, enc_hook=str).decode(),
    )


def outcome(message: str, **fields: object) -> None:
    """
    Write one line about one outcome; fields that are None are left out.

    Raises `ValueError` where a field is not on the allow-list.
    """
    logger().info(message, extra=_allowed(fields))


def warning(message: str, **fields: object) -> None:
    """Write one line about what someone should look at, with the fields of an outcome."""
    logger().warning(message, extra=_allowed(fields))


def failure(message: str, error: BaseException, **fields: object) -> None:
    """
    Write one line about an unexpected exception: its types and where, never its message.

    Messages quote values, and values may be a patient's.
    """
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or current.__context__
    of_error: dict[str, object] = {
        "error_type": " < ".join(type(each).__name__ for each in chain),
        "frames": _frames(error),
    }
    logger().error(message, extra=_allowed({**fields, **of_error}))


def _allowed(fields: dict[str, object]) -> dict[str, object]:
    strangers = fields.keys() - FIELDS
    if strangers:
        raise ValueError(f"not fields of a log line: {sorted(strangers)}")
    return {name: value for name, value in fields.items() if value is not None}


def _frames(error: BaseException) -> list[str]:
    return [
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
