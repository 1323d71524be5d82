"""AES key wrap with padding at the lengths of EKT, tails parsed from the last byte, and FullEKTFields opened."""

from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.keywrap import aes_key_wrap, aes_key_wrap_with_padding

from tests.twin import ekt
from tests.twin.ekt import FullField
from tests.vectors.material import CONFERENCE, EKT_KEY, SENDER_KEY, SOURCE_ID, SPI, identity, octets

Case = dict[str, Any]
KWP_LENGTHS = (1, 7, 8, 9, 20, 25, 32, 41, 48)


def cases() -> list[Case]:
    return [*_wrapped(), *_badly_wrapped(), *_tails(), *_fields()]


def _case(name: str, operation: str, inputs: Case, *, output: Any = None, expect: str = "ok") -> Case:
    return {"name": name, "operation": operation, "inputs": inputs, "expect": expect, "output": output}


def _wrapped() -> list[Case]:
    found = []
    for length in KWP_LENGTHS:
        plaintext = octets(f"plaintext of {length}", length)
        inputs = {"kek": EKT_KEY.hex(), "plaintext": plaintext.hex()}
        wrapped = aes_key_wrap_with_padding(EKT_KEY, plaintext)
        found.append(_case(f"{length} bytes give {len(wrapped)}", "kwp", inputs, output=wrapped.hex()))
    return found


def _badly_wrapped() -> list[Case]:
    plaintext = octets("plaintext of 41", 41)
    wrapped = aes_key_wrap_with_padding(EKT_KEY, plaintext)
    bad = {
        "one bit changed": wrapped[:20] + bytes([wrapped[20] ^ 1]) + wrapped[21:],
        "last block missing": wrapped[:-8],
        "not a multiple of 8": wrapped[:-1],
        "shorter than two blocks": wrapped[:8],
        "empty": b"",
        "wrapped under another key": aes_key_wrap_with_padding(octets("another key"), plaintext),
        "wrapped without padding (RFC 3394)": aes_key_wrap(EKT_KEY, plaintext + bytes(7)),
        "length says more than is there": _wrap_raw(49, plaintext + bytes(7)),
        "length says a whole block less": _wrap_raw(40, plaintext + bytes(7)),
        "padding is not zero": _wrap_raw(41, plaintext + bytes(6) + b"\x01"),
        "one block, length zero": _wrap_one_block(0),
        "one block, length nine": _wrap_one_block(9),
    }
    return [
        _case(name, "kwp-unwrap", {"kek": EKT_KEY.hex(), "wrapped": value.hex()}, expect="unwrap_failed")
        for name, value in bad.items()
    ]


def _wrap_raw(length: int, padded: bytes) -> bytes:
    """RFC 5649's wrapping with a length of the caller's choice."""
    return _wrap_blocks(b"\xa6\x59\x59\xa6" + length.to_bytes(4, "big"), padded)


def _wrap_one_block(length: int) -> bytes:
    return _encrypt_block(b"\xa6\x59\x59\xa6" + length.to_bytes(4, "big") + octets("block", 8))


def _encrypt_block(block: bytes) -> bytes:
    return Cipher(algorithms.AES(EKT_KEY), modes.ECB()).encryptor().update(block)  # noqa: S305 (the wrap's own block cipher)


def _wrap_blocks(initial: bytes, padded: bytes) -> bytes:
    registers = [padded[at : at + 8] for at in range(0, len(padded), 8)]
    first = initial
    for step in range(1, 6 * len(registers) + 1):
        index = (step - 1) % len(registers)
        block = _encrypt_block(first + registers[index])
        first = (int.from_bytes(block[:8], "big") ^ step).to_bytes(8, "big")
        registers[index] = block[8:]
    return first + b"".join(registers)


def _full(plaintext: bytes | None = None, *, ekt_key: bytes = EKT_KEY) -> FullField:
    content = ekt.encode_plaintext(SENDER_KEY, SOURCE_ID) if plaintext is None else plaintext
    field = ekt.encode_field(ekt_key=ekt_key, plaintext=content, spi=SPI, ekt_epoch=3)
    return ekt.sign(identity("sender"), CONFERENCE, field)


