"""Who was cut off together does not come back together: the waits of the shipped modules, in node, without waiting."""

import json
import shutil
import subprocess

import pytest

from tests.browser.module_server import PLACES

Pauses = dict[str, list[list[float]]]
# The least and the most that is waited after so many tries that failed, in ms.
JOINS = [(375, 1_500), (750, 3_000), (1_500, 6_000)]
CONNECTIONS = [(500, 3_000), (500, 4_500), (500, 6_000)]
PARTS = 10


@pytest.fixture(scope="module")
def pauses() -> Pauses:
    node = shutil.which("node")
    assert node is not None, "Debian package nodejs"
    script = PLACES["page"] / "pauses.mjs"
    done = subprocess.run([node, str(script)], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 (our script)
    found: Pauses = json.loads(done.stdout)
    return found


def are_spread(waits: list[float], least: float, most: float) -> None:
    """None is outside, and each tenth of the time has its share: between half and twice a tenth of them."""
    assert least <= min(waits)
    assert max(waits) <= most
    shares = [0] * PARTS
    for wait in waits:
        shares[min(PARTS - 1, int((wait - least) / (most - least) * PARTS))] += 1
    fair = len(waits) / PARTS
    assert fair / 2 < min(shares)
    assert max(shares) < fair * 2


@pytest.mark.parametrize(("what", "bounds"), [("joins", JOINS), ("connected", CONNECTIONS)], ids=["joins", "connections"])
def test_pauses_spread_grow_and_are_bounded(pauses: Pauses, what: str, bounds: list[tuple[float, float]]) -> None:
    assert len(pauses[what]) == 8
    for failures, waits in enumerate(pauses[what]):
        least, most = bounds[min(failures, len(bounds) - 1)]
        are_spread(waits, least, most)
    means = [sum(waits) / len(waits) for waits in pauses[what]]
    assert means[0] < means[1] < means[2]


def test_who_is_asked_to_wait_longer_does_so(pauses: Pauses) -> None:
    are_spread(pauses["asked"][0], 10_500, 13_000)
