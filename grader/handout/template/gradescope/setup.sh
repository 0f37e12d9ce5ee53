#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image of the assignment.
set -euo pipefail
source=${AUTOGRADER:-/autograder}/source
home=${STREAM_KATAS_HOME:-/opt/stream-katas}
chosen=
for name in python3.13 python3.12 python3.11 python3; do
    if command -v "$name" > /dev/null && "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'; then
        chosen=$name
        break
    fi
done
if [ -z "$chosen" ]; then # Ubuntu 22.04 begins with Python 3.10
    apt-get -qq update
    apt-get -qq install --yes --no-install-recommends python3.11 python3.11-venv
    chosen=python3.11
fi
[ -x "$home/bin/python" ] || "$chosen" -m venv "$home"
PYTHON=$home/bin/python sh "$source/install.sh"
