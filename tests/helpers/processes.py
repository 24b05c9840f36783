"""Python code in a process of its own, as what a package keeps for a whole process wants it."""

import os
import subprocess
import sys


def python(code, cwd, timeout=280, **environment):
    """Run code; fail with what it said."""
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout
