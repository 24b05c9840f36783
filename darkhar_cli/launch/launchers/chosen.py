"""The launcher that a request's words choose: its settings checked as those of any option, its engine there or not."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from darkhar_cli.config import schema
from darkhar_cli.config.option_file import read_option
from darkhar_cli.errors import BadRequest
from darkhar_cli.launch.launchers.contract import Launcher

GROUP = "hydra/launcher"
_EXTRA = {"joblib": "joblib", "submitit_local": "submitit", "submitit_slurm": "submitit", "ray": "ray"}
NAMES = tuple(_EXTRA)


def refuse_missing(name: str) -> None:
    """Refuse a launcher whose engine is not installed.

    Raises:
        BadRequest: with the command that installs it.
    """
    extra = _EXTRA[name]
    if find_spec(extra) is None:
        raise BadRequest(f"hydra/launcher={name} needs {extra}, which is not installed: pip install 'darkhar[{extra}]'")


def check_settings(name: str, values: Mapping[str, Any]) -> None:
    """Refuse settings that the launcher does not have, or that do not fit.

    Raises:
        BadRequest: names them, and what there is.
    """
    option = read_option(schema.CONF / "hydra" / "launcher" / f"{name}.yaml", GROUP)
    schema.check_parameters("hydra.launcher", values, option, f"hydra/launcher {name!r}")


def build_launcher(name: str, values: Mapping[str, Any], logs: Path) -> Launcher:
    """Return a launcher.

    Args:
        name: one of `NAMES`.
        values: its settings, checked.
        logs: a folder for what its engine writes, if it does.
    """
    if name == "joblib":
        from darkhar_cli.launch.launchers.joblib import JoblibLauncher

        return JoblibLauncher(**values)
    if name == "ray":
        from darkhar_cli.launch.launchers.ray import RayLauncher

        return RayLauncher(**values)
    from darkhar_cli.launch.launchers.submitit import SubmititLocal, SubmititSlurm

    return SubmititLocal(logs, **values) if name == "submitit_local" else SubmititSlurm(logs, **values)
