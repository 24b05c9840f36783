"""What darkhar uses of Hydra's private interfaces, in one file; each use is named here, so that an upgrade tells."""

import inspect
import re
from pathlib import Path

from hydra._internal.callbacks import Callbacks
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.hydra import Hydra
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.utils import run_job

import darkhar_cli
from darkhar_cli.config import hydra_adapter, schema


def test_only_the_adapter_uses_what_is_private():
    package = Path(darkhar_cli.__file__).parent
    users = [file for file in package.rglob("*.py") if re.search(r"hydra\._internal|_actions\b", file.read_text())]
    assert users == [package / "config" / "hydra_adapter.py"]


def test_hydra_still_has_what_the_adapter_uses():
    assert {"--cfg", "-c", "--multirun", "-m", "--config-dir", "--info"} <= set(hydra_adapter.options_parser()[1])
    assert isinstance(SourcesRegistry.instance().types, dict)
    assert {"load_config", "_normalize_file_name", "_get_header_dict", "scheme"} <= set(dir(FileConfigSource))
    assert {"on_run_start", "on_run_end", "on_job_start"} <= set(dir(Callbacks))
    takes = set(inspect.signature(run_job).parameters)
    assert {"task_function", "config", "job_dir_key", "job_subdir_key", "hydra_context"} <= takes
    assert {"config_name", "task_function", "overrides"} <= set(inspect.signature(Hydra.multirun).parameters)


def test_a_composed_job_runs_where_it_is_told(tmp_path):
    from hydra.core.hydra_config import HydraConfig

    with hydra_adapter.initialized(schema.CONF):
        tree = hydra_adapter.composed_tree("train", ["seed=3", "+hydra.job.env_set.DARKHAR_SAID=yes"])
        assert ("sampler/uniform", "sampler") in hydra_adapter.files_of("train", ["seed=3"])
    assert hydra_adapter.plugins_of(tree) == ("basic", "basic")
    seen = []

    def task():
        import os

        hydra = HydraConfig.get()
        seen.append((hydra.runtime.output_dir, hydra.job.num, os.environ["DARKHAR_SAID"], list(hydra.overrides.task)))
        return 1.0

    hydra_adapter.run_composed(schema.CONF, tree, task, tmp_path / "run", 4)
    assert seen == [(str(tmp_path / "run"), 4, "yes", ["seed=3"])]
