"""A million audit entries: how fast they are searched, exported, verified, proved.

Run: ``.venv/bin/python -m benchmarks.audit_million [ENTRIES]``; a million take some minutes and 3 GB below the temporary
directory.
"""

import random
import re
import resource
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.audit_database import audit_database

CONFERENCES = 400
PEOPLE = 2000
STEP = 5000
COPY = """COPY conferences_auditentry (chain, organisation_id, number, at, event, actor, body, previous, hash, leaf) FROM STDIN"""
ROUNDS = 7
INDEX = re.compile(r"Index (?:Only )?Scan(?: Backward)?(?: using| on) (\S+)")
START = datetime(2026, 1, 1, tzinfo=UTC)


def fill(count: int) -> Any:
    """``count`` entries in ``CONFERENCES`` chains over a year, in the tree; returns the organisation.

    Bodies, hashes, tiles and checkpoints are made by the product's functions; the rows come by COPY, indexes afterwards.
    """
    from django.db import connection

    from conferences.models import AuditChain, AuditEntry, AuditTree, Conference, Organisation
    from conferences.services.audit import EMPTY_HEAD, Fact, entry_body, entry_hash

    organisation = Organisation.objects.create(name="Weaver", slug="weaver")
    fields = {"organisation": organisation, "initiator_name": "Ada", "time_zone": "UTC", "duration_min": 60}
    conferences = Conference.objects.bulk_create(
        [
            Conference(title=f"Review {n}", initiator_identity="ada@weaver.example", starts_at=START, created_at=START, **fields)
            for n in range(CONFERENCES)
        ]
    )
    chains = [AuditChain(chain=one.id, organisation=organisation, number=0, head=EMPTY_HEAD) for one in conferences]
    chance = random.Random(1)  # noqa: S311  the same entries at each run
    begun = time.perf_counter()
    with connection.schema_editor() as schema:
        for index in AuditEntry._meta.indexes:
            schema.remove_index(AuditEntry, index)
    hashes = []
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for number in range(count):
            chain, one = chance.choice(chains), fact(Fact, chance, number)
            at, actor = START + timedelta(days=365) * (number / count), f"person{chance.randrange(PEOPLE)}@weaver.example"
            chain.number += 1
            body = entry_body(chain=chain.chain, number=chain.number, at=at, event=one.event, actor=actor, details=one.details)
            previous, chain.head = chain.head, entry_hash(chain.head, body)
            hashes.append(bytes.fromhex(chain.head))
            copy.write_row((chain.chain, organisation.pk, chain.number, at, one.event, actor, body, previous, chain.head, number))
            tell("written", number + 1, count, begun)
    AuditChain.objects.bulk_create(chains)
    print(f"written: {count:,} entries, {count / (time.perf_counter() - begun):,.0f}/s", flush=True)
    begun = time.perf_counter()
    grow(AuditTree, hashes)
    print(f"tree: {count / (time.perf_counter() - begun):,.0f} leaves/s, a signed checkpoint every {STEP:,}", flush=True)
    with connection.schema_editor() as schema:
        for index in AuditEntry._meta.indexes:
            schema.add_index(AuditEntry, index)
    return organisation


def grow(tree_model: Any, hashes: list[bytes]) -> None:
    """The tree over ``hashes``, as ``extend_tree`` makes it, with the rows' places already given."""
    from django.db import transaction

    from conferences.audit.merkle import leaf_hash
    from conferences.selectors.audit_tree import stored_tree
    from conferences.services.audit_tree import _begin, _sign, _store

    _begin()
    tree = tree_model.objects.get()
    for at in range(0, len(hashes), STEP):
        stored = stored_tree(at)
        with transaction.atomic():
            stored.append(leaf_hash(one) for one in hashes[at : at + STEP])
            _store(stored)
            _sign(tree, stored, datetime.now(UTC))


def fact(make: Any, chance: random.Random, number: int) -> Any:
    """One of the usual events."""
    source_id = chance.getrandbits(32)
    kind = chance.random()
    if kind < 0.3:
        holders = sorted(chance.getrandbits(32) for _ in range(12))
        opened = {"epoch": number, "spi": number % 65536, "key_id": "k" * 22, "reason": "join", "holders": holders}
        return make("epoch.opened", opened)
    if kind < 0.9999:
        event = ("key.installed", "key.delivered", "token.issued", "endpoint.connected")[number % 4]
        return make(event, {"epoch": number, "endpoints": [source_id], "name": f"Person {number % PEOPLE}"})
    return make("key.denied", {"reason": "not invited", "code": "denied", "jkt": f"rare{number}"})


