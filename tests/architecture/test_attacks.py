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


def test_at_least_sixty_are_played_in_real_chromium():
    """The document's number is from the day on which it was written."""
    assert re.search(r"\*\*\d+ cases\*\*", PAGE) is not None
    assert sum(len(each.attacks) for each in outcomes() if each.in_chromium) >= 60
