"""A walk through a conference's life by chance alone: what is likely happens often. Repeated, a walk is the same."""

from random import Random

from tests.kmf.model import moderation
from tests.kmf.model.beside import CHOICES, NEVER, Crash
from tests.kmf.model.machine import LAPSES_MS, REASONS, Conferring
from tests.kmf.model.stage import DEVICES, PEOPLE

OFTEN = {
    "join": 6,
    "join_by_another_name": 4,
    "join_together": 3,
    "wait": 8,
    "fitting_order": 6,
    "go": 5,
    "order": 4,
    "hub_looks": 4,
    "sweep": 3,
    "hub_tells": 3,
    "hello": 2,
    "heartbeat": 2,
    "invite_anew": 1,
    "withdraw": 1,
    "invite": 2,
    "suspend": 1,
    "revoke": 1,
    "watch": 1,
}
SELDOM = {"hurry": 0.2, "end": 0.4}
CRASH_SHARE = 0.25


def walk(number: int, steps: int) -> int:
    """Take so many steps; the count of events that came of it.

    Raises:
        AssertionError: product and model differ; its notes say at which step of which walk.

    """
    chance, conference, step = Random(number), Conferring(), 0  # noqa: S311  no secret
    conference.schedule(**{name: chance.choice(values) for name, values in CHOICES.items()})
    weights = OFTEN | SELDOM
    try:
        for step in range(steps):  # noqa: B007  it stands in the note
            name = chance.choices(list(weights), list(weights.values()))[0]
            if name == "end" and conference.count < steps // 2:
                name = "join"
            take(conference, name, chance)
            conference.what_always_holds()
        step = steps
        conference.teardown()
    except BaseException as error:
        error.add_note(f"walk {number}, step {step}")
        raise
    return conference.count


def take(conference: Conferring, name: str, chance: Random) -> None:
    who, device = chance.choice([0, *range(PEOPLE)]), int(chance.random() < 0.3)
    some = {one for one in range(PEOPLE) if chance.random() < 0.6}
    given = {
        "who": some if name in ("join_together", "heartbeat") else who,
        "device": DEVICES - 1 if name == "revoke" else device,
        "crash": _crash(chance),
        "milliseconds": chance.choice(LAPSES_MS),
        "stay": -chance.randrange(1, 4),
        "reason": chance.choice(REASONS),
        "tries": chance.random() < 0.7,
        "fresh": chance.random() < 0.8,
    }
    more = ["admit", "admit", "lock"] if name == "fitting_order" else ["look", "unlock"]
    given["action"] = chance.choice([*moderation.OF_ONE, *more])
    if name == "join_together" and not some:
        return
    getattr(conference, name)(**{one: given[one] for one in TAKES[name]})


def _crash(chance: Random) -> Crash:
    if chance.random() > CRASH_SHARE:
        return NEVER
    return (chance.randint(1, 45), False) if chance.random() < 0.7 else (chance.randint(1, 4), True)


TAKES: dict[str, tuple[str, ...]] = {
    "join": ("who", "device", "crash"),
    "join_by_another_name": ("who", "crash"),
    "join_together": ("who", "device", "crash"),
    "hurry": ("who",),
    "hello": ("who", "device", "crash"),
    "hub_tells": (),
    "go": ("stay", "reason", "crash"),
    "heartbeat": ("who",),
    "wait": ("milliseconds",),
    "sweep": ("crash",),
    "hub_looks": ("crash",),
    "watch": (),
    "withdraw": ("who", "crash"),
    "invite": ("who", "crash"),
    "invite_anew": ("who", "tries"),
    "suspend": ("who",),
    "revoke": ("who", "device"),
    "order": ("action", "who", "fresh", "crash"),
    "fitting_order": ("action", "who", "tries"),
    "end": ("crash",),
}
