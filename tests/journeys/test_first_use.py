"""
A gateway knows every Struct before its first request, for many threads will read them.

msgspec notes a Struct as known before it knows its fields, so that a second thread that reads the
same kind at its first use ended the server with a segmentation fault: two clients that read members
at once, of a server on which nobody had read one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

# A process of its own, in which nothing is known yet.  What the module below looks up of a class,
# it does once, at the first use.
_FIRST_USES = """
import json, sys
from importlib import resources
from pathlib import Path
import msgspec._utils as first_use
from tests.journeys.world import Ground, LocalWorld, local_contract

local_contract()
world = LocalWorld(Ground(Path(sys.argv[1])))
late = []

def spy(kind):
    # What inspects a kind keeps nothing that threads share.
    if sys._getframe(2).f_globals["__name__"] != "msgspec.inspect":
        late.append(str(kind))
    return mro(kind)

mro = first_use._get_class_mro_and_typevar_mappings
first_use._get_class_mro_and_typevar_mappings = spy
clinic = world.clinic()
for file in resources.files("chalicelib.programmes").iterdir():
    if file.name.endswith(".json") and file.name.count(".") == 1:
        clinic.publish(file.name.removesuffix(".json"))
member = clinic.enrolled()
clinic.record(member).expect(201)
clinic.give(member, 500)
clinic.check(member)
world.clock.advance(days=400)
world.tick()
clinic.api.get(f"/v1/members/{member}").expect(200)
print(json.dumps(late))
"""


def test_no_struct_is_read_for_the_first_time_while_requests_are_answered(tmp_path: Path) -> None:
    """Programmes, activities, journals, reads and a tick find every kind known."""
    ran = subprocess.run(
        (sys.executable, "-c", _FIRST_USES, str(tmp_path)),
        capture_output=True,
        check=True,
        env=os.environ | {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"},
        text=True,
    )
    assert json.loads(ran.stdout.splitlines()[-1]) == []
