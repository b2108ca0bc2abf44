"""
`make deploy STAGE=…`: preview, confirm, deploy; and back again to an earlier release.

First the data stack, which only ever grows, then the application's stack with the package.  Each
shows what would change and asks before it changes anything.  Which account and region it is, AWS's
usual settings say (``AWS_PROFILE``, ``AWS_REGION``); the preview names them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import botocore.session
import msgspec
from botocore.config import Config

from chalicelib.routes.http.issuer import trusted_issuers
from infra import data
from infra.distributions import ARCHITECTURES, PackagingError, Target, native_target
from infra.packaging import ROOT, STAGES, Package, build, report
from infra.releases import Release, Releases
from infra.stacks import Plan, StackError, Stacks

#: While one of these rings after an update, CloudFormation takes the update back.
GUARDS: Final = ("ServerErrorsAlarm", "APIHandlerErrorsAlarm", "SettleErrorsAlarm")
_GUARD_MINUTES: Final = {"dev": 0, "prod": 10}
_RELEASE_TAG: Final = "tessera:release"
_DATA_PARAMETERS: Final = frozenset({"Prefix", "ApiLogs"})

Confirm = Callable[[str], bool]
Say = Callable[[str], None]


class DeployError(Exception):
    """The deployment was refused or given up before anything changed."""


class Clients(NamedTuple):
    """What a deployment calls; anything with botocore's methods."""

    cloudformation: Any
    s3: Any
    sts: Any


class Deployment:
    """The two stacks of one stage, in one account and region."""

    def __init__(
        self, stage: str, clients: Clients, confirm: Confirm, say: Say, *, poll_s: float = 2
    ) -> None:
        self.stage = stage
        self.data_stack = f"tessera-{stage}-data"
        self.stack = f"tessera-{stage}"
        self._clients = clients
        self._stacks = Stacks(clients.cloudformation, poll_s=poll_s)
        self._confirm = confirm
        self._say = say

    def deploy(
        self, package: Callable[[], Package], parameters: Mapping[str, str], release: str | None
    ) -> dict[str, str]:
        """
        Bring both stacks up to date, or the application back to an earlier ``release``.

        Returns the outputs of the application's stack.  ``package`` is only called where there is
        no release to go back to.  Raises `DeployError` where it is refused or not confirmed,
        `StackError` where CloudFormation fails, which leaves the stack as it was.
        """
        check_parameters(self.stage, parameters, self._stacks.describe(self.stack))
        self._say(f"{self.stage} in {self._place()}")
        if release is None:
            self._change_data(parameters)
        bucket = self._stacks.outputs(self.data_stack)["Artifacts"]
        releases = Releases(self._clients.s3, bucket, self.stage)
        try:
            wanted = releases.find(release) if release else releases.add(package())
        except LookupError as missing:
            raise DeployError(str(missing)) from None
        self._change_application(wanted, parameters)
        return self._stacks.outputs(self.stack)

    def _change_data(self, parameters: Mapping[str, str]) -> None:
        template = data.template()
        given = {name: value for name, value in parameters.items() if name in _DATA_PARAMETERS}
        plan = self._stacks.plan(
            self.data_stack,
            {"TemplateBody": json.dumps(template)},
            {"Prefix": f"tessera-{self.stage}-", **given},
            declared=template["Parameters"],
        )
        if plan is not None:
            # Whatever it holds is retained, but a table that is replaced begins empty.
            lost = [each.resource for each in plan.changes if each.begins_anew]
            if lost:
                self._stacks.drop(plan)
                raise DeployError(f"this would begin anew, without data: {', '.join(lost)}")
        self._carry_out(self.data_stack, plan)

    def _change_application(self, release: Release, parameters: Mapping[str, str]) -> None:
        before = self._stacks.describe(self.stack)
        minutes = _GUARD_MINUTES[self.stage] if before else 0
        plan = self._stacks.plan(
            self.stack,
            {"TemplateURL": release.url},
            {"DataStack": self.data_stack}
            | {name: value for name, value in parameters.items() if name in release.parameters},
            declared=release.parameters,
            tags={_RELEASE_TAG: release.id},
            alarms=self._stacks.alarms(self.stack, GUARDS) if minutes else (),
            minutes=minutes,
        )
        previous = _tag(before)
        self._carry_out(self.stack, plan)
        if plan is None:
            return
        self._say(f"release {release.id}")
        if previous and previous != release.id:
            self._say(f"to go back: make deploy STAGE={self.stage} RELEASE={previous}")

    def _carry_out(self, stack: str, plan: Plan | None) -> None:
        if plan is None:
            self._say(f"{stack}: nothing changes")
            return
        self._say("\n".join([f"{stack}:", *(f"  {change}" for change in plan.changes)]))
        if not self._confirm(f"Change {stack}?"):
            self._stacks.drop(plan)
            raise DeployError("given up: nothing was changed")
        self._stacks.execute(plan)
        self._say(f"{stack}: done")

    def _place(self) -> str:
        account = self._clients.sts.get_caller_identity()["Account"]
        return f"account {account}, region {self._clients.cloudformation.meta.region_name}"


