"""The text is what Prometheus' own parser reads."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from tower_anime.web.exposition import Family, Point, exposition
from tower_anime.web.meter import Counts


def test_the_text_says_what_was_given() -> None:
    odd = 'a "quoted" \\ back\nnew line'
    text = exposition(
        [
            Family("tower_a", "gauge", "one\nthing", [Point(1.5, {"label": odd}), Point(2)]),
            Family("tower_b", "gauge", "limits", [Point(float("inf")), Point(1e18)]),
        ]
    )
    found = {family.name: family for family in text_string_to_metric_families(text)}
    assert found["tower_a"].samples[0].labels == {"label": odd}
    assert [sample.value for sample in found["tower_a"].samples] == [1.5, 2.0]
    assert [sample.value for sample in found["tower_b"].samples] == [float("inf"), 1e18]


def test_calls_are_counted_under_bounded_labels() -> None:
    counts = Counts()
    for seconds in (0.001, 0.02, 99.0):
        counts.note("GET", "/x", 200, seconds)
    counts.note("BREW", "/x", 404, 0.1)
    families = text_string_to_metric_families(exposition(counts.families()))
    found = {family.name: family for family in families}
    calls = {
        (s.labels["method"], s.labels["status"]): s.value
        for s in found["tower_http_requests"].samples
    }
    assert calls == {("GET", "2xx"): 3, ("other", "4xx"): 1}
    buckets = [
        s.value for s in found["tower_http_request_seconds"].samples if s.name.endswith("_bucket")
    ]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 4
