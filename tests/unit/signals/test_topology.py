from auscult.signals import Topology
from auscult.signals.topology import EDGES_OF_SERVICE_MAX
from tests.unit.signals.wire import label_set


def test_edges_are_learnt_from_peer_labels() -> None:
    topology = Topology()
    topology.add(label_set("up", job="edge"))
    topology.add(label_set("requests", service="edge", upstream="package"))
    topology.add(label_set("requests", service="edge", upstream="package", code="500"))
    topology.add(label_set("calls", client="web", server="edge"))
    topology.add(label_set("calls", destination_service="edge", app="player"))
    topology.add(label_set("calls", service="edge", upstream="edge"))
    assert len(topology) == 3
    assert topology.neighbours("edge") == ("package", "web", "player")
    assert topology.calls("edge") == ("package",)
    assert topology.callers("package") == ("edge",)
    assert topology.neighbours("nobody") == ()


def test_a_service_has_no_more_edges_than_the_limit() -> None:
    topology = Topology()
    for n in range(EDGES_OF_SERVICE_MAX + 5):
        topology.add(label_set("calls", service="edge", upstream=f"u{n}"))
    assert len(topology) == EDGES_OF_SERVICE_MAX
    assert topology.dropped == 5
