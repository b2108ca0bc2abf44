"""What a programme gives under the law, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from chalicelib.cli.programme import command
from tests.journeys.world import example


def linted(directory: Path, document: Any) -> Result:
    """Run the command on a document."""
    file = directory / "programme.json"
    file.write_text(json.dumps(document))
    return CliRunner().invoke(command, ["lint", str(file)])


def test_s11_what_an_officer_reads(tmp_path: Path) -> None:
    """Each rule with its source, and what it makes of each thing that is offered."""
    done = linted(tmp_path, example("us-clinic"))

    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        "us-clinic follows us-cmp: Gifts to patients in the United States.",
        "It is for members of medicaid, medicare, tricare, unknown, veterans.",
        "",
        "US-CASH-EQ: Nobody whose care is paid publicly gets cash, or what is like cash.",
        "    42 U.S.C. 1320a-7a(a)(5), since 1997-01-01.",
        "US-CMP-ITEM-15: One gift is worth 15 dollars in a shop at most.",
        (
            "    42 U.S.C. 1320a-7a(a)(5); OIG policy statement on gifts of nominal value, "
            "2016-12-07, since 2016-12-07."
        ),
        "US-CMP-YEAR-75: All gifts to one patient in a calendar year are worth 75 dollars at most.",
        (
            "    42 U.S.C. 1320a-7a(a)(5); OIG policy statement on gifts of nominal value, "
            "2016-12-07, since 2016-12-07."
        ),
        (
            "US-VBE-YEAR-500: All help of a value-based enterprise for one patient in a calendar "
            "year is worth 500 dollars at most."
        ),
        "    42 CFR 1001.952(hh), since 2021-01-19 until 2023-12-31.",
        (
            "US-VBE-YEAR-591: All help of a value-based enterprise for one patient in a calendar "
            "year is worth 591 dollars at most."
        ),
        "    42 CFR 1001.952(hh), since 2024-01-01.",
        "US-AKS-REFERRAL: Nobody is rewarded for bringing a patient, or for having been brought.",
        "    42 U.S.C. 1320a-7b(b), since 1977-10-25.",
        "    Here called: referral.",
        "",
        "rewards · thermometer: 12.00 USD: counts.",
        (
            "rewards · shop-coupon: 25.00 USD: does not count, as retailer_reward. It is a "
            "retailer's coupon, rebate or reward, tied to nothing that is reimbursed. 42 CFR "
            "1003.110. On the same terms for everybody. Evidence: Terms of the shop, 2026-03: the "
            "same for all customers, no prescriptions."
        ),
        "rewards · gift-card: 5.00 USD: forbidden by US-CASH-EQ.",
        "rewards · cooking-class: counts when what it gives is used.",
        "rewards · early-slot: a privilege, which is worth nothing.",
        "entitlements · class: 10.00 USD: counts.",
        (
            "entitlements · screening: 120.00 USD: does not count, as preventive_care. It promotes "
            "preventive care. 42 CFR 1003.110. Evidence: The plan of care for 2026, which lists "
            "each screening."
        ),
        "entitlements · prepaid-card: 5.00 USD: forbidden by US-CASH-EQ.",
        *(
            f"discounts/offers · {name}: {worth}does not count, as retailer_reward. It is a "
            "retailer's coupon, rebate or reward, tied to nothing that is reimbursed. 42 CFR "
            "1003.110. On the same terms for everybody. Evidence: Terms of the shop, 2026-03: the "
            "same for all customers, no prescriptions."
            for name, worth in (("shop-coupon", "25.00 USD: "), ("shop-sale", ""))
        ),
        ("discounts/offers · new-patient: counts what it takes off, as far as that is allowed."),
        "",
        "Of 11 that are offered 2 are forbidden to these members.",
    ]


def test_s8_what_a_pharmacy_may_not_reward(tmp_path: Path) -> None:
    """What is barred is called what the programme calls it, and where it is so is said."""
    done = linted(tmp_path, example("canadian-pharmacy"))

    assert done.exit_code == 0, done.output
    source = "    Bylaws of the College of Pharmacists of British Columbia; 2016 BCCA 41, since "
    here = "    Here called: dispensing, pharmacy_service, prescription, rx, vaccination. At: bc."
    assert done.output.splitlines() == [
        "canadian-pharmacy follows ca-bc-rx: Prescriptions in British Columbia.",
        "It is for everybody.",
        "",
        "CA-BC-RX: Nothing is earned by a prescription or a pharmacy service.",
        f"{source}2016-01-27.",
        here,
        "CA-BC-RX-PRICE: Nothing is taken off a prescription or a pharmacy service.",
        f"{source}2016-01-27.",
        here,
        "",
        "canadian-pharmacy follows house: Our own limits on gifts.",
        "It is for everybody.",
        "",
        "HOUSE-ITEM: One gift is worth no more than the provider says.",
        "    The provider's own rules, since 0001-01-01.",
        "HOUSE-YEAR: All gifts to one patient in a calendar year are worth no more than it says.",
        "    The provider's own rules, since 0001-01-01.",
        "",
        "rewards · vitamins: 5.00 CAD: counts.",
        "discounts/offers · vitamins: counts what it takes off, as far as that is allowed.",
        "",
        "Of 2 that are offered 0 are forbidden to these members.",
    ]


def test_one_without_a_pack(tmp_path: Path) -> None:
    """Where nothing is followed it is said so."""
    done = linted(tmp_path, example("clinic"))
    assert done.exit_code == 0
    assert done.output == "clinic follows no policy pack: nothing is held to any law.\n"


def test_one_that_is_wrong(tmp_path: Path) -> None:
    """What cannot be published is told as by `tessera validate`."""
    done = linted(tmp_path, example("us-clinic", policies=[{"pack": "us-cpm"}]))
    assert done.exit_code == 1
    assert "/policies/0/pack: " in done.output
