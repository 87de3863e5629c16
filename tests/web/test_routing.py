"""Rules that compile late build what Werkzeug's own would."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import Map, Rule

from pocketrepo.web.routing import LazyRule


def test_every_route_builds_the_url_that_werkzeug_builds(app: Flask) -> None:
    rules = list(app.url_map.iter_rules())
    assert all(isinstance(rule, LazyRule) for rule in rules)
    eager = Map(
        [Rule(rule.rule, endpoint=rule.endpoint, methods=rule.methods) for rule in rules],
        merge_slashes=False,
        strict_slashes=False,
    ).bind("x")
    lazy = app.url_map.bind("x")
    for rule in rules:
        values = {**dict.fromkeys(rule.arguments, "a b"), "more": "1"}
        for append_unknown in (False, True):
            built = lazy.build(rule.endpoint, values, append_unknown=append_unknown)
            assert built == eager.build(rule.endpoint, values, append_unknown=append_unknown)


def test_a_url_can_be_built_again(app: Flask) -> None:
    urls = app.url_map.bind("x")
    rule = next(rule for rule in app.url_map.iter_rules() if rule.rule == "/health")
    assert [urls.build(rule.endpoint) for _ in range(2)] == ["/health", "/health"]
