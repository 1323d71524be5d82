#!/bin/sh
# Writes requirements.lock and requirements-test.lock from pyproject.toml: exact versions and hashes for every Python
# from 3.11 on. Needs uv. Run it after a dependency changed, read the difference, commit both files.
set -eu
cd "$(dirname "$0")/.."
compile="uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet"
$compile pyproject.toml -o requirements.lock
$compile pyproject.toml --extra test --constraint requirements.lock -o requirements-test.lock
