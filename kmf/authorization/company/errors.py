"""Why somebody whom the company's provider knows is not signed in here."""


class CompanyRefused(Exception):
    """``code`` chooses the words of the page; ``reason`` is a fixed text for the audit."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
