"""The locked dependencies are those of pyproject.toml, each with its hashes."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement

from tests.architecture import repository

PINNED = re.compile(r"^([a-z0-9-]+)==([^ ;\\]+)", re.MULTILINE)
PROJECT = tomllib.loads((repository.ROOT / "pyproject.toml").read_text())["project"]
RUN = PROJECT["dependencies"]
TEST = [*RUN, *PROJECT["optional-dependencies"]["test"]]


def pinned(lock):
    versions = {}
    for name, version in PINNED.findall((repository.ROOT / lock).read_text()):
        versions.setdefault(name, set()).add(version)
    return versions


@pytest.mark.parametrize(("lock", "wanted"), [("requirements.lock", RUN), ("requirements-test.lock", TEST)], ids=["run", "test"])
def test_lock_holds_every_dependency_in_a_version_that_fits(lock, wanted):
    versions = pinned(lock)
    for requirement in map(Requirement, wanted):
        name = requirement.name.lower().replace("_", "-")
        assert versions.get(name), f"{name} is not in {lock}; run make lock"
        assert all(requirement.specifier.contains(version) for version in versions[name])


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-test.lock"])
def test_every_version_has_a_hash(lock):
    text = (repository.ROOT / lock).read_text()
    blocks = re.split(r"^(?=\S)", text, flags=re.MULTILINE)
    assert all("--hash=sha256:" in block for block in blocks if "==" in block)


def test_tests_run_with_what_runs_in_production():
    run, test = pinned("requirements.lock"), pinned("requirements-test.lock")
    assert {name: test.get(name) for name in run} == run
