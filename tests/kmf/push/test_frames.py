import pytest
from websockets.frames import Frame, Opcode

from kmf.push.frames import text_frame


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 400_000])
def test_a_frame_is_the_one_that_another_library_makes(size: int):
    payload = b"x" * size
    assert text_frame(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)
