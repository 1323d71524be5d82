"""A fresh conference of the running system for each test."""

import pytest

from tests.scenes import Scene
from tests.stack import Stack


@pytest.fixture
def scene(stack: Stack) -> Scene:
    return Scene.schedule(stack)
