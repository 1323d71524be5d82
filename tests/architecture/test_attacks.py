"""``docs/security/attacks.md`` lists no attack that is not played, and enough of them."""

import re
from pathlib import Path

from tests.adversary.attacks import outcomes
from tests.architecture.repository import text

PAGE = text(Path("docs/security/attacks.md"))
ROW = re.compile(r"^\| .+ \| ([^|]+) \|$", re.MULTILINE)


def test_every_outcome_in_the_document_is_a_test():
    played = {each.sentence for each in outcomes()}
    assert set(ROW.findall(PAGE)) - {"outcome", "---"} - played == set()


def test_there_are_as_many_attacks_as_it_says():
    said = re.search(r"\*\*(\d+) cases\*\*", PAGE)
    assert said is not None
    assert sum(len(each.attacks) for each in outcomes()) >= int(said[1]) > 60
