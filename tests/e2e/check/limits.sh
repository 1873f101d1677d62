#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Limits that are too low, and a seccomp filter as of an outer container: named, and the check itself survives them.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"
# shellcheck source=tests/lib/check.sh
source "$TESTS/lib/check.sh"

run "$IMAGE" -- true 2>/dev/null || skip "no launch works here"

check_in prlimit --nofile=16 --
expect "open files" failed "$(result_of limits)"
contains "open files" "RLIMIT_NOFILE is 16" "$(detail_of limits)"
contains "open files" "ulimit -n" "$(remedy_of limits)"
expect "and it is so" failed "$(result_of "whole launch")"
contains "and it is so" "Too many open files" "$(detail_of "whole launch")"

check_in prlimit --nofile=100 --
expect "few open files" warning "$(result_of limits)"
expect "it works all the same" ok "$(result_of "whole launch")"

check_in prlimit --fsize=0 --
contains "file size" "RLIMIT_FSIZE is 0" "$(detail_of limits)"
expect "file size" failed "$(result_of "whole launch")"

check_in prlimit --nproc=2 --
expect "processes" failed "$(result_of stage1)"
contains "processes" "ulimit -u" "$(remedy_of stage1)"

cat > filter.py <<'PY'
"""filter.py: exec the arguments where mount_setattr (442 everywhere) is unknown, as under an old outer runtime."""
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
code = b"".join(struct.pack("HBBI", *line) for line in (
    (0x20, 0, 0, 0), (0x15, 0, 1, 442), (0x06, 0, 0, 0x50000 | 38), (0x06, 0, 0, 0x7FFF0000)))
buffer = ctypes.create_string_buffer(code)
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]
program = Program(len(code) // 8, ctypes.addressof(buffer))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
PY
check_in python3 filter.py
expect "a call that is filtered" failed "$(result_of kernel)"
contains "a call that is filtered" "does not know mount_setattr" "$(detail_of kernel)"
contains "a call that is filtered" "seccomp=unconfined" "$(remedy_of kernel)"
expect "the step that needs it" failed "$(result_of "host's mounts")"
expect "a step that does not" ok "$(result_of "new root")"
