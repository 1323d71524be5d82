"""Pages for what went wrong."""

from collections.abc import Callable

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory

from conferences.views.errors import server_error

Visitor = Callable[..., Client]


@pytest.mark.parametrize("path", ["/nothing", "/conferences/short", "/conferences/%00", "/conferences/" + "A" * 22])
def test_nothing_here(visitor: Visitor, path: str) -> None:
    response = visitor("ada@weaver.example").get(path)
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def answer_to(error: Exception) -> HttpResponse:
    try:
        raise error
    except type(error):
        return server_error(RequestFactory().get("/"))


def test_a_failure_and_a_database_that_is_away_are_told_apart() -> None:
    answers = [answer_to(ZeroDivisionError()), answer_to(OperationalError("host=db password=hunter2"))]
    assert [answer.status_code for answer in answers] == [500, 503]
    assert answers[1]["Retry-After"] == "5"
    assert "hunter2" not in answers[1].content.decode()
