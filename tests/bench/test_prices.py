"""What is reckoned from measurements, on figures worked out by hand."""

from __future__ import annotations

import pytest

from tests.bench.cold import _by_package
from tests.bench.naive import Naive
from tests.bench.online import quantile
from tests.bench.prices import price


def test_an_earn() -> None:
    """One read unit, six write units, two calls, and 1.024 ms of a whole core."""
    found = price(read_units=1, write_units=6, reads=1, writes=1, processor_ms=1.024)

    # 6 × 0.625 + 0.125; at 1,024 MB the core is 1,769 ms for 1,024, so 1.769 + 3 + 8 ms of 1 GB.
    assert found.database == pytest.approx(3.875)
    assert found.function == pytest.approx(0.20 + 0.012769 * 0.0000133334 * 1_000_000)
    assert found.gateway == 3.50
    assert found.total == pytest.approx(3.875 + 0.37025 + 3.50, abs=1e-4)


def test_what_costs_nothing_but_the_request() -> None:
    """A refusal at the door is a request, and time."""
    found = price(read_units=0, write_units=0, reads=0, writes=0, processor_ms=0)

    assert (found.database, found.function, found.gateway) == (0, 0.20, 3.50)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 3), (0.95, 5), (0.0, 1), (1.0, 5)])
def test_quantiles(share: float, expected: float) -> None:
    """The value that so large a share does not exceed, of any order."""
    assert quantile([5, 1, 4, 2, 3], share) == expected


def test_import_times_by_package() -> None:
    """Own time is summed by the first part of a name; headings and other lines are passed over."""
    spent, modules = _by_package(
        "import time: self [us] | cumulative | imported package\n"
        "import time:       100 |        100 |   botocore.session\n"
        "import time:        50 |        150 | botocore\n"
        "import time:         7 |          7 | zlib\n"
        "Traceback | nothing\n"
    )

    assert spent == {"botocore": 150, "zlib": 7}
    assert modules == {"botocore": 2, "zlib": 1}


def test_the_naive_earn() -> None:
    """Three reads and five writes one by one, or as one transaction at twice the units."""
    naive = Naive()
    calls, read, write = naive.earn(together=False)
    together = naive.earn(together=True)

    # Five items of less than a KB, and the indexes of two.
    assert (calls, read, write) == (8, 3, 7)
    assert together == (4, 3, 12)
