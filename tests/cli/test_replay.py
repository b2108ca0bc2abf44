"""Replaying purchases: the data, our own reckoning, and a whole replay against a server."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from chalicelib.cli.replay import command, dataset
from chalicelib.cli.replay.expected import expected
from chalicelib.cli.replay.outcome import Holdings, Outcome, differences
from chalicelib.cli.replay.purchases import Purchase, Unreadable, by_day, parse
from infra.local.program import Program

DATA = Path(__file__).parents[1] / "data" / "purchases.txt"
PROGRAMME = Path("chalicelib/programmes/purchases.json")
END = date(1999, 2, 1)

SAMPLE = """\
 customer_id  date number_of_cds  dollar_value\r
 00001 19970101  1   11.77\r
 00002 19970112  1   12.00\r

 00002 19970112  5    0.00\r
 00001 19970112  2    7.5\r
"""


class TestParse:
    """The raw file, row by row."""

    def test_rows(self) -> None:
        """Names of columns and blank lines are no rows; dollars become cents without a float."""
        assert parse(SAMPLE) == [
            Purchase(1, "00001", date(1997, 1, 1), 1, 1177),
            Purchase(2, "00002", date(1997, 1, 12), 1, 1200),
            Purchase(3, "00002", date(1997, 1, 12), 5, 0),
            Purchase(4, "00001", date(1997, 1, 12), 2, 750),
        ]

    def test_days(self) -> None:
        """Days come in order, and a customer's purchases of a day in the order of the file."""
        days = [
            (day.isoformat(), [[p.number for p in basket] for basket in baskets])
            for day, baskets in by_day(parse(SAMPLE))
        ]

        assert days == [("1997-01-01", [[1]]), ("1997-01-12", [[2, 3], [4]])]

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("1 19970101 1", "line 1 has 3 columns instead of 4"),
            ("1 19970230 1 5.00", "line 1 is no purchase: 1 19970230 1 5.00"),
            ("1 19970101 1 5.001", "line 1 is no purchase: 1 19970101 1 5.001"),
            ("1 19970101 one 5.00", "line 1 is no purchase: 1 19970101 one 5.00"),
            ("1 19970101 1 five", "line 1 is no purchase: 1 19970101 1 five"),
        ],
    )
    def test_unreadable(self, line: str, said: str) -> None:
        """A line that is no purchase is named."""
        with pytest.raises(Unreadable, match=re.escape(said)):
            parse(line)


