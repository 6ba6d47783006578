"""An independent verifier of lodger-store's formats 1 and 2, written from docs/store-format.md alone.

    python3 verifier.py events.db

Prints one line a workspace, `WORKSPACE SEQUENCE HASH`, and exits with 1 at the first thing that is wrong.
It takes the canonical JSON apart by itself, so that no number passes through a float.
"""

import hashlib
import json
import sqlite3
import sys
from datetime import datetime, timedelta, timezone


class Raw(str):
    """A number, as its text."""


def parse(text):
    return json.loads(text, parse_float=Raw, parse_int=Raw)


def canonical(value):
    """Members keep their order, so canonical text comes out as it went in."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(canonical(k) + ":" + canonical(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def commit(event, salts):
    used = set()

    def members(owner, at, personal):
        if isinstance(owner, dict):
            for name in owner:
                if personal(name):
                    path = at + "/" + name.replace("~", "~0").replace("/", "~1")
                    used.add(path)
                    digest = hashlib.sha256()
                    for part in (b"lodger.commitment.v1", event["id"].encode(), path.encode(),
                                 bytes.fromhex(salts[path]), canonical(owner[name]).encode()):
                        digest.update(len(part).to_bytes(4, "big") + part)
                    owner[name] = "sha256:" + digest.hexdigest()

    members(event.get("actor"), "/actor", lambda name: name not in ("kind", "tenant"))
    members(event.get("target"), "/target", lambda name: name != "kind")
    for index, target in enumerate(event.get("related", [])):
        members(target, f"/related/{index}", lambda name: name != "kind")
    members(event.get("request"), "/request", lambda name: name in ("ip", "userAgent", "session"))
    members(event.get("metadata"), "/metadata", lambda name: name in event.get("personal", []))
    members(event, "", lambda name: name in ("description", "reason", "changes"))
    assert used == set(salts), "salts"


def time(micros):
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=micros)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def event_hash(row):
    event = parse(row["event"])
    commit(event, json.loads(row["personal_salts"]))
    form = {"acceptedAt": time(row["accepted_at"]), "event": event, "project": row["project"],
            "receipt": row["receipt"], "sequence": Raw(row["sequence"]), "workspace": row["workspace"]}
    return hashlib.sha256(b"\x00" + canonical(form).encode()).digest()


def verify(rows):
    ends = {}
    for row in rows:
        sequence, previous = ends.get(row["workspace"], (0, bytes(32)))
        where = f"{row['workspace']} {row['sequence']}: "
        assert row["sequence"] == sequence + 1, where + "sequence"
        assert row["previous_hash"] == previous, where + "previous_hash"
        assert row["event_hash"] == event_hash(row), where + "event_hash"
        assert row["hash"] == hashlib.sha256(b"\x01" + previous + row["event_hash"]).digest(), where + "hash"
        ends[row["workspace"]] = (row["sequence"], row["hash"])
    return ends


if __name__ == "__main__":
    connection = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        ends = verify(connection.execute("SELECT * FROM entries ORDER BY workspace, sequence"))
    except AssertionError as fault:
        sys.exit(str(fault))
    for workspace, (sequence, hash) in ends.items():
        print(workspace, sequence, hash.hex())
