"""What reading and checking a release may raise.

    ReleaseError
    ├── NoteWrong        not a signed note of a release, or not signed by the key
    ├── ManifestWrong    not a manifest
    ├── PageWrong        a page that does not say what it was made for
    └── Unreachable      the server does not answer

Messages hold names of files and headers, never what a server sent besides.
"""


class ReleaseError(Exception):
    """Root."""

    code = "release_error"


class NoteWrong(ReleaseError):
    """A text is not a signed note of a release, or the key did not sign it."""

    code = "release_note_wrong"


class ManifestWrong(ReleaseError):
    """A text is not a manifest."""

    code = "release_manifest_wrong"


class PageWrong(ReleaseError):
    """A page does not name its origins and key in their form."""

    code = "release_page_wrong"


class Unreachable(ReleaseError):
    """The server does not answer, or not by HTTP."""

    code = "release_unreachable"
