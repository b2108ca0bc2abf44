import hashlib
import hmac

# ruleid: digest-compared
if signature == expected:
    refuse()
# ruleid: digest-compared
if expected != hmac.new(key, body, "sha256").digest():
    refuse()
# ruleid: digest-compared
if hashlib.sha256(secret).hexdigest() == kept:
    accept()
# ruleid: digest-compared
if stored.secret_hash != wanted:
    refuse()
# ruleid: digest-compared
if _hash(secret) == kept:
    accept()
# ruleid: digest-compared
return_value = bearer == self._token
# ruleid: digest-compared
same = headers["webhook-signature"] == computed
# ok: digest-compared
if hmac.compare_digest(signature, expected):
    accept()
# ok: digest-compared
if version != expected_version:
    refuse()
# ok: digest-compared
if secret_hash is None:
    refuse()
# ok: digest-compared
if len(token) != 64:
    refuse()
# ok: digest-compared
if machine == "arm64":
    accept()
