"""A launcher of Hydra that runs each job in a fresh process, as joblib, submitit and ray do."""

from pathlib import Path

LAUNCHER = '''
import pickle, subprocess, sys
from dataclasses import dataclass
from pathlib import Path

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher

WORKER = """
import pickle, sys
from hydra import version
from hydra.core.plugins import Plugins
from hydra.core.utils import run_job, setup_globals
from omegaconf import open_dict

from darkhar_cli.launch import training_job

def train(job, folder, show):
    "Stands for the work, which is not what a launcher is about."
    run = training_job.Run(folder)
    run.claim(job.identity)
    run.add_facts(overrides=list(job.overrides), labels=training_job.row_labels(job.config, job.plan.name))
    run.save_config(job.config, job.overrides)
    run.fail(f"sampler.frames={job.config['sampler']['frames']}")
    return 0.0

training_job.train = train
setup_globals()
version.setbase("1.3")
Plugins.instance()
with open(sys.argv[1], "rb") as file:
    sweep, task, context, words, number = pickle.load(file)
config = context.config_loader.load_sweep_config(sweep, words)
with open_dict(config):
    config.hydra.job.id = config.hydra.job.num = number
done = run_job(hydra_context=context, task_function=task, config=config,
               job_dir_key="hydra.sweep.dir", job_subdir_key="hydra.sweep.subdir")
assert done.return_value is not None
assert "tensorflow" not in sys.modules
"""


@dataclass
class FreshConf:
    _target_: str = "hydra_plugins.fresh.launcher.FreshLauncher"


ConfigStore.instance().store(group="hydra/launcher", name="fresh", node=FreshConf)


class FreshLauncher(Launcher):
    def setup(self, *, hydra_context, task_function, config):
        self.context, self.task, self.config = hydra_context, task_function, config

    def launch(self, job_overrides, initial_job_idx):
        place = Path(self.config.hydra.sweep.dir)
        place.mkdir(parents=True, exist_ok=True)
        for number, words in enumerate(job_overrides, initial_job_idx):
            sent = place / "sent.pickle"
            what = self.config, self.task, self.context, list(words), number
            sent.write_bytes(pickle.dumps(what))
            subprocess.run([sys.executable, "-c", WORKER, str(sent)], check=True)
            sent.unlink()
        done = JobReturn()
        done.status, done.return_value = JobStatus.COMPLETED, 0.0
        return [done] * len(job_overrides)
'''
# A sweeper that draws its own values, as optuna does.
SWEEPER = """
from dataclasses import dataclass

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper


@dataclass
class DrawConf:
    _target_: str = "hydra_plugins.fresh.sweeper.DrawingSweeper"


ConfigStore.instance().store(group="hydra/sweeper", name="draw", node=DrawConf)


class DrawingSweeper(Sweeper):
    def setup(self, *, hydra_context, task_function, config):
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments):
        fixed = [word for word in arguments if "interval(" not in word]
        (key,) = [word.split("=")[0] for word in arguments if "interval(" in word]
        self.launcher.launch([[*fixed, f"{key}={value}"] for value in (2, 3, -1)], 0)
"""


def write_plugins(folder: Path) -> Path:
    """Write the launcher `fresh` and the sweeper `draw` where Python finds them with `folder` on its path."""
    place = folder / "hydra_plugins" / "fresh"
    place.mkdir(parents=True)
    (place / "__init__.py").write_text("")
    (place / "launcher.py").write_text(LAUNCHER)
    (place / "sweeper.py").write_text(SWEEPER)
    return folder
