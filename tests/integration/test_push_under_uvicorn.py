"""The same push socket when the trusted site runs under uvicorn (``CONCLAVE_SERVER=uvicorn``)."""

from collections.abc import Iterator

import pytest

from tests.integration.test_push_socket import (
    enter,
    people,
    test_a_cut_line_may_come_back_within_5_s_and_is_a_leave_after,
    test_a_join_and_a_leave_give_the_others_a_key_and_a_signed_chain,
    test_malformed_messages_close_this_socket_only,
    test_silence_without_hello_is_closed,
    test_welcome_names_everybody_and_gives_the_key_of_the_header,
    test_what_members_say_most_is_heard_between_pings_and_split_messages,
    test_who_says_too_much_is_closed_and_heard_no_more,
)
from tests.integration.test_push_socket_renewal import test_a_page_that_goes_away_is_a_leave_at_once
from tests.stack import Stack

__all__ = [
    "people",
    "test_a_cut_line_may_come_back_within_5_s_and_is_a_leave_after",
    "test_a_join_and_a_leave_give_the_others_a_key_and_a_signed_chain",
    "test_a_page_that_goes_away_is_a_leave_at_once",
    "test_malformed_messages_close_this_socket_only",
    "test_silence_without_hello_is_closed",
    "test_welcome_names_everybody_and_gives_the_key_of_the_header",
    "test_what_members_say_most_is_heard_between_pings_and_split_messages",
    "test_who_says_too_much_is_closed_and_heard_no_more",
]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(server="uvicorn") as running:
        yield running


def test_frames_are_prepared_and_uncompressed(stack: Stack, people):
    socket, _ = enter(people[0])
    assert socket.protocol.extensions == []
    assert "push: prepared frames on uvicorn" in stack.log("trusted")
    socket.close()
