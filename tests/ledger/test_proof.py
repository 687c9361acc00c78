"""Proofs as they are handed to somebody who has nothing but a public key."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.crypto.note_keys import SignerKey, generate_key
from telamon.kits.text import canonical_json
from telamon.ledger.checkpoint import sign_checkpoint
from telamon.ledger.entry import Body
from telamon.ledger.errors import EntryError, ProofError
from telamon.ledger.merkle import EMPTY_ROOT
from telamon.ledger.proof import (
    ConsistencyProof,
    InclusionProof,
    parse_consistency_proof,
    parse_inclusion_proof,
    verify_growth,
    verify_proof,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.ledger.entry import Event
    from telamon.ledger.log import Log

    EventMaker = Callable[..., Event]

SIGNER = SignerKey(name="example.com/ledger", seed=bytes(range(32)))
TRUSTED = [SIGNER.verifier]


@pytest.fixture
def proof(log: Log, event: EventMaker) -> InclusionProof:
    log.append(event(number) for number in range(11))
    log.checkpoint()
    return log.prove(6)


def test_proves_every_entry_offline(log: Log, event: EventMaker) -> None:
    log.append(event(number) for number in range(11))
    log.checkpoint()
    log.append([event(11)])
    for index in range(11):
        text = log.prove(index).to_json()
        entry = verify_proof(parse_inclusion_proof(text), TRUSTED)
        assert entry == log.entry(index).entry


def test_survives_its_text_form(proof: InclusionProof) -> None:
    assert parse_inclusion_proof(proof.to_json()) == proof
    assert parse_inclusion_proof(f"{proof.to_json()}\n") == proof
    bare = replace(proof, body=None)
    assert parse_inclusion_proof(bare.to_json()) == bare


def test_leaves_the_body_out_if_asked(log: Log, proof: InclusionProof) -> None:
    assert log.prove(6, with_body=False) == replace(proof, body=None)


def test_writes_a_tlog_proof(proof: InclusionProof) -> None:
    head, _, checkpoint = proof.to_tlog_proof().partition("\n\n")
    lines = head.split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1] == f"extra {base64.b64encode(proof.leaf).decode()}"
    assert lines[2] == "index 6"
    assert tuple(base64.b64decode(line) for line in lines[3:]) == proof.path
    assert checkpoint == proof.checkpoint.note


def test_refuses_what_it_does_not_prove(proof: InclusionProof) -> None:
    stranger = generate_key("example.com/ledger").verifier
    other_leaf = proof.leaf.replace(b"clean", b"dirty")
    other_index = proof.leaf.replace(b'"index":6', b'"index":7')
    other_tree = sign_checkpoint(size=11, root=bytes(32), signer=SIGNER)
    body = Body(salt=bytes(16), detail=b'{"file":"another.pkl"}')
    for bad, verifiers, message in (
        (proof, [stranger], "signed by a trusted key"),
        (proof, [], "signed by a trusted key"),
        (replace(proof, leaf=other_leaf), TRUSTED, "path from entry 6"),
        (replace(proof, leaf=other_index), TRUSTED, "path from entry 7"),
        (replace(proof, checkpoint=other_tree), TRUSTED, "path from entry 6"),
        (replace(proof, path=proof.path[:-1]), TRUSTED, "path from entry 6"),
        (replace(proof, body=body), TRUSTED, "body of entry 6"),
    ):
        with pytest.raises(ProofError, match=message):
            verify_proof(bad, verifiers)
    with pytest.raises(EntryError):
        verify_proof(replace(proof, leaf=b"{}"), TRUSTED)


def test_proves_growth_offline(log: Log, event: EventMaker) -> None:
    checkpoints = []
    for number in range(9):
        log.append([event(number)])
        checkpoints.append(log.checkpoint())
    for first in checkpoints:
        for second in checkpoints[first.size - 1 :]:
            proof = log.consistency(first.size, second.size)
            assert parse_consistency_proof(proof.to_json()) == proof
            verify_growth(proof, first, second, TRUSTED)  # raises where it is not proved; see the next test


def test_refuses_growth_that_is_none(log: Log, event: EventMaker) -> None:
    log.append([event(0), event(1), event(2)])
    first = log.checkpoint()
    log.append([event(3)])
    second = log.checkpoint()
    proof = log.consistency(3)
    fork = sign_checkpoint(size=4, root=bytes(32), signer=SIGNER)
    empty = sign_checkpoint(size=0, root=EMPTY_ROOT, signer=SIGNER)
    for one, other, verifiers, message in (
        (first, second, [], "signed by a trusted key"),
        (first, fork, TRUSTED, "go on from the one of 3"),
        (empty, second, TRUSTED, "from size 0 to 4"),
    ):
        with pytest.raises(ProofError, match=message):
            verify_growth(proof, one, other, verifiers)
    verify_growth(ConsistencyProof(first_size=0, second_size=4, path=()), empty, second, TRUSTED)


def changed(proof: InclusionProof | ConsistencyProof, **fields: object) -> str:
    value = canonical_json.decode(proof.to_json().encode())
    assert isinstance(value, dict)
    value.update(fields)
    return canonical_json.encode({key: item for key, item in value.items() if item != "left out"}).decode()


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "https://telamon.dev/ledger/consistency-proof/v1"},
        {"type": None},
        {"leaf": "left out"},
        {"leaf": 1},
        {"extra": 1},
        {"path": "AAAA"},
        {"path": [1]},
        {"path": ["AAAA"]},
        {"path": ["AAA"]},
        {"path": ["\u00e9"]},
        {"path": ["A" * 43 + "="] * 65},
        {"checkpoint": "none"},
        {"checkpoint": None},
        {"body": 1},
        {"body": {"salt": ""}},
        {"body": {"salt": "A", "detail": ""}},
        {"body": {"salt": "", "detail": 1}},
    ],
)
def test_refuses_proofs_of_another_form(proof: InclusionProof, fields: dict[str, object]) -> None:
    with pytest.raises(ProofError, match="expected"):
        parse_inclusion_proof(changed(proof, **fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"firstSize": -1},
        {"firstSize": True},
        {"secondSize": "4"},
        {"path": ["AAA"]},
        {"path": "left out"},
    ],
)
def test_refuses_consistency_proofs_of_another_form(fields: dict[str, object]) -> None:
    proof = ConsistencyProof(first_size=3, second_size=4, path=(bytes(32),))
    assert parse_consistency_proof(proof.to_json()) == proof
    with pytest.raises(ProofError, match="expected"):
        parse_consistency_proof(changed(proof, **fields))


@pytest.mark.parametrize("text", ["", "null", "[]", " {}", "{}", "\ud800"])
def test_refuses_texts_that_are_no_proof(text: str) -> None:
    for parse in (parse_inclusion_proof, parse_consistency_proof):
        with pytest.raises(ProofError):
            parse(text)


@given(st.text())
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(ProofError):
        parse_inclusion_proof(text)
