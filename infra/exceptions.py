"""
Rules of the template linters that a resource is excused from, each with the reason beside it.

The reasons travel with the template, as metadata that cfn-lint and checkov read.
"""

from __future__ import annotations

from typing import Any, Final

_CHECKOV: Final = "CKV"


def excused(**reasons: str) -> dict[str, Any]:
    """Return a resource's ``Metadata``, from the reason of each rule that does not apply to it."""
    checkov = [
        {"id": rule, "comment": reason}
        for rule, reason in reasons.items()
        if rule.startswith(_CHECKOV)
    ]
    cfn_lint = {rule: why for rule, why in reasons.items() if not rule.startswith(_CHECKOV)}
    metadata: dict[str, Any] = {}
    if checkov:
        metadata["checkov"] = {"skip": checkov}
    if cfn_lint:
        metadata["cfn-lint"] = {"config": {"ignore_checks": list(cfn_lint)}, "reasons": cfn_lint}
    return metadata
