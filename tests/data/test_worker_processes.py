"""Worker processes of a script without a guard, and of standard input."""

import subprocess
import sys

import pytest

SCRIPT = """
from concurrent.futures import ProcessPoolExecutor
from math import factorial

from darkhar_cli.data.worker_processes import WorkerContext

print("once", flush=True)
with ProcessPoolExecutor(1, mp_context=WorkerContext()) as workers:
    print(workers.submit(factorial, 5).result())
"""


@pytest.mark.parametrize("from_file", [True, False])
def test_the_script_is_not_run_again(tmp_path, from_file):
    (tmp_path / "script.py").write_text(SCRIPT)
    words = [sys.executable, "script.py" if from_file else "-"]
    done = subprocess.run(words, input=None if from_file else SCRIPT, cwd=tmp_path, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("once\n120\n", 0), done.stderr
