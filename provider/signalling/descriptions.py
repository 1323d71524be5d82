"""Session descriptions of endpoints, before the MDD sees them: media and nothing else.

The endpoint page writes none with more (docs/protocol.md section 7), but a participant may use a program of his own. The MDD
would open a data channel to him, look names up, or take addresses that he chose.

Spec: RFC 8866 section 5, RFC 8839 section 5.
"""

import re

from provider.errors import Malformed

_LINE = re.compile(r"[a-z]=[ -~]*\Z")
_MEDIA = re.compile(r"m=(audio|video) ")
_REFUSED = re.compile(r"a=(candidate|remote-candidates|crypto|sctp-port|sctpmap)\b")


def check_description(text: str, *, most_sections: int) -> str:
    """``text`` itself, if it is a description of audio and video without addresses.

    Raises:
        Malformed: it is not.

    """
    lines = text.split("\r\n")
    if lines[0] != "v=0" or lines.pop() != "" or not all(_LINE.match(line) for line in lines):
        raise Malformed("not a session description")
    sections = [line for line in lines if line.startswith("m=")]
    if len(sections) > most_sections or not all(_MEDIA.match(section) for section in sections):
        raise Malformed("sections that are no media, or too many")
    if any(_REFUSED.match(line) for line in lines):
        raise Malformed("a description with more than media")
    return text
