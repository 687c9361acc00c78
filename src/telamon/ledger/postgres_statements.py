"""What the store in PostgreSQL says to the server; nothing but numbers, digits and checked names is put into it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from telamon.ledger.merkle import EMPTY_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.ledger.store import Batch

SCHEMA_VERSION = 1
# Rows sent in one statement, and characters in one message, at which memory stays small and round trips few.
_ROWS_AT_ONCE = 1000
_MESSAGE_LENGTH = 1 << 20
# The first words of a transaction. Nothing is looked for anywhere else, and nothing among temporary tables first; a
# schema that we may not use would be passed over there in silence, so that it is named where it is first used.
OPEN = "SET LOCAL search_path = {schema}, pg_temp; SELECT version FROM {schema}.format"
EXISTS = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = '{schema}'"
_SCHEMA = """
CREATE SCHEMA {schema};
SET LOCAL search_path = {schema}, pg_temp;
CREATE TABLE format (version integer NOT NULL);
INSERT INTO format VALUES ({version});
CREATE TABLE entry (position bigint PRIMARY KEY, hash bytea NOT NULL, leaf bytea NOT NULL);
CREATE TABLE body (position bigint PRIMARY KEY, salt bytea NOT NULL, detail bytea NOT NULL);
CREATE TABLE node (level integer NOT NULL, number bigint NOT NULL, hash bytea NOT NULL, PRIMARY KEY (level, number));
CREATE TABLE checkpoint (size bigint PRIMARY KEY, note bytea NOT NULL);
CREATE TABLE head (id integer PRIMARY KEY CHECK (id = 1), size bigint NOT NULL, root bytea NOT NULL);
INSERT INTO head VALUES (1, 0, decode('{root}', 'hex'));
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER head_moves_forward BEFORE UPDATE ON head
FOR EACH ROW WHEN (NEW.size < OLD.size) EXECUTE FUNCTION refuse();
"""
# Against accidents only: the owner can drop them, which is what the tree is for. A body may be erased, and the head
# moves forward.
_GUARD = """
CREATE TRIGGER {table}_is_kept BEFORE {events} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse();
"""
_GUARDED = MappingProxyType(
    {
        "format": "UPDATE OR DELETE OR TRUNCATE",
        "entry": "UPDATE OR DELETE OR TRUNCATE",
        "body": "UPDATE OR TRUNCATE",
        "node": "UPDATE OR DELETE OR TRUNCATE",
        "checkpoint": "UPDATE OR DELETE OR TRUNCATE",
        "head": "DELETE OR TRUNCATE",
    }
)
LOCK = "SELECT 1 FROM head FOR UPDATE"
HEAD = "SELECT size, encode(root, 'hex') FROM head"
LAST = "SELECT max(position) FROM entry"
# A body is looked up for each row, by the limit in there: any other plan reads the bodies of the whole ledger for each
# chunk of it. The casts leave nothing to types that the columns have been given since.
ROWS = """
SELECT entry.position::bigint, entry.hash::bytea, entry.leaf::bytea, body.salt::bytea, body.detail::bytea
FROM (
    SELECT position, hash, leaf FROM entry WHERE position >= '{start}'::bigint ORDER BY position LIMIT {limit}
) AS entry
LEFT JOIN LATERAL (SELECT salt, detail FROM body WHERE body.position = entry.position LIMIT 1) AS body ON true
ORDER BY entry.position
"""
LEAF_HASHES = "SELECT encode(hash, 'hex') FROM entry WHERE position >= {start} AND position < {stop} ORDER BY position"
NODE_HASHES = (
    "SELECT encode(hash, 'hex') FROM node WHERE level = {level} AND number >= {start} AND number < {stop}"
    " ORDER BY number"
)
# The digits are those of `"kind":"erasure"`.
ERASURES = """
SELECT encode(leaf, 'hex') FROM entry
WHERE position(decode('226b696e64223a226572617375726522', 'hex') IN leaf) > 0 ORDER BY entry.position
"""
CHECKPOINTS = "SELECT encode(note, 'hex') FROM checkpoint ORDER BY size"
LATEST_CHECKPOINT = f"{CHECKPOINTS} DESC LIMIT 1"
# Bytes go as hexadecimal digits, in one round trip; COPY needs half the CPU of a large batch and three round trips.
_ADD = """
INSERT INTO {table} SELECT at, decode(one, 'hex'), decode(two, 'hex')
FROM unnest('{{{positions}}}'::bigint[], '{{{firsts}}}'::text[], '{{{seconds}}}'::text[]) AS added (at, one, two)
"""
_ADD_NODE = "INSERT INTO node VALUES ({level}, {number}, decode('{digest}', 'hex'))"
_SET_HEAD = "UPDATE head SET size = {size}, root = decode('{root}', 'hex')"
ADD_CHECKPOINT = "INSERT INTO checkpoint VALUES ({size}, decode('{note}', 'hex'))"
ERASE = "DELETE FROM body WHERE position = {position} RETURNING 1"


def creation(schema: str) -> str:
    """Return what makes an empty ledger."""
    guards = "".join(_GUARD.format(table=table, events=events) for table, events in _GUARDED.items())
    return _SCHEMA.format(schema=schema, version=SCHEMA_VERSION, root=EMPTY_ROOT.hex()) + guards


def additions(batch: Batch) -> Iterator[str]:
    """Yield messages that append a batch, each of a bounded length."""
    gathered: list[str] = []
    length = 0
    for statement in _additions(batch):
        if length >= _MESSAGE_LENGTH:
            yield ";".join(gathered)
            gathered, length = [], 0
        gathered.append(statement)
        length += len(statement)
    yield ";".join(gathered)


def _additions(batch: Batch) -> Iterator[str]:
    positions = range(batch.start, batch.start + len(batch.leaves))
    entries = list(zip(positions, batch.hashes, batch.leaves, strict=True))
    bodies = [(at, body.salt, body.detail) for at, body in zip(positions, batch.bodies, strict=True) if body]
    for table, rows in (("entry", entries), ("body", bodies)):
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            numbers, firsts, seconds = zip(*rows[start : start + _ROWS_AT_ONCE], strict=True)
            yield _ADD.format(
                table=table,
                positions=",".join(map(str, numbers)),
                firsts=",".join([value.hex() for value in firsts]),
                seconds=",".join([value.hex() for value in seconds]),
            )
    for level, hashes in batch.nodes.items():
        for number, digest in enumerate(hashes, batch.start >> level):
            yield _ADD_NODE.format(level=int(level), number=number, digest=digest.hex())
    yield _SET_HEAD.format(size=int(batch.head.size), root=batch.head.root.hex())
