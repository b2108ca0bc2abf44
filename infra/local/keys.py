"""
The secrets of a local server: made once, kept under ``.local/``, readable by their owner only.

They sign and hash what the local state holds, so they live and die with it.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

ISSUER: Final = "http://127.0.0.1/tessera-local"
AUDIENCE: Final = "tessera"
KEY_ID: Final = "local"

_ROOT_KEY: Final = "root_key"
_OWNER_ONLY: Final = 0o600


class LocalIssuer(msgspec.Struct, frozen=True):
    """An OIDC issuer that exists only as a key: what a token needs, and what verifies it."""

    private_pem: str
    jwks: dict[str, Any]
    issuer: str = ISSUER
    audience: str = AUDIENCE
    key_id: str = KEY_ID

    def settings(self) -> str:
        """Return the value of ``TESSERA_OIDC`` that trusts this issuer."""
        settings = {"issuer": self.issuer, "audience": self.audience, "jwks": self.jwks}
        return json.dumps(settings, separators=(",", ":"))


def root_key(directory: Path) -> str:
    """Return the directory's root key, 32 random bytes in base64; made on the first call."""
    file = directory / _ROOT_KEY
    if not file.exists():
        keep_root_key(directory, base64.b64encode(secrets.token_bytes(32)).decode())
    return file.read_text().strip()


def keep_root_key(directory: Path, text: str) -> None:
    """Make a key the directory's root key: that with which what lies there was written."""
    file = directory / _ROOT_KEY
    if not file.exists() or file.read_text().strip() != text.strip():
        write_private(file, text.strip() + "\n")


def local_issuer(directory: Path) -> LocalIssuer:
    """Return the directory's issuer, an RSA-2048 key; made on the first call."""
    file = directory / "issuer.pem"
    if not file.exists():
        write_private(file, _new_pem())
    pem = file.read_text()
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{file} does not hold an RSA key; remove it to have a new one made")
    public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    jwk = public | {"kid": KEY_ID, "use": "sig", "alg": "RS256"}
    return LocalIssuer(private_pem=pem, jwks={"keys": [jwk]})


def write_private(file: Path, text: str) -> None:
    """Replace the file's text as a whole, readable by its owner only."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    draft.replace(file)


def _new_pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
