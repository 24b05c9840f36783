"""Headless Chromium on a page: how wide it is, what its console says, what its script does."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_SEEN = "seen-by-the-test"


def chromium() -> str:
    """Return the program, or nothing where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), "")


def opened(page: Path, width: int, expression: str = "null") -> tuple[dict, list[str]]:
    """Open a copy of a page in a frame of this width; return what was measured of it, and the lines of the console.

    A frame, for a window of Chromium is at least 500 pixels wide.

    Args:
        page: an html file.
        width: of the frame in pixels.
        expression: JavaScript, what it gives is `value`.
    """
    inside, outside = (page.with_name(f"{page.stem}-{width}-{what}.html") for what in ("inside", "outside"))
    measure = (
        f"<script>setTimeout(function () {{ parent.postMessage(JSON.stringify({{value: {expression},"
        " inner: window.innerWidth, page: document.documentElement.scrollWidth}), '*'); }, 50);</script></body>"
    )
    inside.write_text(page.read_text(encoding="utf-8").replace("</body>", measure), encoding="utf-8")
    frame = (
        f"<!doctype html><html><body><pre id='{_SEEN}'></pre><script>addEventListener('message', function (event) {{"
        f" document.getElementById('{_SEEN}').textContent = event.data; }});</script>"
        f"<iframe src='{inside.name}' style='width:{width}px;height:900px;border:0'></iframe></body></html>"
    )
    outside.write_text(frame, encoding="utf-8")
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--window-size=1400,1000"]
    options += [f"--user-data-dir={page.parent / 'browser'}", "--virtual-time-budget=3000", "--dump-dom"]
    command = [chromium(), *options, outside.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    seen = re.search(rf'<pre id="{_SEEN}">(.*?)</pre>', done.stdout, re.S)
    assert seen, done.stderr[-2000:]
    assert seen[1], done.stderr[-2000:]
    return json.loads(html.unescape(seen[1])), [line for line in done.stderr.splitlines() if "CONSOLE" in line]
