"""The pages a user reads, and the commands on them."""

import re
from pathlib import Path

from tests.conftest import ROOT

# In the order of reading: a command may use what an earlier one left.
ORDER = (
    "README.md",
    "datasets/README.md",
    "conf/README.md",
    ".github/docs/figures.md",
    ".github/docs/pose_and_motion.md",
    ".github/docs/backbones.md",
    ".github/docs/weights.md",
    ".github/docs/comparing.md",
    ".github/docs/run_folder.md",
    ".github/docs/summary.md",
    ".github/docs/predict.md",
    ".github/docs/export.md",
    ".github/docs/python.md",
    ".github/docs/speed.md",
    ".github/docs/tracking.md",
    ".github/docs/cluster.md",
    ".github/docs/scale.md",
    "tests/README.md",
    "darkhar_cli/README.md",
    ".github/CONTRIBUTING.md",
)
PAGES = {name: (ROOT / name).read_text() for name in ORDER}
DATA_SETS = {f"datasets/{page.parent.name}/README.md": page.read_text() for page in ROOT.glob("datasets/*/README.md")}


def blocks(page: str, language: str) -> list[str]:
    """Return the fenced blocks of a page's text in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.S | re.M)


def lines_of(language: str) -> list[tuple[str, str]]:
    """Return (page's name, command) for every line of every page's blocks in a language, in the order of reading."""
    pages = (PAGES | DATA_SETS).items()
    return [(name, line) for name, text in pages for block in blocks(text, language) for line in block.splitlines()]


RUN = [(name, line.removeprefix("$ ")) for name, line in lines_of("console")]
CHECKED = lines_of("sh")


def section(name: str, heading: str) -> str:
    """Return the text of a page's section, up to the next heading of its level."""
    return PAGES[name].split(f"\n## {heading}\n")[1].split("\n## ")[0]


def every_page() -> dict[str, str]:
    """Return the text of every page in the repository, by its path."""
    places = (ROOT, ROOT / ".github", ROOT / ".github" / "docs", ROOT / "conf", ROOT / "darkhar_cli", ROOT / "tests")
    found = [page for place in (*places, ROOT / "datasets") for page in place.glob("*.md")]
    found += list(ROOT.glob("datasets/*/*.md"))
    return {str(Path(page).relative_to(ROOT)): page.read_text() for page in found}
