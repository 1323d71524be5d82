"""From what a browser posts to an XML tree, or a refusal. What no provider sends is refused before it is parsed for good.

A first pass only refuses: document types (and so entities), comments, processing instructions, CDATA, other encodings than
UTF-8, depth. Nothing is read from it, so no difference between the two parsers can be used. Comments are no danger to what is
read here (canonical XML has none, see ``signature``); they are refused because they are somebody's attempt.

Spec: SAML 2.0 Bindings section 3.5.4; RFC 4648 section 4.
"""

import binascii
from base64 import b64decode
from typing import Any, NoReturn
from xml.parsers import expat

from lxml import etree

from kmf.authorization.company.errors import CompanyRefused

_DEEPEST = 32  # elements; answers have about ten
_SPACES = str.maketrans("", "", " \t\r\n")


def read_answer(encoded: str) -> Any:
    """The root element of a ``SAMLResponse``.

    Args:
        encoded: base64, with line breaks or without.

    Raises:
        CompanyRefused: it is not that, or has something in it that does not belong into an answer.

    """
    try:
        data = b64decode(encoded.translate(_SPACES), validate=True)
    except (binascii.Error, ValueError):
        raise CompanyRefused("failed", "answer is no base64") from None
    _refuse_oddities(data)
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, recover=False
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise CompanyRefused("failed", "answer is no XML") from None


def _refuse_oddities(data: bytes) -> None:
    parser = expat.ParserCreate("utf-8")
    depth = 0

    def opened(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise CompanyRefused("failed", "answer is nested too deeply")

    def closed(_name: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartElementHandler, parser.EndElementHandler = opened, closed
    parser.StartDoctypeDeclHandler = _refuse("answer has a document type")
    parser.CommentHandler = _refuse("answer has a comment")
    parser.ProcessingInstructionHandler = _refuse("answer has a processing instruction")
    parser.StartCdataSectionHandler = _refuse("answer has a CDATA section")
    parser.XmlDeclHandler = _declared
    try:
        parser.Parse(data, True)  # noqa: FBT003  expat's own signature
    except expat.ExpatError:
        raise CompanyRefused("failed", "answer is no XML") from None


def _declared(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding is not None and encoding.lower() != "utf-8":
        raise CompanyRefused("failed", "answer is not in UTF-8")


def _refuse(reason: str) -> Any:
    def found(*_what: object) -> NoReturn:
        raise CompanyRefused("failed", reason)

    return found