def _tails() -> list[Case]:
    full = _full()
    frame = b"frame"
    good = {
        "short field": (frame + b"\x00", {"rest": frame.hex(), "full": None}),
        "short field alone": (b"\x00", {"rest": "", "full": None}),
        "full field": (frame + full.tail, _tail_output(frame, full)),
        "full field alone": (full.tail, _tail_output(b"", full)),
    }
    bad = {
        "empty frame": (b"", "ekt_empty"),
        "type 1, reserved": (frame + full.tail[:-1] + b"\x01", "ekt_type"),
        "type 3, an extension": (frame + full.tail[:-1] + b"\x03", "ekt_type"),
        "type 255": (frame + b"\xff", "ekt_type"),
        "length 0": (frame + full.tail[:-3] + b"\x00\x00\x02", "ekt_length"),
        "length without itself and the type": (frame + full.tail[:-3] + b"\x00\x3c\x02", "ekt_length"),
        "length of a 128-bit key's field": (frame + full.tail[:-3] + b"\x00\x2f\x02", "ekt_length"),
        "length beyond the frame": (frame + full.tail[:-3] + b"\xff\xff\x02", "ekt_length"),
        "frame shorter than the field": (full.tail[-62:], "ekt_length"),
        "frame without the signature": (full.field, "ekt_length"),
        "one byte of the signature missing": (full.tail[1:], "ekt_length"),
        "type byte alone": (b"\x02", "ekt_length"),
    }
    return [
        *(_case(name, "tail", {"frame": value.hex()}, output=output) for name, (value, output) in good.items()),
        *(_case(name, "tail", {"frame": value.hex()}, expect=code) for name, (value, code) in bad.items()),
    ]


def _tail_output(rest: bytes, full: FullField) -> Case:
    return {
        "rest": rest.hex(),
        "full": {
            "signature": full.signature.hex(),
            "field": full.field.hex(),
            "ciphertext": full.ciphertext.hex(),
            "spi": full.spi,
            "ekt_epoch": full.ekt_epoch,
        },
    }


def _fields() -> list[Case]:
    plaintext = ekt.encode_plaintext(SENDER_KEY, SOURCE_ID)
    full = _full()
    bad = {
        "signed by somebody else": (ekt.sign(identity("another"), CONFERENCE, full.field), "ekt_signature"),
        "signed for another conference": (ekt.sign(identity("sender"), CONFERENCE[::-1], full.field), "ekt_signature"),
        "signature over another field": (FullField(full.signature, _full(octets("other", 41)).field), "ekt_signature"),
        "no signature": (FullField(bytes(64), full.field), "ekt_signature"),
        "wrapped under another EKT key": (_full(ekt_key=octets("another EKT key")), "ekt_unwrap"),
        "key length 31": (_full(b"\x1f" + plaintext[1:]), "ekt_key_length"),
        "one byte more": (_full(plaintext + b"\x00"), "ekt_key_length"),
        "source id of somebody else": (_full(ekt.encode_plaintext(SENDER_KEY, SOURCE_ID + 1)), "ekt_ssrc"),
        "roll-over counter not zero": (_full(ekt.encode_plaintext(SENDER_KEY, SOURCE_ID, roc=1)), "ekt_roc"),
    }
    return [
        _case("field of the sender", "field", _field_inputs(full), output=SENDER_KEY.hex()),
        *(_case(name, "field", _field_inputs(value), expect=code) for name, (value, code) in bad.items()),
    ]


def _field_inputs(full: FullField) -> Case:
    return {
        "ekt_key": EKT_KEY.hex(),
        "conference_id": CONFERENCE,
        "source_id": SOURCE_ID,
        "identity_key": identity("sender").public_key().public_bytes_raw().hex(),
        "tail": full.tail.hex(),
    }
