"""The one error of the twin; its codes are those of the browser (static/endpoint/worker/crypto/errors.js)."""


class TwinError(Exception):
    """Something was not of its form, or not authentic."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
