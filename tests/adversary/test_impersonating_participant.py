"""Attacker: an invited participant, together with the media server, who speaks as somebody else (requirement MEDIA-2).

He holds the conference's EKT key and an identity key of his own, both from the running KMF; the engines are the shipped ones.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser

from protocol import base64url
from tests.adversary.engine_bench import SOUND, Endpoint, Outcome, engine_bench
from tests.adversary.forged_frames import LATE_CTR, ForgedKey, ekt_epoch_of, field_of
from tests.scenes import Scene
from tests.simulators.person import Person
from tests.stack import Stack
from tests.twin.ekt import FullField

pytestmark = [pytest.mark.browser, pytest.mark.requirement("MEDIA-2")]
HIGHEST_EKT_EPOCH = 0xFFFF
ANNOUNCED_AGAIN_MS = 150
SWITCHED_MS = 400

Meeting = tuple[Endpoint, Endpoint, Endpoint]
Attack = Callable[[Endpoint, Endpoint, bytes], bytes]


@pytest.fixture(scope="module")
def scene(stack: Stack) -> Scene:
    return Scene.schedule(stack)


@pytest.fixture(scope="module")
def meeting(scene: Scene, browser: Browser) -> Iterator[Meeting]:
    """Ada speaks, Bob listens, Mallory is invited too."""
    with engine_bench(browser) as bench:
        ada, bob, mallory = (bench.enter(scene.person("participant", i), f"endpoint {i}") for i in range(3))
        members = {ada.source_id, bob.source_id, mallory.source_id}
        for endpoint in (ada, bob, mallory):
            endpoint.follow(members)
        bench.pause(SWITCHED_MS)
        yield ada, bob, mallory


def genuine(ada: Endpoint) -> bytes:
    """A frame of Ada's that carries her Full field."""
    ada.bench.pause(ANNOUNCED_AGAIN_MS)
    return ada.send()


def signed_by_himself(ada: Endpoint, mallory: Endpoint, frame: bytes) -> bytes:
    return ForgedKey.by(mallory, ada.source_id, ekt_epoch_of(frame) + 1).sound()


def not_signed(ada: Endpoint, mallory: Endpoint, frame: bytes) -> bytes:
    key = ForgedKey.by(mallory, ada.source_id, ekt_epoch_of(frame) + 1)
    return key.sound(tail=bytes(64) + key.full.field)


def signature_left_out(ada: Endpoint, mallory: Endpoint, frame: bytes) -> bytes:
    key = ForgedKey.by(mallory, ada.source_id, ekt_epoch_of(frame) + 1)
    return key.sound(tail=key.full.field)


def highest_count(ada: Endpoint, mallory: Endpoint, _frame: bytes) -> bytes:
    return ForgedKey.by(mallory, ada.source_id, HIGHEST_EKT_EPOCH).sound()


def her_own_count_again(ada: Endpoint, mallory: Endpoint, frame: bytes) -> bytes:
    return ForgedKey.by(mallory, ada.source_id, ekt_epoch_of(frame)).sound()


def her_field_before_his_key(ada: Endpoint, mallory: Endpoint, frame: bytes) -> bytes:
    return ForgedKey.by(mallory, ada.source_id, ekt_epoch_of(frame)).sound(tail=field_of(frame).tail)


def her_field_with_a_higher_count(ada: Endpoint, mallory: Endpoint, frame: bytes) -> bytes:
    full, count = field_of(frame), ekt_epoch_of(frame) + 1
    raised = FullField(full.signature, full.field[:58] + count.to_bytes(2, "big") + full.field[60:])
    return ForgedKey.by(mallory, ada.source_id, count).sound(tail=raised.tail)


def her_signature_before_his_field(ada: Endpoint, mallory: Endpoint, frame: bytes) -> bytes:
    key = ForgedKey.by(mallory, ada.source_id, ekt_epoch_of(frame) + 1)
    return key.sound(tail=replace(key.full, signature=field_of(frame).signature).tail)


def his_field_for_her_frame(ada: Endpoint, mallory: Endpoint, frame: bytes) -> bytes:
    own = ForgedKey.by(mallory, mallory.source_id, ekt_epoch_of(frame) + 1)
    return ForgedKey.by(mallory, ada.source_id, ekt_epoch_of(frame) + 1).sound(tail=own.full.tail)


def his_field_wrapping_her_id(ada: Endpoint, mallory: Endpoint, _frame: bytes) -> bytes:
    return ForgedKey.by(mallory, mallory.source_id, 1, wrapped_source_id=ada.source_id).sound()


