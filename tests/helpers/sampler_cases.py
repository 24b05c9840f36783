"""Every sampler, in the ways that differ."""

from darkhar_cli import registry

SAMPLERS = sorted(registry.parts("sampler"))
_FRAMES = [{"frames": 1}, {"frames": 8}, {"frames": 0.3}]
_OWN = {
    "all": [{}],
    "dense": [{"frames": 1}, {"frames": 4, "stride": 3}, {"frames": 8, "clips": 1}],
    "rate": [
        {"fps": 25.0, "steps": 8},
        {"fps": 12.5, "steps": None},
        {"fps": 20, "steps": 9, "speed": 0.15, "cut": 0.15},
        {"fps": 11.3, "steps": None, "speed": 0.4, "cut": 0.3},
    ],
}
CASES = [(name, parameters) for name in SAMPLERS for parameters in _OWN.get(name, _FRAMES)]
CASE_IDS = ["-".join([name, *map(str, parameters.values())]) for name, parameters in CASES]


def make(name, **parameters):
    return registry.get("sampler", name)(**parameters)
