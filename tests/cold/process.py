"""
One cold start: a fresh interpreter that imports the entry module and serves its first event.

The floor is another that makes the same calls from a bare botocore client, and does nothing else.
Both see one place of modules and an environment like a deployed function's.  The time is the
processor's: hardly anything waits, and it is what other programs on the machine disturb least.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.cold.stand_in import Call

_HEAD: Final = """
import json, os, sys, time
given = json.load(sys.stdin)
sys.path[:0] = given["places"]
os.environ.update(given["environment"])

class Context:
    aws_request_id = "cold"
    function_name = "cold"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:eu-west-1:000000000000:function:cold"

    def get_remaining_time_in_millis(self):
        return 30_000

def restored(value):
    if isinstance(value, dict):
        if value.keys() == {"B"}:
            return {"B": base64.b64decode(value["B"])}
        return {name: restored(each) for name, each in value.items()}
    return [restored(each) for each in value] if isinstance(value, list) else value

import base64
calls = [(operation, restored(arguments)) for operation, arguments in given["calls"]]
answer = None
began = time.process_time()
"""
_ENTRY: Final = """
module = __import__(given["module"])
answer = getattr(module, given["entry"])(given["event"], Context())
"""
_FLOOR: Final = """
import botocore.session
clients = {}
for operation, arguments in calls:
    service = "secretsmanager" if operation == "GetSecretValue" else "dynamodb"
    if service not in clients:
        clients[service] = botocore.session.Session().create_client(service)
    clients[service]._make_api_call(operation, arguments)
"""
_TAIL: Final = """
took = time.process_time() - began
import gc
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({
    "milliseconds": took * 1000,
    "megabytes": int(status["VmHWM"].split()[0]) / 1024,
    "answer": answer,
    "modules": sorted(sys.modules),
    "collects": gc.isenabled(),
}))
"""


class Started(NamedTuple):
    """
    What one process took of the processor, what it answered, and every module that it imported.

    ``collects`` tells whether it collects garbage by then; ``log`` is what it wrote on its standard
    error.
    """

    milliseconds: float
    megabytes: float
    answer: Any
    modules: list[str]
    collects: bool
    log: str


def start(
    places: Sequence[Path],
    environment: Mapping[str, str],
    handler: str,
    event: Any,
    *,
    module: str = "app",
    options: Sequence[str] = (),
) -> Started:
    """Import a module and call one of its handlers with one event."""
    given = {"module": module, "entry": handler, "event": event, "calls": ()}
    return _run(_ENTRY, places, environment, given, options)


def start_bare(
    places: Sequence[Path], environment: Mapping[str, str], calls: Sequence[Call]
) -> Started:
    """Make the same calls from a bare client."""
    given = {"calls": [(call.operation, call.arguments) for call in calls]}
    return _run(_FLOOR, places, environment, given, ())


def _run(
    work: str,
    places: Sequence[Path],
    environment: Mapping[str, str],
    given: dict[str, Any],
    options: Sequence[str],
) -> Started:
    # Nothing but the given places is seen, and nothing is compiled on the way.
    command = [sys.executable, "-I", "-S", "-B", *options, "-c", _HEAD + work + _TAIL]
    seen = {"places": [str(each) for each in places], "environment": dict(environment)}
    done = subprocess.run(
        command, input=json.dumps(given | seen), env={}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"the process failed:\n{done.stderr}")
    # Before the last line come those of the log.
    return Started(**json.loads(done.stdout.splitlines()[-1]), log=done.stderr)
