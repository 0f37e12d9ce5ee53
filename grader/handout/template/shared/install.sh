#!/bin/sh
# Installs the grader and the katas from the files beside this script, and the libraries that they were tried with.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
"${PYTHON:-python3}" -m pip install --quiet --disable-pip-version-check --constraint "$here/constraints.txt" "$here"/*.whl
