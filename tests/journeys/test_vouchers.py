"""A reward from the programme to the counter: redeemed, looked up, used, or taken back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.client import at_once
from tests.journeys.world import Clinic, LocalWorld, example


@pytest.fixture
def member(clinic: Clinic) -> str:
    """Return a member with 600 points of the clinic's programme."""
    clinic.publish("clinic")
    member = clinic.enrolled()
    clinic.give(member, 600)
    return member


def redeem(clinic: Clinic, member: str, reward: str = "parking", **headers: Any) -> Any:
    """Redeem a reward of the clinic's programme."""
    body = {"programme": "clinic", "reward": reward}
    return clinic.api.post(f"/v1/members/{member}/redemptions", body, **headers)


def code_of(result: dict[str, Any]) -> str:
    """Return the code of a redemption's voucher."""
    return str(result["voucher"]["code"])


class TestUse:
    """A voucher is worth what it says, once."""

    def test_redeem_lookup_use(self, clinic: Clinic, member: str) -> None:
        """The code leads to the voucher; using it once ends it."""
        made = redeem(clinic, member).expect(201)
        body = {"code": code_of(made)}

        found = clinic.api.post("/v1/vouchers/lookup", body).expect(200)
        valid = clinic.api.post("/v1/vouchers/validation", body).expect(200)
        assert valid == found | {"cart": None}
        assert (found["usable"], found["state"], found["reason"]) == (True, "issued", None)
        assert (found["redemption_id"], found["member_id"]) == (made["redemption_id"], member)
        assert (found["reward"], found["name"]) == ("parking", "Parking voucher")

        used = clinic.api.post("/v1/vouchers/use", body).expect(200)
        assert (used["state"], used["used_at"]) == ("used", clinic.now())

        gone = clinic.api.post("/v1/vouchers/lookup", body).expect(200)
        assert (gone["usable"], gone["state"], gone["reason"]) == (False, "used", "voucher_used")
        for path in ("/v1/vouchers/validation", "/v1/vouchers/use"):
            clinic.api.post(path, body).expect(409, "voucher_used")
        read = clinic.api.get(f"/v1/members/{member}/redemptions/{made['redemption_id']}")
        assert (read.json["state"], code_of(read.json)[-4:]) == ("used", code_of(made)[-4:])
        kinds = [event["kind"] for event in clinic.check(member)]
        assert kinds == ["member.enrolled", "balance.adjusted", "reward.redeemed", "voucher.used"]

    def test_used_by_many_at_once(self, clinic: Clinic, member: str) -> None:
        """Of ten who hand in one code, one gets something for it."""
        body = {"code": code_of(redeem(clinic, member).expect(201))}

        answers = at_once(10, lambda _: clinic.api.post("/v1/vouchers/use", body))

        assert sorted(answer.status for answer in answers) == [200] + [409] * 9
        clinic.check(member)

    def test_use_is_replayed(self, clinic: Clinic, member: str) -> None:
        """A use whose answer was lost is answered again, and is no second use."""
        body = {"code": code_of(redeem(clinic, member).expect(201))}
        first = clinic.api.post("/v1/vouchers/use", body, key="u1")

        again = clinic.api.post("/v1/vouchers/use", body, key="u1")

        assert (again.status, again.body, again.replayed) == (200, first.body, True)

    def test_expiry(self, world: LocalWorld, clinic: Clinic, member: str) -> None:
        """Valid through its last local day, and not at the instant after."""
        made = redeem(clinic, member).expect(201)
        body = {"code": code_of(made)}
        assert made["voucher"]["expires_on"] == "2026-04-01"
        assert made["voucher"]["expires_at"] == "2026-04-01T23:00:00Z"  # summer time by then

        world.clock.set("2026-04-01T22:59:59Z")
        clinic.api.post("/v1/vouchers/validation", body).expect(200)
        world.clock.set("2026-04-01T23:00:00Z")

        result = clinic.api.post("/v1/vouchers/use", body).expect(409, "voucher_expired")
        assert result["expires_on"] == "2026-04-01"


