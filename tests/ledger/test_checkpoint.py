"""Checkpoints in the form of C2SP tlog-checkpoint."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.crypto.note_keys import SignerKey, generate_key
from telamon.kits.crypto.signed_notes import sign_note
from telamon.ledger.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from telamon.ledger.errors import CheckpointError

SIGNER = SignerKey(name="example.com/ledger", seed=bytes(range(32)))
# The example of C2SP tlog-checkpoint.
SPECIFIED = """\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa \
Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""


def test_reads_the_example_of_the_specification() -> None:
    assert parse_checkpoint(SPECIFIED) == Checkpoint(
        origin="example.com/behind-the-sofa",
        size=20852163,
        root=bytes.fromhex("0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62"),
        note=SPECIFIED,
    )
    assert parse_checkpoint(SPECIFIED.encode()).size == 20852163


def test_signs_three_lines_under_its_own_name() -> None:
    checkpoint = sign_checkpoint(size=3, root=bytes(32), signer=SIGNER)
    text, _, signatures = checkpoint.note.partition("\n\n")
    assert text == "example.com/ledger\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    assert signatures.startswith("— example.com/ledger ")
    assert checkpoint.is_signed_by([SIGNER.verifier])


def test_knows_who_signed() -> None:
    checkpoint = sign_checkpoint(size=3, root=bytes(32), signer=SIGNER)
    other = generate_key("example.com/ledger")
    assert not checkpoint.is_signed_by([])
    assert not checkpoint.is_signed_by([other.verifier])
    assert checkpoint.is_signed_by([other.verifier, SIGNER.verifier])


def test_a_changed_checkpoint_is_not_signed() -> None:
    checkpoint = sign_checkpoint(size=3, root=bytes(32), signer=SIGNER)
    changed = parse_checkpoint(checkpoint.note.replace("\n3\n", "\n2\n"))
    assert changed.size == 2
    assert not changed.is_signed_by([SIGNER.verifier])


def test_a_key_vouches_for_no_other_ledger() -> None:
    note = sign_note(f"example.com/other\n3\n{'A' * 43}=\n", [SIGNER])
    assert not parse_checkpoint(str(note)).is_signed_by([SIGNER.verifier])


def test_extension_lines_are_allowed() -> None:
    note = sign_note(f"example.com/ledger\n0\n{'A' * 43}=\nextension\n", [SIGNER])
    assert parse_checkpoint(str(note)).size == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("origin\n3\n", "origin, size and root"),
        (f"origin\n\n{'A' * 43}=\n", "origin, size and root"),
        (f"origin\n3\n{'A' * 43}=\n\n\nx\n", "origin, size and root"),
        (f"origin\n03\n{'A' * 43}=\n", "tree size .*, found `03`"),
        (f"origin\n-1\n{'A' * 43}=\n", "tree size"),
        (f"origin\n{'9' * 20}\n{'A' * 43}=\n", "tree size"),
        ("origin\n3\nAAA\n", "base64"),
        ("origin\n3\nAAAA\n", "32 bytes, found 3"),
    ],
)
def test_refuses_notes_that_are_no_checkpoint(text: str, message: str) -> None:
    note = str(sign_note(text, [SIGNER]))
    with pytest.raises(CheckpointError, match=message):
        parse_checkpoint(note)


def test_refuses_what_is_no_note() -> None:
    with pytest.raises(CheckpointError, match="empty line and signature lines"):
        parse_checkpoint("origin\n3\n")
    with pytest.raises(CheckpointError, match="UTF-8"):
        parse_checkpoint(b"\xff\n\n\xff\n")


@given(st.integers(0, 10**19 - 1), st.binary(min_size=32, max_size=32))
def test_checkpoints_read_back(size: int, root: bytes) -> None:
    checkpoint = sign_checkpoint(size=size, root=root, signer=SIGNER)
    assert parse_checkpoint(checkpoint.note) == checkpoint
