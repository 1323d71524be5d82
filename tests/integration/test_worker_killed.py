"""The worker is killed again and again while ends, orders and mails are due: each is applied once, within 15 s of its return."""

import time
from collections import Counter

from tests.scenes import Scene
from tests.stack import Stack

CONFERENCES, KILLS, WITHIN_S = 8, 4, 15


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
    told = {mail["Message-ID"].split(".")[0].strip("<") for mail in stack.mails()}
    assert {scene.conference_id for scene in invited} <= told
