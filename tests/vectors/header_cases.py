"""Encryption-Key headers, good and bad. The draft's own example ([PERC] 6.3) is among the bad ones, whole and in its parts."""

from typing import Any

from tests.twin import base64url
from tests.vectors.material import SPI, identifier, octets

Case = dict[str, Any]
DRAFT_KEY = "lupDujHomwIjlutebgharghmey"
DH = base64url.encode(octets("dh"))
DH_P256 = base64url.encode(b"\x04" + octets("dh", 64))
KEY = base64url.encode(octets("wrapped key", 40))
KEY_ID = identifier("KeyID")
OUTPUT = {"key_id": KEY_ID, "dh": octets("dh").hex(), "wrapped": octets("wrapped key", 40).hex(), "spi": SPI, "ttl": 600}


def _header(**changes: str | None) -> str:
    """The good header with parameters changed, added, or left out (None)."""
    parameters: dict[str, str | None] = {
        "keyid": f'"{KEY_ID}"',
        "dh": f'"{DH}"',
        "key": f'"{KEY}"',
        "usage": '"EKT"',
        "spi": str(SPI),
        "ttl": "600",
        **changes,
    }
    return "; ".join(f"{name}={value}" for name, value in parameters.items() if value is not None)


def cases() -> list[Case]:
    return [
        *({"name": name, "inputs": {"header": header}, "expect": "ok", "output": output} for name, header, output in _good()),
        *({"name": name, "inputs": {"header": header}, "expect": f"encryption_key_{code}"} for name, header, code in _bad()),
    ]


def _good() -> list[tuple[str, str, Case]]:
    reordered = "; ".join(reversed(_header().split("; ")))
    return [
        ("as the KMF sends it", _header(), OUTPUT),
        ("parameters in another order", reordered, OUTPUT),
        ("no space, tabs", _header().replace("; ", ";\t"), OUTPUT),
        ("names in capitals", _header().replace("keyid=", "KeyID=").replace("ttl=", "TTL="), OUTPUT),
        ("tokens instead of quoted strings", _header().replace('"', ""), OUTPUT),
        ("numbers quoted", _header(spi=f'"{SPI}"', ttl='"600"'), OUTPUT),
        ("P-256 key", _header(dh=f'"{DH_P256}"'), OUTPUT | {"dh": (b"\x04" + octets("dh", 64)).hex()}),
        ("hybrid key", _header(dh=f'"{base64url.encode(octets("dh", 1120))}"'), OUTPUT | {"dh": octets("dh", 1120).hex()}),
        ("greatest numbers", _header(spi="65535", ttl="16777215"), OUTPUT | {"spi": 65535, "ttl": 16777215}),
        ("spi 0, ttl 1", _header(spi="0", ttl="1"), OUTPUT | {"spi": 0, "ttl": 1}),
    ]


def _bad() -> list[tuple[str, str, str]]:
    return [
        ("the draft's example", f'keyid="pegh"; key="{DRAFT_KEY}"', "missing"),
        ("the draft's example with the semicolon of its line", f'keyid="pegh"; key="{DRAFT_KEY}";', "syntax"),
        ("the draft's key: 19 octets, not canonical", _header(key=f'"{DRAFT_KEY}"'), "value"),
        ("the draft's key made canonical: 19 octets", _header(key=f'"{DRAFT_KEY[:-1]}w"'), "value"),
        ("the draft's KeyID", _header(keyid='"pegh"'), "value"),
        *((f"no {name}", _header(**{name: None}), "missing") for name in ("keyid", "dh", "key", "usage", "spi", "ttl")),
        ("empty", "", "syntax"),
        ("space", " ", "syntax"),
        ("no value", _header(spi=""), "syntax"),
        ("empty parameter", _header().replace("; dh", ";; dh"), "syntax"),
        ("semicolon at the end", _header() + ";", "syntax"),
        ("two values in a list", _header() + ", " + _header(), "syntax"),
        ("quote that does not end", _header(ttl='"600'), "syntax"),
        ("escape in a quoted string", _header(usage='"E\\KT"'), "syntax"),
        ("line break", _header(usage='"E\nKT"'), "syntax"),
        ("space around the equals sign", _header().replace("spi=", "spi ="), "syntax"),
        ("parameter twice", _header() + "; spi=7", "duplicate"),
        ("parameter twice in other letters", _header() + "; SPI=8", "duplicate"),
        ("parameter that is unknown", _header(salt='"AAAA"'), "unknown"),
        ("another usage", _header(usage='"aesgcm128"'), "usage"),
        ("usage in small letters", _header(usage='"ekt"'), "usage"),
        ("empty usage", _header(usage='""'), "usage"),
        ("dh of 31 bytes", _header(dh=f'"{base64url.encode(octets("dh", 31))}"'), "value"),
        ("dh with padding", _header(dh=f'"{DH}="'), "value"),
        ("dh in plain base64", _header(dh='"' + "+/" * 21 + 'A"'), "value"),
        ("dh not canonical", _header(dh=f'"{DH[:-1]}{_next(DH[-1])}"'), "value"),
        ("literal key of 32 bytes", _header(key=f'"{base64url.encode(octets("key"))}"'), "value"),
        ("empty key", _header(key='""'), "value"),
        ("KeyID of 15 bytes", _header(keyid=f'"{KEY_ID[:20]}"'), "value"),
        ("spi too large", _header(spi="65536"), "value"),
        ("spi negative", _header(spi="-1"), "value"),
        ("spi with a leading zero", _header(spi="07"), "value"),
        ("spi in hexadecimal", _header(spi="0x7"), "value"),
        ("spi with an exponent", _header(spi="1e2"), "value"),
        ("ttl 0", _header(ttl="0"), "value"),
        ("ttl too large", _header(ttl="16777216"), "value"),
        ("ttl with a fraction", _header(ttl="600.5"), "value"),
        ("ttl of many digits", _header(ttl="9" * 400), "value"),
    ]


def _next(character: str) -> str:
    """The character whose last bit differs."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return alphabet[alphabet.index(character) ^ 1]
