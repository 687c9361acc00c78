"""Entries as in-toto statements."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from telamon.kits.text import canonical_json
from telamon.ledger.entry import Body, parse_entry
from telamon.ledger.errors import DamagedLedgerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.ledger.entry import Event
    from telamon.ledger.log import Log

    EventMaker = Callable[..., Event]


def test_writes_statements_of_in_toto(log: Log, event: EventMaker) -> None:
    log.append([event(0)])
    (line,) = log.export()
    recorded = log.entry(0)
    assert "\n" not in line
    assert json.loads(line) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": "0" * 64}}],
        "predicateType": "https://telamon.dev/ledger/entry/v1",
        "predicate": {
            "ledger": "example.com/ledger",
            "entry": {
                "actor": "ci",
                "control": "vulnerability-scanning",
                "detail": recorded.entry.detail,
                "index": 0,
                "kind": "check",
                "mode": "enforce",
                "outcome": "clean",
                "policy": "sha256:" + "5e" * 32,
                "subject": "sha256:" + "0" * 64,
                "time": "2026-11-23T12:00:00.000000Z",
                "version": 1,
            },
            "body": {"salt": "AAAAAAAAAAAAAAAAAAAAAA==", "detail": '{"file":"model-0.pkl"}'},
        },
    }


def test_a_statement_holds_the_leaf_and_the_body_for_whoever_checks_it(log: Log, event: EventMaker) -> None:
    log.append([event(0)])
    predicate = json.loads(next(log.export()))["predicate"]
    leaf = canonical_json.encode(predicate["entry"])
    assert leaf == log.entry(0).leaf
    body = Body(salt=bytes(16), detail=predicate["body"]["detail"].encode())
    assert body.is_of(parse_entry(leaf))


def test_leaves_bodies_out_if_asked_or_erased(log: Log, event: EventMaker) -> None:
    log.append([event(0), event(1)])
    log.erase_body(1, reason="", actor="dpo")
    assert "body" in json.loads(next(log.export()))["predicate"]
    assert "body" not in json.loads(next(log.export(with_bodies=False)))["predicate"]
    assert "body" not in json.loads(next(log.export(1)))["predicate"]


def test_an_entry_without_a_digest_is_its_own_subject(log: Log, event: EventMaker) -> None:
    log.append([replace(event(0), subject="")])
    log.erase_body(0, reason="", actor="dpo")
    first, second = (json.loads(line)["subject"] for line in log.export())
    leaves = [recorded.leaf for recorded in log.entries()]
    assert first == [{"name": "example.com/ledger#0", "digest": {"sha256": hashlib.sha256(leaves[0]).hexdigest()}}]
    assert second == [{"name": "example.com/ledger#1", "digest": {"sha256": hashlib.sha256(leaves[1]).hexdigest()}}]


def test_exports_a_part(log: Log, event: EventMaker) -> None:
    log.append(event(number) for number in range(5))
    indexes = [json.loads(line)["predicate"]["entry"]["index"] for line in log.export(1, 3)]
    assert indexes == [1, 2]


def test_exports_nothing_that_was_changed(log: Log, event: EventMaker, tamper: Callable[..., None]) -> None:
    log.append([event(0), event(1)])
    log.close()
    tamper("UPDATE body SET detail = x'7b7d' WHERE position = 1")
    lines = log.export()
    next(lines)
    with pytest.raises(DamagedLedgerError, match="body of entry 1"):
        next(lines)
