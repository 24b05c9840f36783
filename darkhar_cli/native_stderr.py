"""Start native libraries without their greetings, which they write before any setting can silence them."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_start() -> Iterator[None]:
    """Hold back what native libraries write to standard error; show it if the block fails."""
    sys.stderr.flush()
    before = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        failed = False
        try:
            yield
        except Exception:  # a signal is no failure of theirs
            failed = True
            raise
        finally:
            os.dup2(before, 2)
            os.close(before)
            if failed:
                held.seek(0)
                sys.stderr.write(held.read().decode(errors="replace"))
