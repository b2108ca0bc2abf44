"""How the application's template refers to what the data stack exports."""

from __future__ import annotations

from typing import Any, Final

#: Of metrics: two stacks in one account are distinguished by it.
NAMESPACE: Final = "Tessera/${AWS::StackName}"


def imported(name: str) -> dict[str, Any]:
    """Return the value that the data stack exports under a name."""
    return {"Fn::ImportValue": {"Fn::Sub": "${DataStack}-" + name}}
