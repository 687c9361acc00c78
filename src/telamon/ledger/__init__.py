"""Append-only evidence: entries in an RFC 6962 Merkle tree with signed checkpoints.

`telamon.ledger.log.open_log` is the way in.
"""
