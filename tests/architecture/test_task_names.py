"""Every task that somebody sends by name exists, has a dotted name of its own and takes keyword arguments only."""

import inspect
import re

import pytest
from django.conf import settings

from config.celery import app
from tests.architecture import repository

SENT = re.compile(r"""\bsend_task\(\s*["']([\w.]+)["']""")


@pytest.fixture(scope="module")
def own_tasks():
    app.loader.import_default_modules()
    return {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}


def test_scheduled_tasks_exist(own_tasks):
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert scheduled <= own_tasks.keys()


def test_sent_tasks_exist(own_tasks):
    sent = {
        name
        for path in repository.files()
        if path.suffix == ".py" and not path.is_relative_to("tests")
        for name in SENT.findall(repository.text(path))
    }
    assert sent <= own_tasks.keys()


def test_task_names_carry_their_app(own_tasks):
    for name, task in own_tasks.items():
        assert name.split(".")[0] == task.run.__module__.split(".")[0]
        kinds = {parameter.kind for parameter in inspect.signature(task.run).parameters.values()}
        assert kinds <= {inspect.Parameter.KEYWORD_ONLY}, f"{name} takes positional arguments"
