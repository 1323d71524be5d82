"""Pictures of the documentation, taken on the way where ``CONCLAVE_SCREENSHOTS`` names a directory for them."""

import os
from pathlib import Path

from playwright.sync_api import Page

PICTURES = os.environ.get("CONCLAVE_SCREENSHOTS")


def picture(page: Page, name: str) -> None:
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))
