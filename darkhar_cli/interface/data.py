"""Clips and their folds."""

from typing import TYPE_CHECKING

from darkhar_cli.interface.words import Place, configuration, printing

if TYPE_CHECKING:
    import pandas as pd

    from darkhar_cli.data.clip_dataset import Clips
    from darkhar_cli.splits.plan import Plan


def open_clips(*words: str, config_dir: Place | None = None, quiet: bool = False) -> "Clips":
    """Return a data set's clips, prepared first where that has not been done: a table, and bytes on demand.

    Args:
        words: `dataset=NAME` and its settings.
        config_dir: a folder of your own options, as `--config-dir`.
        quiet: print no notes and no progress.

    Raises:
        BadRequest: a word that is not valid, or a data set that is not where or what it should be.
        FailedWork: clips are broken (each is named).

    Example:
        >>> import darkhar_cli as dk
        >>> clips = dk.open_clips("dataset=dark_synth", "dataset.config=tiny", quiet=True)
        >>> clips.table.columns[:5].tolist()
        ['id', 'split', 'index', 'label', 'group']
    """
    from darkhar_cli.data import clip_dataset

    with printing(show=False, quiet=quiet):
        return clip_dataset.open_clips(configuration(words, "open_clips", config_dir)["dataset"])


def plan_folds(table: "pd.DataFrame", *words: str, config_dir: Place | None = None) -> "Plan":
    """Divide clips into folds that respect their groups.

    Args:
        table: a row per clip with `label`, and where known `id`, `group` and `split` (`train`, `test`).
        words: `cv=NAME`, its settings, and `seed=`.
        config_dir: a folder of your own options, as `--config-dir`.

    Raises:
        BadRequest: a word that is not valid, or folds that the data do not allow.

    Example:
        >>> import pandas as pd
        >>> import darkhar_cli as dk
        >>> table = pd.DataFrame({"label": list("ababab"), "group": list("112233")})
        >>> [fold.validation for fold in dk.plan_folds(table, "cv=leave_one_group_out").folds]
        [[0, 1], [2, 3], [4, 5]]
    """
    from darkhar_cli.errors import BadRequest, nearest
    from darkhar_cli.splits import plan

    if "label" not in table:
        raise BadRequest(f"the table lacks the column 'label'{nearest('label', table.columns)}")
    with printing(show=False, quiet=True):
        config = configuration(words, "plan_folds", config_dir)
    given = table.reset_index(drop=True)
    rest = {"id": [str(row) for row in given.index], "group": "", "split": "train"}
    given = given.assign(**{key: value for key, value in rest.items() if key not in given})
    return plan.plan_folds(config["cv"], given, config["seed"])