class TestCodes:
    """Codes are read as people write them, and tell strangers nothing."""

    def test_as_written(self, clinic: Clinic, member: str) -> None:
        """Case, blanks and hyphens do not matter."""
        made = redeem(clinic, member).expect(201)
        code = code_of(made)

        for written in (code.lower(), code.replace("-", " "), f" {code.replace('-', '')} "):
            found = clinic.api.post("/v1/vouchers/lookup", {"code": written}).expect(200)
            assert found["redemption_id"] == made["redemption_id"]

    def test_look_alikes(self, clinic: Clinic, member: str) -> None:
        """Letters that look like digits are read as them."""
        del member
        codes: list[str] = []
        while not any("0" in code or "1" in code for code in codes):
            fresh = clinic.enrolled()
            clinic.give(fresh, 100)
            codes.append(code_of(redeem(clinic, fresh).expect(201)))
        mistyped = codes[-1].replace("0", "O").replace("1", "l")

        clinic.api.post("/v1/vouchers/lookup", {"code": mistyped}).expect(200)

    @pytest.mark.parametrize("code", ["0", "AAAAA-AAAAA-AAAAA-AAAA", "VWDQT-RCYXJ", "é", "x" * 64])
    def test_unknown(self, clinic: Clinic, member: str, code: str) -> None:
        """Whatever is no code of ours is one and the same refusal."""
        del member
        for path in ("lookup", "validation", "use"):
            result = clinic.api.post(f"/v1/vouchers/{path}", {"code": code})
            refusal = result.expect(404, "voucher_not_found")
            assert code not in refusal["detail"]

    def test_another_tenants(self, world: LocalWorld, clinic: Clinic, member: str) -> None:
        """A code is its tenant's alone."""
        body = {"code": code_of(redeem(clinic, member).expect(201))}
        stranger = world.clinic()

        foreign = stranger.api.post("/v1/vouchers/lookup", body)
        absent = stranger.api.post("/v1/vouchers/lookup", {"code": "0"})

        assert _told(foreign.expect(404)) == _told(absent.expect(404))


class TestCancellation:
    """What was paid returns to where it came from."""

    def test_value_returns_to_its_expiry(
        self, world: LocalWorld, clinic: Clinic, member: str
    ) -> None:
        """Restored value is not a day younger than it was."""
        before = clinic.balance(member)["lots"]
        world.clock.advance(days=20)
        clinic.give(member, 50)
        made = redeem(clinic, member, "health-check").expect(201)
        path = f"/v1/members/{member}/redemptions/{made['redemption_id']}/cancellation"

        result = clinic.api.post(path, {"reason": "changed-their-mind"}).expect(200)

        assert (result["state"], result["restored"]) == ("cancelled", 500)
        assert clinic.balance(member)["lots"][0] == before[0]
        assert clinic.available(member) == 650
        body = {"code": code_of(made)}
        clinic.api.post("/v1/vouchers/use", body).expect(409, "voucher_cancelled")
        clinic.api.post(path, {}).expect(409, "voucher_cancelled")
        assert clinic.check(member)[-1]["about"]["reason"] == "changed-their-mind"

    def test_limit_and_stock_return(self, clinic: Clinic, member: str) -> None:
        """A cancelled redemption counts neither against the member's limit nor the stock."""
        made = redeem(clinic, member).expect(201)
        redeem(clinic, member).expect(409, "limit_reached")

        path = f"/v1/members/{member}/redemptions/{made['redemption_id']}/cancellation"
        clinic.api.post(path, {}).expect(200)

        redeem(clinic, member).expect(201)

    def test_past_its_expiry(self, world: LocalWorld, clinic: Clinic) -> None:
        """Value whose time is over when it returns is gone, and the ledger says how."""
        document = example("clinic")
        document["currencies"][0]["expiry"] = {"type": "rolling", "days": 20}
        clinic.publish(document)
        member = clinic.enrolled()
        clinic.give(member, 100)
        made = redeem(clinic, member).expect(201)
        world.clock.advance(days=25)

        path = f"/v1/members/{member}/redemptions/{made['redemption_id']}/cancellation"
        clinic.api.post(path, {}).expect(200)

        assert clinic.available(member) == 0
        clinic.check(member)

    def test_used_cannot_be_cancelled(self, clinic: Clinic, member: str) -> None:
        """What was handed over is not taken back."""
        made = redeem(clinic, member).expect(201)
        clinic.api.post("/v1/vouchers/use", {"code": code_of(made)}).expect(200)

        path = f"/v1/members/{member}/redemptions/{made['redemption_id']}/cancellation"
        clinic.api.post(path, {}).expect(409, "voucher_used")

    def test_used_or_cancelled(self, clinic: Clinic, member: str) -> None:
        """Of a use and a cancellation at the same moment exactly one is made."""
        made = redeem(clinic, member).expect(201)
        path = f"/v1/members/{member}/redemptions/{made['redemption_id']}/cancellation"
        tries = [
            lambda: clinic.api.post(path, {}),
            lambda: clinic.api.post("/v1/vouchers/use", {"code": code_of(made)}),
        ]

        answers = at_once(6, lambda n: tries[n % 2]())

        assert sorted(answer.status for answer in answers) == [200] + [409] * 5
        clinic.check(member)


