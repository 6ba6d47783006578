"""Makes every call of the cases on stdin with the official client, one after the other, and says what became of each.

Usage: auditledge.py DIRECTORY-OF-THE-CLIENT BASE. The number of a case is the first segment of its requests' paths.
"""

import json
import sys

directory, base = sys.argv[1:]
sys.path.insert(0, directory)

from auditledge import AuditLedge  # noqa: E402


def made(call, root):
    base_url = call["client"].get("base_url", "<base>").replace("<base>", root)
    client = AuditLedge(call["client"]["api_key"], base_url=base_url)
    getattr(client, call["operation"])(*call["args"])


outcomes = []
for number, call in enumerate(json.load(sys.stdin)):
    try:
        made(call, f"{base}/{number}")
        outcomes.append("ok")
    except Exception as error:
        outcomes.append(f"{type(error).__name__}: {error}")
json.dump(outcomes, sys.stdout)
