#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh: installs what is missing on a fresh Debian 12, builds with gcc and clang and with sanitizers, and runs every
# test through ctest: unit, structure, e2e, cluster, Slurm. As root; about 15 minutes the first time.
# Exits non-zero if anything fails, or if a part was skipped that can run on such a machine.
#   SABOT_CACHE  where root file system and image are kept (/var/cache/sabot)
#   SABOT_QUICK  not empty: only the release build and its tests
# Not here: what is tested (the scripts and sources beside it), what CI is (.ci/run calls this).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export SABOT_CACHE=${SABOT_CACHE:-/var/cache/sabot}
export CTEST_OUTPUT_ON_FAILURE=1 LC_ALL=C.UTF-8
quick=${SABOT_QUICK:-}
jobs=$(nproc)

step() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }
build() {
  cmake --preset "$@" -DSABOT_WERROR=ON >build/"$1".log 2>&1 || { tail -n 20 build/"$1".log; exit 1; }
  nice cmake --build "build/$1" -j "$jobs" >build/"$1".log 2>&1 || { grep -E 'error|FAILED' build/"$1".log | head -n 40; exit 1; }
}
# ctest's own summary is what a reader looks for: it is printed as it is. A skip is a failure here: the machine has all
# that is needed, unless the test says that the hardware or kernel is missing (SKIP: this machine ...).
run_tests() {
  local name=$1 failed=0; shift
  ctest --test-dir "build/$name" --output-junit "$PWD/build/$name-tests.xml" "$@" || failed=1
  python3 tests/lib/skipped.py "build/$name-tests.xml" >"build/$name-skipped.txt" || failed=1
  return $failed
}

mkdir -p build
step "packages"
packaging/install-packages build cluster test registry bench
step "release build (gcc)"
build release
step "image"
tests/images/prepare build/release/bin/sabot
failed=0
if [[ -z $quick ]]; then
  step "clang build"
  build clang -DSABOT_TESTS=OFF  # the product; tests are built twice as it is
  step "clang-tidy"
  tests/lib/tidy build/clang || failed=1
  step "build with AddressSanitizer and UndefinedBehaviorSanitizer"
  build asan
  step "tests with sanitizers"
  run_tests asan -L 'unit|e2e' -j "$jobs" || failed=1
fi
step "tests"
run_tests release -j "$jobs" || failed=1
cat build/*-skipped.txt
exit $failed