class TestObstacles:
    """Why a reward is out of reach."""

    def test_offers_say_why(self, clinic: Clinic, member: str) -> None:
        """The list says of each reward whether it is within reach, and every reason why not."""
        offers = clinic.api.get(f"/v1/members/{member}/rewards").expect(200)["rewards"]

        shown = {offer["reward"]: offer for offer in offers}
        assert shown["parking"]["affordable"]
        assert shown["health-check"]["affordable"]
        evening = shown["specialist-evening"]
        codes = [reason["code"] for reason in evening["reasons"]]
        assert (evening["affordable"], codes) == (False, ["tier_required", "insufficient_points"])

    def test_last_of_the_stock(self, clinic: Clinic) -> None:
        """Of ten members who want the last three, three get one."""
        document = example("clinic")
        document["rewards"][1]["stock"] = 3
        clinic.publish(document)
        members = [clinic.enrolled() for _ in range(10)]
        for each in members:
            clinic.give(each, 500)

        answers = at_once(10, lambda n: redeem(clinic, members[n], "health-check"))

        assert sorted(answer.status for answer in answers) == [201] * 3 + [409] * 7
        for answer in answers:
            assert answer.status == 201 or answer.code == "out_of_stock"
        spent = [500 - clinic.available(each) for each in members]
        assert sorted(spent) == [0] * 7 + [500] * 3
        offers = clinic.api.get(f"/v1/members/{members[0]}/rewards").expect(200)["rewards"]
        reasons = next(o["reasons"] for o in offers if o["reward"] == "health-check")
        assert "out_of_stock" in [reason["code"] for reason in reasons]

    def test_replayed_after_the_stock_was_cut(self, world: LocalWorld, clinic: Clinic) -> None:
        """A redemption whose answer was lost is answered though there is nothing left to have."""
        clinic.publish("clinic")
        member = clinic.enrolled()
        clinic.give(member, 1000)
        first = redeem(clinic, member, "health-check", key="k1")
        document = example("clinic")
        document["rewards"][1] |= {"stock": 0, "limits": []}
        clinic.publish(document)
        world.clock.advance(seconds=120)

        again = redeem(clinic, member, "health-check", key="k1")

        assert (again.body, again.replayed) == (first.body, True)
        redeem(clinic, member, "health-check", key="k2").expect(409, "out_of_stock")

    def test_dry_run(self, clinic: Clinic, member: str) -> None:
        """A look at what redeeming would do takes nothing and shows no code."""
        body = {"programme": "clinic", "reward": "health-check"}
        path = f"/v1/members/{member}/redemptions?dry_run=true"

        result = clinic.api.post(path, body).expect(200)

        assert (result["state"], code_of(result)) == ("dry_run", "")
        assert result["balances"][0]["available"] == 100
        assert clinic.available(member) == 600
        evening = {"programme": "clinic", "reward": "specialist-evening"}
        clinic.api.post(path, evening).expect(409, "tier_required")

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"programme": "clinic", "reward": "none"}, 404, "reward_not_found"),
            ({"programme": "other", "reward": "parking"}, 404, "programme_not_found"),
        ],
    )
    def test_unknown(
        self, clinic: Clinic, member: str, body: dict[str, str], status: int, code: str
    ) -> None:
        """What there is not cannot be redeemed."""
        clinic.api.post(f"/v1/members/{member}/redemptions", body).expect(status, code)

    def test_prospects_redeem_nothing(self, clinic: Clinic, member: str) -> None:
        """Who has not joined has nothing to redeem."""
        del member
        prospect = clinic.enrolled(programmes=[])

        redeem(clinic, prospect).expect(409, "not_enrolled")


def test_a_voucher_outlives_the_account(clinic: Clinic, member: str) -> None:
    """What was paid for before the account was closed can still be handed in."""
    made = redeem(clinic, member).expect(201)
    closed = clinic.api.post(f"/v1/members/{member}/closure", {"reason": "moved-away"}).expect(200)
    assert closed["status"] == "closed"

    clinic.api.post("/v1/vouchers/use", {"code": code_of(made)}).expect(200)

    redeem(clinic, member).expect(409, "account_closed")
    clinic.record(member).expect(409, "account_closed")
    clinic.check(member)


def _told(problem: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in problem.items() if name != "instance"}
