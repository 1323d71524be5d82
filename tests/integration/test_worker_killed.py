"""The worker is killed again and again while ends, orders and mails are due: each is applied once, within 15 s of its return."""

import time
from collections import Counter

from tests.scenes import Scene
from tests.stack import Stack

CONFERENCES, KILLS, WITHIN_S = 8, 4, 15
WORKER_THREADS = 4  # each may have had one mail under way


def with_an_end_due(stack: Stack) -> Scene:
    """A conference that ends in 3 s and has released a key."""
    scene = Scene.schedule(stack, ends_in_s=3, grace_min=0)
    with stack.connect("trusted") as database:
        database.execute(
            "INSERT INTO kmf_keystate (conference_id, organisation_id, version, last_epoch)"
            " SELECT id, organisation_id, 0, 0 FROM conferences_conference WHERE id = %s",
            (scene.conference_id,),
        )
    return scene


def with_mails_due(stack: Stack) -> Scene:
    """A conference that goes on, whose invitations are not mailed yet."""
    scene = Scene.schedule(stack)
    with stack.connect("trusted") as database:
        database.execute(
            "INSERT INTO conferences_outboxitem (organisation_id, kind, payload, created_at, due_at, attempts, last_error)"
            " SELECT organisation_id, 'invitation.request',"
            " jsonb_build_object('conference', conference_id, 'participant', id, 'sequence', 0), now(), now(), 0, ''"
            " FROM conferences_participant WHERE conference_id = %s",
            (scene.conference_id,),
        )
    return scene


def undone(stack: Stack, ending: list[Scene], invited: list[Scene]) -> int:
    """What is still to do: conferences that should have ended, and effects that wait."""
    ids = [scene.conference_id for scene in ending]
    handles = [scene.handle for scene in ending]
    mailed = [scene.conference_id for scene in invited]
    with stack.connect("trusted") as database:
        row = database.execute(
            "SELECT (SELECT count(*) FROM kmf_keystate WHERE closed_at IS NULL AND conference_id = ANY(%s))"
            " + (SELECT count(*) FROM kmf_conferencekey WHERE destroyed_at IS NULL AND conference_id = ANY(%s))"
            " + (SELECT count(*) FROM conferences_outboxitem WHERE done_at IS NULL"
            "    AND (payload->>'conference' = ANY(%s) OR payload->>'handle' = ANY(%s)))",
            (ids, ids, mailed, handles),
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_whatever_the_worker_was_doing_is_done_once(stack: Stack):
    scenes = [with_an_end_due(stack) for _ in range(CONFERENCES)]
    invited = [with_mails_due(stack) for _ in range(CONFERENCES)]
    for pause in (0.4, 2.4, 0.9, 0.6)[:KILLS]:
        time.sleep(pause)
        stack.restart("worker")
    begun = time.monotonic()
    while undone(stack, scenes, invited) and time.monotonic() - begun < WITHIN_S:
        time.sleep(0.2)
    assert undone(stack, scenes, invited) == 0
    for scene in scenes:
        events = Counter(entry["event"] for entry in scene.audit())
        assert events == {"conference.ended": 1, "conference_key.destroyed": 1}
        with stack.connect("trusted") as database:
            orders = database.execute(
                "SELECT count(*) FROM conferences_outboxitem WHERE kind = 'provider.order' AND payload->>'handle' = %s",
                (scene.handle,),
            ).fetchone()
        assert orders == (1,)
    for scene in invited:
        check_mails(stack, scene)


def check_mails(stack: Stack, scene: Scene) -> None:
    """Everybody was told; who was told twice (the worker died between sending and noting it) got the same message again."""
    mails = [mail for mail in stack.mails() if mail["Message-ID"].strip("<").startswith(scene.conference_id)]
    messages = Counter((mail["Message-ID"], mail["To"], mail["Subject"]) for mail in mails)
    invited = len([*stack.accounts("initiator"), *stack.accounts("participant")])
    assert len({address for _id, address, _subject in messages}) == len({id_ for id_, _address, _subject in messages}) == invited
    assert len(messages) == invited
    assert max(messages.values()) <= 1 + KILLS
    assert len(mails) - invited <= KILLS * WORKER_THREADS
