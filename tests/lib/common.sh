# SPDX-License-Identifier: Apache-2.0
# common.sh: what the test scripts share: verdicts, comparisons, and where things are.
# A script is one test of ctest. It exits 0, or 1 with FAIL: why, or 77 with SKIP: why.
# Not here: being an ordinary user (user.sh), the Slurm cluster (slurm.sh).
# shellcheck shell=bash
set -euo pipefail

TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SOURCE=$(dirname "$TESTS")
BUILD=${SABOT_BUILD_DIR:-$SOURCE/build/release}
CACHE=${SABOT_CACHE:-/var/cache/sabot}  # root file system, images, MPI programs: made once by tests/run.sh
SABOT=$BUILD/bin/sabot
IMAGE=$CACHE/images/debian-mpi.sqsh
export SABOT_BUILD_DIR=$BUILD SABOT SOURCE TESTS CACHE IMAGE

fail() { echo "FAIL: $*" >&2; exit 1; }
skip() { echo "SKIP: $*"; exit 77; }

# expect WHAT WANTED GOT
expect() { [[ $2 == "$3" ]] || fail "$1: expected '$2', got '$3'"; }
# contains WHAT PART TEXT
contains() { [[ $3 == *"$2"* ]] || fail "$1: no '$2' in: $3"; }
lacks() { [[ $3 != *"$2"* ]] || fail "$1: '$2' in: $3"; }

# until_true SECONDS CMD...: polls; fails when the time is over.
until_true() {
  local deadline=$((SECONDS + $1)); shift
  until "$@"; do
    ((SECONDS <= deadline)) || return 1
    read -rt 0.02 <> <(:) || true
  done
}
