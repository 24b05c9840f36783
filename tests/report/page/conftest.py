"""Folders of every kind that has a page, made once; all names in them are hostile."""

import pytest

from darkhar_cli.evaluation import sweep_table
from darkhar_cli.report import html
from tests.helpers.page_folders import BAD, evaluation_of, hostile_run, hostile_sweep


@pytest.fixture(scope="package")
def folders(tmp_path_factory):
    """A run, an evaluation of it, and a sweep."""
    place = tmp_path_factory.mktemp("folders")
    run = hostile_run(place / "run")
    return {"run": run, "evaluation": evaluation_of(run), "sweep": hostile_sweep(place / "sweep")[0]}


@pytest.fixture(scope="package")
def pages(folders):
    """The page of each kind of folder."""
    sweep = folders["sweep"]
    compared = sweep_table.compared(sweep)
    return {
        "run": html.run_page(folders["run"]),
        "evaluation": html.evaluation_page(folders["evaluation"]),
        "sweep": html.sweep_page(sweep, compared),
        "sweep without methods": html.sweep_page(sweep, None),
        "comparison": html.comparison_page(compared, [sweep], [f"a folder {BAD}" + 300 * "x", f"baseline={BAD}"]),
    }
