"""`darkhar extract`: what `train` would compute of frozen parts before its first fold, for all clips or a shard."""

import time
from collections.abc import Sequence

from darkhar_cli import console
from darkhar_cli.config.checked import Request
from darkhar_cli.errors import BadRequest
from darkhar_cli.evaluation import controls
from darkhar_cli.features import feature_cache
from darkhar_cli.features.shards import Shard
from darkhar_cli.launch import needed_weights
from darkhar_cli.launch.opened import DataSets, OpenedJob
from darkhar_cli.launch.outcome import Outcome
from darkhar_cli.native_stderr import quiet_start


def extract(request: Request, shards: Sequence[Shard]) -> Outcome:
    """Fill the feature cache for a request's jobs, one shard after the other.

    Args:
        request: checked; what jobs have in common is computed once.
        shards: which of the clips.

    Raises:
        DarkharError: data or weights are not there, a job computes nothing that could be kept, or clips cannot be read.
    """
    if request.launcher != "basic" or request.drawn:
        raise BadRequest(
            f"extract runs in this process (hydra/launcher={request.launcher}); start one process for each shard, by "
            "whatever starts processes: darkhar extract ... shard=0/4, shard=1/4, and so on"
        )
    needed_weights.of_unfinished((None, job.config) for job in request.jobs)
    data = DataSets()
    opened = [data.open_job(job) for job in request.jobs]
    for number, job in enumerate(opened):
        if len(opened) > 1:
            varied = " ".join(f"{key}={value}" for key, value in request.varied(request.jobs[number]).items())
            console.note(f"job {number + 1} of {len(opened)}: {varied}")
        for shard in shards:
            fill(job, shard)
            for name in controls.NAMES if job.config["controls"] else ():
                fill(data.open(controls.control(name, job.config), job.overrides), shard, f", {name}")
    return Outcome(0)


def fill(job: OpenedJob, shard: Shard, of: str = "") -> int:
    """Compute what the cache lacks of a shard's features; print and return of how many frames.

    Raises:
        BadRequest: the job trains on frames, so no features are kept.
        FailedWork: a clip cannot be read, or the cache cannot be written.
    """
    with quiet_start():  # TensorFlow, and only now
        from darkhar_cli import device
        from darkhar_cli.features.appearance import look_at
        from darkhar_cli.features.cached_features import CachedFeatures
        from darkhar_cli.training import cross_validation, from_config, planning, trainer

    config, clips = job.config, job.clips
    if config["train"]["deterministic"]:
        device.make_deterministic()
    with device.precision(device.policy_for(config["train"]["precision"], device.gpu_capability())):
        experiment = from_config.experiment_of(config, clips.classes)
        execution = planning.plan_execution(experiment, clips.classes)
        _refuse_frames(execution.mode, execution.why)
        rows, root = shard.rows(clips.table), feature_cache.root(config["cache_dir"])
        console.note(f"shard {shard}{of}: {len(rows)} of {len(clips.table)} clips")
        look_at(clips, root, console.warn, rows)
        ready = trainer.Trainer(experiment, clips, console.warn, execution)
        started = time.monotonic()
        try:
            computed = cross_validation.fill_features(ready, job.plan, rows)
            cached = [inputs for stream in ready.streams for inputs in stream.all_inputs()]
            known = sum(inputs.reused for inputs in cached if isinstance(inputs, CachedFeatures))
        finally:
            device.clear_session()
    seconds = time.monotonic() - started
    speed = f" in {seconds:.1f} s ({computed / seconds:.1f} frames/s)" if computed else ""
    done = f"shard {shard}{of}: {len(rows)} clips; {known} frames known, {computed} computed{speed}; {root}"
    console.out.print(done, soft_wrap=True, highlight=False)
    return computed


def _refuse_frames(mode: str, why: str) -> None:
    if mode != "features":
        raise BadRequest(f"nothing to extract: training is {mode.replace('_', ' ')} ({why}), no features are kept")
