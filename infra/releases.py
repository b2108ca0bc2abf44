"""
Releases: what was deployed, by its contents, in the artifact bucket of the data stack.

A release is a template that names its package by hash.  Both are kept, so that an earlier release
is deployed again as it was, whatever has become of the sources.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final, NamedTuple

from botocore.exceptions import ClientError

from infra.packaging import Package

_ID_LENGTH: Final = 12


class Release(NamedTuple):
    """A template in the bucket: its id, where CloudFormation reads it, and its parameters."""

    id: str
    url: str
    parameters: frozenset[str]


class Releases:
    """The releases of one stage in one bucket."""

    def __init__(self, s3: Any, bucket: str, stage: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._stage = stage

    def add(self, package: Package) -> Release:
        """Upload a package and its template, unless they are there, and return the release."""
        code = package.zip.read_bytes()
        key = f"packages/{hashlib.sha256(code).hexdigest()}.zip"
        self._upload(key, code)
        template = located(json.loads(package.template.read_text("utf-8")), self._bucket, key)
        body = json.dumps(template, sort_keys=True).encode()
        release = hashlib.sha256(body).hexdigest()[:_ID_LENGTH]
        self._upload(self._key(release), body)
        return self._release(release, template)

    def find(self, release: str) -> Release:
        """Return an earlier release; raises `LookupError` where there is none of that id."""
        if not self._exists(self._key(release)):
            raise LookupError(f"no release {release} of {self._stage} in {self._bucket}")
        stored = self._s3.get_object(Bucket=self._bucket, Key=self._key(release))["Body"].read()
        return self._release(release, json.loads(stored))

    def _release(self, release: str, template: dict[str, Any]) -> Release:
        return Release(release, self._url(release), frozenset(template.get("Parameters", {})))

    def _key(self, release: str) -> str:
        return f"releases/{self._stage}/{release}.json"

    def _url(self, release: str) -> str:
        # botocore knows the address of its endpoint, on AWS and on a local engine alike.
        signed: str = self._s3.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": self._key(release)}
        )
        return signed.partition("?")[0]

    def _upload(self, key: str, body: bytes) -> None:
        if not self._exists(key):
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)

    def _exists(self, key: str) -> bool:
        try:
            self._s3.head_object(Bucket=self._bucket, Key=key)
        except ClientError as refusal:
            if refusal.response["Error"]["Code"] in {"404", "NoSuchKey", "NotFound"}:
                return False
            raise
        return True


def located(template: dict[str, Any], bucket: str, key: str) -> dict[str, Any]:
    """Return a template whose functions take their code from the bucket."""
    resources = {
        name: _located(resource, bucket, key) for name, resource in template["Resources"].items()
    }
    return template | {"Resources": resources}


def _located(resource: dict[str, Any], bucket: str, key: str) -> dict[str, Any]:
    if "CodeUri" not in resource.get("Properties", {}):
        return resource
    code = {"CodeUri": {"Bucket": bucket, "Key": key}}
    return resource | {"Properties": resource["Properties"] | code}
