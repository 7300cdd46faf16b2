"""Every metric is documented, and no label can grow without bound."""

import re
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from auscult.runtime.metrics import Metrics


def all_of(metrics: Metrics) -> dict[str, MetricWrapperBase]:
    return {
        name: value for name, value in vars(metrics).items() if isinstance(value, MetricWrapperBase)
    }


def test_what_is_counted_is_exposed() -> None:
    metrics = Metrics()
    metrics.samples_refused.labels(reason="duplicate").inc(3)
    with metrics.commit_seconds.time():
        pass
    text = metrics.render()[0].decode()
    assert 'auscult_samples_refused_total{reason="duplicate"} 3.0' in text
    assert "auscult_commit_seconds_count 1.0" in text
    assert "process_resident_memory_bytes" in text or "python_gc" in text


def test_the_scraper_chooses_the_format() -> None:
    body, content_type = Metrics().render("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")
    assert Metrics().render("")[1].startswith("text/plain")


def test_two_products_in_one_process_do_not_share_a_registry() -> None:
    assert Metrics().registry is not Metrics().registry
    own = CollectorRegistry()
    assert Metrics(own).registry is own


def test_every_metric_is_documented_as_it_is() -> None:
    text = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text()
    documented = dict(re.findall(r"^\| `(auscult_\w+)` \| (\w+) \|", text, re.MULTILINE))
    labels = dict(re.findall(r"^\| `(auscult_\w+)` \| \w+ \| ([^|]*) \|", text, re.MULTILINE))
    made = {metric._name: metric for metric in all_of(Metrics()).values()}
    assert documented == {name: metric._type for name, metric in made.items()}
    for name, metric in made.items():
        assert re.findall(r"`(\w+)`", labels.get(name, "")) == list(metric._labelnames)


def test_an_attribute_is_called_as_its_metric_and_none_names_a_tenant() -> None:
    for attribute, metric in all_of(Metrics()).items():
        assert metric._name == f"auscult_{attribute}"
        assert "tenant" not in metric._labelnames
