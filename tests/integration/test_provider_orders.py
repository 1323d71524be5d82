"""The KMF's orders reach the real provider: the end closes the room, a withdrawn invitation evicts the pseudonym."""

from tests.scenes import Scene
from tests.simulators.person import Person
from tests.stack import Stack, wait_for


def join_at_the_provider(scene: Scene, person: Person) -> int:
    token2 = person.token("refresh_token", scene.stack.origins.provider).json()["access_token"]
    path = f"/conferences/{scene.handle}/join"
    proof = person.proof("POST", path, token=token2, origin=scene.stack.origins.provider)
    return person.post(path, token=token2, proof=proof, provider=True).status_code


def provider_rows(scene: Scene, query: str) -> int:
    with scene.stack.connect("provider") as database:
        row = database.execute(query, (scene.handle,)).fetchone()
    assert row is not None
    return int(row[0])


def test_the_end_closes_the_room(stack: Stack):
    scene = Scene.schedule(stack, ends_in_s=5, grace_min=0)
    ada = scene.person("participant", 0).sign_in()
    assert ada.ask_for_key().status_code == 200
    assert join_at_the_provider(scene, ada) == 200
    closed = "SELECT count(*) FROM provider_room WHERE handle = %s AND closed_at IS NOT NULL"
    assert provider_rows(scene, closed) == 0
    wait_for(lambda: provider_rows(scene, closed) == 1, "the order to close", timeout_s=15)


def test_a_withdrawn_participant_is_evicted(scene: Scene):
    ada, bob = (scene.person("participant", index).sign_in() for index in range(2))
    for person in (ada, bob):
        assert person.ask_for_key().status_code == 200
        assert join_at_the_provider(scene, person) == 200
    evicted = "SELECT count(*) FROM provider_eviction e JOIN provider_room r ON r.id = e.room_id WHERE r.handle = %s"
    scene.withdraw(bob.account["email"])
    wait_for(lambda: provider_rows(scene, evicted) == 1, "the order to evict", timeout_s=15)