def search(organisation: Any) -> None:
    """Median and worst of each kind of search."""
    from django.db import connection

    from conferences.selectors.audit_search import Wanted, _rows, search_audit

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    day = START + timedelta(days=200)
    wanted = {
        "the latest": Wanted(),
        "a conference by title": Wanted(conference="Review 17"),
        "a person": Wanted(person="person7@weaver.example"),
        "a rare event": Wanted(event="key.denied"),
        "a frequent event": Wanted(event="epoch.opened"),
        "an hour half a year ago": Wanted(from_at=day, until_at=day + timedelta(hours=1)),
        "a rare word": Wanted(text="invited"),
        "a frequent word": Wanted(text="join"),
        "two words": Wanted(text="denied invited"),
        "a word in a conference": Wanted(conference="Review 17", text="denied"),
        "a person's rare event": Wanted(person="person7@weaver.example", event="key.denied"),
        "a word that is nowhere": Wanted(text="unheard"),
        "a word in every row": Wanted(text="details"),
        "a word in every row, a year ago": Wanted(text="details", until_at=START + timedelta(days=1)),
        "a word in every row, in a conference": Wanted(conference="Review 17", text="details"),
        "a word in every row, of a person": Wanted(person="person7@weaver.example", text="details"),
        "everywhere and nowhere": Wanted(text="details unheard"),
        "two frequent words, never together": Wanted(text="join installed"),
        "a frequent word that a rare event lacks": Wanted(event="key.denied", text="join"),
        "a word that is nowhere in a conference": Wanted(conference="Review 17", text="unheard"),
        "a word that is nowhere, of a person": Wanted(person="person7@weaver.example", text="unheard"),
        "a frequent word, half a year ago": Wanted(text="join", until_at=day),
        "page far back": Wanted(after=(day, 500_000)),
    }
    for name, one in wanted.items():
        times = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            page = search_audit(organisation, one, limit=50)
            times.append((time.perf_counter() - begun) * 1000)
        plan = _rows(organisation, one)[:51].explain().splitlines()
        used = [found.group(1) for line in plan if (found := INDEX.search(line))]
        figures = f"median {statistics.median(times):7.1f}  worst {max(times):7.1f} ms"
        print(f"search {name:40} {figures}  {len(page.found):2} found  {used}", flush=True)


def export_and_verify(state: Path, count: int) -> None:
    """The whole export to a file, then the verifier as a process of its own."""
    from conferences.audit.export import export_lines

    file, begun = state / "export.jsonl", time.perf_counter()
    with file.open("w") as out:
        out.writelines(export_lines(now=datetime.now(UTC)))
    took = time.perf_counter() - begun
    print(f"export: {took:.1f} s, {count / took:,.0f} entries/s, {file.stat().st_size / 1e6:.0f} MB")
    begun = time.perf_counter()
    command = [sys.executable, "-m", "conferences.audit", str(file)]
    result = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  our own command
    took = time.perf_counter() - begun
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    told = len(result.stderr.splitlines())
    print(f"verify: {took:.1f} s, exit {result.returncode}, children at most {memory:.0f} MB, {told} lines of progress")
    print("  " + (result.stdout or result.stderr).splitlines()[-1])


def prove(count: int) -> None:
    """Inclusion and consistency proofs of random places."""
    from conferences.audit.proof import verify_growth, verify_inclusion
    from conferences.models import AuditCheckpoint, AuditEntry
    from conferences.selectors.audit_tree import latest_checkpoint, log_key, prove_entry, prove_growth

    key, latest = log_key(), latest_checkpoint()
    times: dict[str, list[float]] = {"inclusion": [], "consistency": []}
    chance = random.Random(2)  # noqa: S311  the same places at each run
    for _ in range(50):
        row = AuditEntry.objects.get(leaf=chance.randrange(count))
        begun = time.perf_counter()
        proof = prove_entry(chain=row.chain, number=row.number)
        times["inclusion"].append((time.perf_counter() - begun) * 1000)
        verify_inclusion(proof, key)
        old = chance.choice(AuditCheckpoint.objects.values_list("size", flat=True))
        begun = time.perf_counter()
        growth = prove_growth(old=old, new=latest.size)
        times["consistency"].append((time.perf_counter() - begun) * 1000)
        verify_growth(growth, key)
    for name, some in times.items():
        print(f"prove {name}: median {statistics.median(some):.1f} ms, worst {max(some):.1f} ms")


def tell(what: str, done: int, count: int, begun: float) -> None:
    """Progress on standard error."""
    if done % 100_000 == 0:
        sys.stderr.write(f"{what} {done:,} of {count:,} ({time.perf_counter() - begun:.0f} s)\n")


def main() -> None:
    """Everything, in order."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with audit_database() as state:
        organisation = fill(count)
        search(organisation)
        export_and_verify(state, count)
        prove(count)


if __name__ == "__main__":
    main()
