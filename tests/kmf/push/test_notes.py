"""What endpoints said: alike together, in order, and not lost where it could not be recorded."""

from kmf.push.notes import Notes


def test_what_is_alike_stands_together():
    notes = Notes()
    notes.add("key.installed", [1], epoch=7)
    notes.add("key.deleted", [3], epochs=(5, 6))
    notes.add("key.installed", [2], epoch=7)
    notes.add("key.installed", [3], epoch=8)
    assert list(notes.take().items()) == [
        (("key.installed", (("epoch", 7),)), [1, 2]),
        (("key.deleted", (("epochs", (5, 6)),)), [3]),
        (("key.installed", (("epoch", 8),)), [3]),
    ]
    assert not notes


def test_what_is_given_back_comes_first_and_once():
    notes = Notes()
    notes.add("key.installed", [1], epoch=7)
    taken = notes.take()
    notes.add("key.delivered", [9], epoch=8)
    notes.add("key.installed", [2], epoch=7)
    notes.give_back(taken)
    assert list(notes.take().values()) == [[1, 2], [9]]
    assert not notes.take()
