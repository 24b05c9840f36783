"""Ray: a cluster of two nodes on this machine, one of which dies while tasks run on it; no task is lost."""

from functools import partial

import pytest

from darkhar_cli.launch.launchers import chosen, surroundings
from darkhar_cli.launch.launchers.contract import Task
from tests.conftest import ROOT
from tests.helpers.engine_work import work_on_a_node as work

ray = pytest.importorskip("ray", reason="the extra ray is not installed")
TASKS = 6


@pytest.fixture
def cluster(monkeypatch):
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 2})
    yield made
    made.shutdown()


@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_a_node_that_dies_in_mid_sweep_costs_no_job(cluster, tmp_path):
    second = cluster.add_node(num_cpus=2)
    cluster.wait_for_nodes()
    launcher = chosen.build_launcher("ray", {"address": cluster.address, "num_cpus": 1}, tmp_path)
    around = surroundings.of_this_process(1, launcher.devices, None, launcher.ends_with_command)
    results = launcher.run([Task(((n, partial(work, tmp_path, n)),), around) for n in range(TASKS)])
    ended = []
    for done in results:
        if not ended:
            cluster.remove_node(second, allow_graceful=False)
        ended += done
    assert sorted((one.number, one.value, one.problem) for one in ended) == [
        (n, (10 * n, "1"), "") for n in range(TASKS)
    ]
    begun = [(tmp_path / f"begun-{n}").read_text().split() for n in range(TASKS)]
    assert len({node for nodes in begun for node in nodes}) == 2, "both nodes had work"
    assert sum(map(len, begun)) > TASKS, "what the dead node had begun was begun again"
