import datetime as dt
import os
import random
import secrets
import time
import uuid
from datetime import date, datetime
from os import environ
from time import time_ns

# ruleid: wall-clock
dt.datetime.now(dt.UTC)
# ruleid: wall-clock
datetime.utcnow()
# ruleid: wall-clock
date.today()
# ruleid: wall-clock
time.time()
# ruleid: wall-clock
time_ns() // 1_000_000


# ruleid: wall-clock
def expire(account, clock=time.time):
    return account, clock


# ok: wall-clock
dt.datetime.fromtimestamp(now / 1000, dt.UTC)
# ok: wall-clock
now = services.now()
# ok: wall-clock
time.perf_counter()
# ok: wall-clock
dt.time(9, 30)

# ruleid: randomness
random.choice(rewards)
# ruleid: randomness
services(jitter=random.random)
# ruleid: randomness
secrets.token_bytes(30)
# ruleid: randomness
os.urandom(16)
# ruleid: randomness
str(uuid.uuid4())
# ok: randomness
services.secrets.voucher(tenant, code)
# ok: randomness
uuid.UUID(text)


# ok: randomness
def make(random: bytes) -> int:
    # ok: randomness
    return int.from_bytes(random, "big")


# ruleid: environment
os.environ["TESSERA_STAGE"]
# ruleid: environment
os.environ.get("TESSERA_STAGE")
# ruleid: environment
environ["TESSERA_STAGE"]
# ruleid: environment
os.getenv("TESSERA_STAGE")
# ok: environment
env["TESSERA_STAGE"]
# ok: environment
os.path