class TestDataset:
    """The published file."""

    def test_another_file_is_refused(self, tmp_path: Path) -> None:
        """A wheel with other purchases is not taken for the published one."""
        with zipfile.ZipFile(tmp_path / "lifetimes-0.11.3-py3-none-any.whl", "w") as wheel:
            wheel.writestr(dataset.MEMBER, SAMPLE)

        with pytest.raises(dataset.DataUnavailable, match="is not the published file"):
            dataset.cdnow(tmp_path)

    def test_a_broken_wheel_is_named(self, tmp_path: Path) -> None:
        """A file that is no wheel is named, so that it can be removed."""
        (tmp_path / "lifetimes-0.11.3-py3-none-any.whl").write_bytes(b"half of it")

        with pytest.raises(dataset.DataUnavailable, match=r"lifetimes-0\.11\.3.* remove it"):
            dataset.cdnow(tmp_path)

    def test_no_index_to_download_from(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where pip cannot download it, the error says what else to do."""
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")

        with pytest.raises(dataset.DataUnavailable, match="--data"):
            dataset.cdnow(tmp_path / "data")

    def test_the_checksum_is_one(self) -> None:
        """What the file is compared with has the form of a SHA-256."""
        assert len(dataset.SHA256) == hashlib.sha256().digest_size * 2


def bought(*rows: tuple[str, str], customer: str = "1") -> list[Purchase]:
    """Return purchases from pairs of ISO date and dollars."""
    lines = [f"{customer} {day.replace('-', '')} 1 {dollars}" for day, dollars in rows]
    return parse("\n".join(lines))


def holdings(rows: Iterable[tuple[str, str]], end: str) -> Holdings:
    """Return what becomes of one customer."""
    return expected(bought(*rows), date.fromisoformat(end)).members["1"]


class TestExpected:
    """Our own reckoning against results worked out by hand."""

    @pytest.mark.parametrize(
        ("rows", "points"),
        [
            ([("1997-01-01", "11.77")], [11]),
            ([("1997-01-01", "0.99")], [0]),
            ([("1997-01-01", "0.00"), ("1997-01-01", "5.00")], [0, 5]),
            # The day's cap clips the first, and leaves nothing for the second.
            ([("1997-01-01", "640.00"), ("1997-01-01", "9.00")], [500, 0]),
            # 450 leaves 50; by then it is silver's, but clipped it is 50 all the same.
            ([("1997-01-01", "450.00"), ("1997-01-01", "90.00")], [450, 50]),
            # The next day has a cap of its own: 1.25 a dollar.
            ([("1997-01-01", "640.00"), ("1997-01-02", "99.99")], [500, 124]),
            # The fourth purchase of a year makes silver, from the fifth on.
            ([(f"1997-01-0{n}", "10.00") for n in range(1, 6)], [10, 10, 10, 10, 12]),
            # Gold takes six purchases and $300, both.
            ([(f"1997-01-0{n}", "60.00") for n in range(1, 8)], [60, 60, 60, 75, 75, 75, 90]),
            ([(f"1997-01-0{n}", "40.00") for n in range(1, 9)], [40, 40, 40, 40, 50, 50, 50, 50]),
            # Last year's purchases do not count for this year's tier.
            ([(f"199{y}-12-3{d}", "10.00") for y, d in ((7, 0), (7, 1), (8, 0), (8, 1))], [10] * 4),
        ],
    )
    def test_points(self, rows: list[tuple[str, str]], points: list[int]) -> None:
        """Every purchase earns whole points at the rate of the tier before it, up to the cap."""
        issued = [0, *(holdings(rows[:n], "1997-01-01").issued for n in range(1, len(rows) + 1))]

        assert [after - before for before, after in pairwise(issued)] == points

    @pytest.mark.parametrize(
        ("bought_on", "last"), [("1997-01-15", "1997-10-15"), ("1997-05-31", "1998-02-28")]
    )
    def test_expiry(self, bought_on: str, last: str) -> None:
        """Points last through the same day nine months later, or the last of a shorter month."""
        following = date.fromordinal(date.fromisoformat(last).toordinal() + 1).isoformat()

        assert holdings([(bought_on, "50.00")], last).available == 50
        assert holdings([(bought_on, "50.00")], following)[3:5] == (50, 0)

    def test_gifts(self) -> None:
        """Every third row asks; a gift takes what expires first; a second in a month is refused."""
        rows = [
            ("1997-01-10", "60.00"),
            ("1997-02-10", "70.00"),  # 130 would do, but the second row does not ask
            ("1997-02-20", "10.00"),  # 140: the gift takes the 60 and 40 of the 70
            ("1997-02-21", "90.00"),
            ("1997-02-22", "1.00"),
            ("1997-02-23", "1.00"),  # 132, in the same month: refused
            ("1997-03-01", "1.00"),
            ("1997-03-01", "1.00"),
            ("1997-03-02", "1.00"),  # 135: the gift takes 30, 10 and 60 of the 90
        ]

        outcome = expected(bought(*rows), date(1997, 11, 21))

        assert outcome.members["1"][2:5] == (200, 0, 35)
        assert outcome.refused == {("redemption", "limit_reached"): 1}
        assert expected(bought(*rows), date(1997, 11, 22)).members["1"][3:5] == (30, 5)

    @pytest.mark.parametrize(
        ("day", "tier"),
        [
            ("1998-01-01", "silver"),
            ("1998-12-31", "silver"),
            ("1999-01-01", "silver"),
            ("1999-01-30", "silver"),
            ("1999-01-31", "base"),
        ],
    )
    def test_review(self, day: str, tier: str) -> None:
        """A tier of 1997 lasts through 1998, and the grace of thirty days after it."""
        assert holdings([("1997-06-01", "150.00")], day).tier == tier

    @pytest.mark.parametrize(("dollars", "tier"), [("149.99", "base"), ("150.00", "silver")])
    def test_grace(self, dollars: str, tier: str) -> None:
        """What the new year brings by the end of the grace can keep the tier."""
        rows = [("1997-06-01", "150.00"), ("1999-01-10", dollars)]

        assert holdings(rows, "1999-01-31").tier == tier


class TestDifferences:
    """Comparing what the server has with what we expect."""

    def test_none(self) -> None:
        """Equal outcomes differ in nothing."""
        assert list(differences(reckoned(), reckoned())) == []

    @pytest.mark.parametrize("field", Holdings._fields)
    def test_every_number_counts(self, field: str) -> None:
        """A difference in any one thing of any one member is found, and named."""
        server = reckoned()
        other = Holdings(9_000, 7_000, 7_000, 7_000, 7_000, "platinum")
        changed = {field: getattr(other, field)}
        server.members["00003"] = server.members["00003"]._replace(**changed)

        found = list(differences(server, reckoned()))

        assert any(line.startswith(f"customer 00003: {field}: the server has") for line in found)

    def test_members_and_refusals(self) -> None:
        """A missing member, one too many and another refusal are found."""
        server = reckoned()
        server.members["stranger"] = server.members.pop("00001")
        server.refused["activity", "internal_error"] += 1

        assert set(differences(server, reckoned())) == {
            "activity refused, internal_error: the server has 1, expected 0",
            "customer 00001 is unknown to the server",
            "customer stranger is unexpected",
        }


def reckoned() -> Outcome:
    """Return what the made-up purchases lead to."""
    return expected(parse(DATA.read_text()), END)


def replay(program: Program, *options: str) -> Result:
    """Replay the made-up purchases against the tests' server."""
    where = ["--base-url", program.base_url, "--token", program.credentials["api_key"]]
    return CliRunner().invoke(command, ["cdnow", "--data", str(DATA), *where, *options])


def test_a_replay_leads_to_what_was_reckoned(program: Program) -> None:
    """Every total and every member of a replay is as expected, and every account verifies."""
    done = replay(program, "--check", "--clients", "4")

    assert done.exit_code == 0, done.output
    assert "Every total, and every member's, is as expected." in done.output
    assert "All 10 accounts agree with their journals." in done.output
    shown = {left.strip(): right for left, right in re.findall(r"│ (.+?)│ (.+?) *│", done.output)}
    assert shown["an earn: DynamoDB calls"].startswith("2.000")
    assert re.search(r"redemptions refused: limit_reached │ +1 │ +1 │", done.output)


def test_another_rate_is_found(program: Program, tmp_path: Path) -> None:
    """Where the server goes by another programme, the check fails and says in what."""
    document = json.loads(PROGRAMME.read_text())
    document["earning"][0]["award"]["amount"] = 2
    altered = tmp_path / "altered.json"
    altered.write_text(json.dumps(document))

    done = replay(program, "--limit", "2", "--check", "--no-verify", "--programme", str(altered))

    assert done.exit_code == 1
    assert "issued: the server has 49, expected 24" in done.output
    assert "customer 00001: issued: the server has 29, expected 14" in done.output


def test_a_wrong_credential_is_told(program: Program) -> None:
    """A server that refuses ends the replay in one line."""
    where = ["--base-url", program.base_url, "--token", "tsk_nobody_nothing"]

    done = CliRunner().invoke(command, ["cdnow", "--data", str(DATA), *where])

    assert done.exit_code == 1
    assert "cannot open a sandbox: 401 credential_invalid" in done.output
