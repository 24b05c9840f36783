"""Disturb runs in every way and print what was tried, how often, and what came of it: `python -m tests.chaos [part]`.

A part is the name of a scenario; `tenth` among the words makes a tenth of the trials.
"""

import sys
import tempfile
from pathlib import Path

from tests.chaos.trials import Count, Scenario, Stage, kills_at_random, kills_at_renames, stops, together

_SMOKE = ("train", "experiment=smoke")
_FEATURES = (*_SMOKE, "extractor=luma", "classifier=linear")
SCENARIOS = {
    "features": (*_FEATURES, "train.epochs=4"),
    "solved": (*_SMOKE, "extractor=motion_flow", "classifier=statistics"),
    "end_to_end": _SMOKE,
    "late_fusion": (
        *("train", "dataset.config=tiny", "cv.folds=2", "train.epochs=2", "name=late"),
        *("classifier=mean_pool", "extractor=luma", "sampler.frames=3"),
        "streams={raw: {extractor: luma}, lit: {extractor: luma, enhance: [histeq]}}",
    ),
    "sweep": ("train", "-m", *_FEATURES[1:], "seed=0,1", "enhance=none,gamma"),
}


def main(words: list[str]) -> int:
    """Make the trials; return 1 where one has ended badly."""
    share = 0.1 if "tenth" in words else 1.0
    names = [word for word in words if word != "tenth"] or list(SCENARIOS)
    unknown = set(names) - set(SCENARIOS)
    if unknown:
        print(f"unknown scenarios {sorted(unknown)}; choose from {', '.join(SCENARIOS)}", file=sys.stderr)
        return 2
    counts: list[Count] = []

    def add(count: Count) -> None:
        counts.append(count)
        more = f", slowest {count.worst} s" if count.worst else ""
        line = f"{count.what}: {count.tried} tried, {count.disturbed} hit, {count.same} as undisturbed{more}"
        print("\n".join([line, *(f"  {failure}" for failure in count.failures)]), flush=True)

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place, Stage(Path(place)) as stage:
        for name in names:
            scenario = Scenario(
                name, SCENARIOS[name], key="hydra.sweep.dir" if "-m" in SCENARIOS[name] else "hydra.run.dir"
            )
            scenario.undisturbed(stage)
            print(f"{name}: {scenario.seconds} s, {scenario.renames} renames", flush=True)
            add(kills_at_random(stage, scenario, max(1, round(25 * share))))
            add(kills_at_renames(stage, scenario, None if share == 1 else max(1, round(40 * share))))
            for number in (2, 15):
                add(stops(stage, scenario, max(1, round(10 * share)), number))
            for processes in (2, 4, 8):
                add(together(stage, scenario, processes))
    tried, same = sum(count.tried for count in counts), sum(count.same for count in counts)
    print(f"{tried} trials, {same} of them as undisturbed")
    return int(same < tried)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