def her_frame_again(_ada: Endpoint, _mallory: Endpoint, frame: bytes) -> bytes:
    return frame


def her_frame_altered(ada: Endpoint, _mallory: Endpoint, _frame: bytes) -> bytes:
    fresh = bytearray(ada.send())
    fresh[20] ^= 1
    return bytes(fresh)


ATTACKS: list[tuple[Attack, str]] = [
    (signed_by_himself, "ekt_signature"),
    (not_signed, "ekt_signature"),
    (signature_left_out, "ekt_signature"),
    (highest_count, "ekt_signature"),
    (her_own_count_again, "sframe_authentication"),
    (her_field_before_his_key, "sframe_authentication"),
    (her_field_with_a_higher_count, "ekt_signature"),
    (her_signature_before_his_field, "ekt_signature"),
    (his_field_for_her_frame, "ekt_signature"),
    (his_field_wrapping_her_id, "ekt_ssrc"),
    (her_frame_again, "replayed"),
    (her_frame_altered, "sframe_authentication"),
]


@pytest.mark.parametrize(("attack", "code"), ATTACKS, ids=lambda value: value.__name__ if callable(value) else value)
def test_his_frame_does_not_open_and_hers_go_on_opening(meeting: Meeting, attack: Attack, code: str) -> None:
    ada, bob, mallory = meeting
    frame = genuine(ada)
    assert bob.receive(frame).frame == SOUND
    opened = bob.opened_count("line")
    forged = attack(ada, mallory, frame)
    for _ in range(2):
        assert bob.receive(forged) == Outcome(None, code)
    assert bob.opened_count("line") == opened
    for _ in range(3):
        assert bob.receive(ada.send()).frame == SOUND
    assert bob.receive(genuine(ada)).frame == SOUND
    assert bob.sources_of("line") == [ada.source_id]


def test_her_sound_is_not_taken_for_her_screens_sound(meeting: Meeting) -> None:
    ada, bob, _ = meeting
    assert bob.receive(ada.send(), track="screen-audio") == Outcome(None, "sframe_authentication")
    assert bob.sources_of("line", "screen-audio") == []


def test_her_stream_is_not_shown_twice(meeting: Meeting) -> None:
    ada, bob, _ = meeting
    assert bob.receive(ada.send()).frame == SOUND
    assert bob.receive(ada.send(), line="second") == Outcome(None, "duplicate_source")
    assert bob.sources_of("second") == []
    assert bob.receive(ada.send()).frame == SOUND


def test_her_field_on_his_own_frames_changes_nothing(meeting: Meeting) -> None:
    """What he sends under his own source id stays his own, on whatever line; her field is dropped from it."""
    ada, bob, mallory = meeting
    own = ForgedKey.by(mallory, mallory.source_id, 2)
    assert bob.receive(own.sound(), line="his").frame == SOUND
    grafted = own.sound(tail=field_of(genuine(ada)).tail, ctr=LATE_CTR + 1)
    assert bob.receive(grafted, line="his").frame == SOUND
    assert bob.bench.ask("counters", name=bob.name, id="his mic")["fields"] == {"ekt_signature": 1}
    assert bob.sources_of("his") == [mallory.source_id]
    assert bob.receive(ada.send()).frame == SOUND


class CopyingPerson(Person):
    """Names another participant's public identity key as his own."""

    copied: bytes

    def key_body(self) -> bytes:
        own = base64url.encode(self.identity.public_key().public_bytes_raw()).encode()
        return super().key_body().replace(own, base64url.encode(self.copied).encode())


def test_who_copies_her_identity_key_does_not_get_her_frames_under_his_name(scene: Scene, meeting: Meeting) -> None:
    ada, bob, mallory = meeting
    copier = CopyingPerson(scene.stack, scene.stack.accounts("initiator")[0], scene.conference_id)
    copier.copied = ada.person.identity.public_key().public_bytes_raw()
    trudy = ada.bench.enter(copier, "trudy")
    members = {endpoint.source_id for endpoint in (ada, bob, mallory, trudy)}
    ada.follow(members)
    bob.follow(members)
    ada.bench.pause(SWITCHED_MS)
    frame = genuine(ada)
    assert bob.receive(frame).frame == SOUND
    key = ForgedKey.by(trudy, trudy.source_id, 0)
    assert bob.receive(key.sound(tail=field_of(frame).tail), line="copy") == Outcome(None, "ekt_ssrc")
    assert bob.receive(key.sound(), line="copy") == Outcome(None, "ekt_signature")
    assert bob.sources_of("copy") == []
    assert bob.receive(ada.send()).frame == SOUND