def check_parameters(
    stage: str, parameters: Mapping[str, str], before: Mapping[str, Any] | None
) -> None:
    """
    Raise `DeployError` where parameters are unknown or unfit for the stage.

    Production needs an issuer of tokens that is not a development one.  What the stack has already
    is checked as well, since it stays.
    """
    known = {each["ParameterKey"]: each["ParameterValue"] for each in _given(before)}
    issuer = (known | dict(parameters)).get("Oidc", "")
    if not issuer:
        if stage == "prod":
            raise DeployError("production needs an issuer: give --parameter Oidc='{…}'")
        return
    try:
        trusted = trusted_issuers(issuer, production=stage == "prod")
    except (ValueError, msgspec.MsgspecError) as error:
        raise DeployError(f"Oidc is unusable: {error}") from None
    if stage == "prod" and any(each.jwks is not None for each in trusted):
        # Keys in place cannot be rotated by their owner; they are how test issuers are set up.
        raise DeployError("production takes an issuer's keys from its jwks_uri")


def _given(stack: Mapping[str, Any] | None) -> list[dict[str, str]]:
    return list((stack or {}).get("Parameters", []))


def _tag(stack: Mapping[str, Any] | None) -> str | None:
    tags = {each["Key"]: each["Value"] for each in (stack or {}).get("Tags", [])}
    return tags.get(_RELEASE_TAG)


def clients(region: str | None = None) -> Clients:
    """Return clients for the account and region that AWS's usual settings name."""
    session = botocore.session.Session()
    settings = Config(retries={"mode": "standard"}, s3={"addressing_style": "path"})
    made = (
        session.create_client(service, region_name=region, config=settings)
        for service in Clients._fields
    )
    return Clients(*made)


def _ask(question: str) -> bool:
    if not sys.stdin.isatty():
        return False
    return input(f"{question} [yes/no] ").strip().lower() == "yes"


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what the command is for


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make deploy", description="Preview, confirm and deploy a stage."
    )
    parser.add_argument("--stage", choices=STAGES, required=True)
    parser.add_argument("--release", help="go back to this one instead of deploying the sources")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--architecture", choices=[*ARCHITECTURES, "native"], default="arm64")
    parser.add_argument("--yes", action="store_true", help="change without asking")
    return parser.parse_args()


def main() -> None:
    """Deploy one stage."""
    chosen = _arguments()
    pairs = [each.partition("=") for each in chosen.parameter]
    if unreadable := [name for name, equals, _ in pairs if not equals]:
        sys.exit(f"not NAME=VALUE: {', '.join(unreadable)}")
    native = chosen.architecture == "native"
    target = native_target() if native else Target(chosen.architecture)
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    with tempfile.TemporaryDirectory() as scratch:

        def package() -> Package:
            made = build(chosen.stage, target, Path(scratch, "package"), cache=ROOT / "build")
            _say(report(made))
            return made

        deployment = Deployment(
            chosen.stage, clients(region), (lambda _: True) if chosen.yes else _ask, _say
        )
        try:
            outputs = deployment.deploy(
                package, {name: value for name, _, value in pairs}, chosen.release
            )
        except (DeployError, StackError, PackagingError) as refusal:
            sys.exit(str(refusal))
    for name, value in sorted(outputs.items()):
        _say(f"{name:<20}{value}")


if __name__ == "__main__":
    main()
