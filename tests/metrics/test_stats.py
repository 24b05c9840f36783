"""What numbers mean, against independent references and by enumeration."""

import subprocess
import sys

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from darkhar_cli.metrics import statistics

NAN = pytest.approx((np.nan, np.nan), nan_ok=True)


def test_importing_it_imports_nothing_slow():
    slow = "{'tensorflow', 'keras', 'scipy', 'statsmodels', 'sklearn'} & set(sys.modules)"
    code = f"import sys, darkhar_cli.metrics.statistics; sys.exit(str({slow}) if {slow} else 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("correct", "n"), [(0, 1), (1, 1), (0, 96), (14, 96), (10, 96), (75, 150), (150, 150)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_wilson_is_statsmodels(correct, n, level):
    expected = proportion_confint(correct, n, alpha=1 - level, method="wilson")
    assert statistics.wilson(correct, n, level) == pytest.approx(expected, abs=1e-12)
    assert statistics.wilson(float(correct), np.int64(n), level) == pytest.approx(expected, abs=1e-12)


def test_wilson_of_the_papers_fourteen_of_ninety_six():
    assert np.round(statistics.wilson(14, 96), 3).tolist() == [0.089, 0.230]
    assert statistics.wilson(0, 0) == NAN


def test_a_mean_count_gets_the_interval_of_both_its_neighbours():
    assert statistics.wilson(13.4, 96) == (statistics.wilson(13, 96)[0], statistics.wilson(14, 96)[1])
    assert statistics.wilson(sum([0.1] * 30), 96) == statistics.wilson(3, 96)  # 3.0000000000000013
