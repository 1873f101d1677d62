# SPDX-License-Identifier: Apache-2.0
# without_call.py NUMBER ERRNO|kill PROGRAM ARGS...: become PROGRAM, for which the x86-64 system call NUMBER fails
# with ERRNO, or is its death: a node that forbids something, or a kill at a known point.
import ctypes
import errno
import os
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
KILL_PROCESS, ERRNO, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06

number, what, program = int(sys.argv[1]), sys.argv[2], sys.argv[3]
action = KILL_PROCESS if what == "kill" else ERRNO | getattr(errno, what)
rules = [(LOAD, 0, 0, 0), (JUMP_IF_EQUAL, 0, 1, number), (RETURN, 0, 0, action), (RETURN, 0, 0, ALLOW)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
filter_ = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(rules), ctypes.addressof(code)))
libc = ctypes.CDLL(None, use_errno=True)
zero = ctypes.c_ulong(0)
if libc.prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero) != 0:
    sys.exit("no_new_privs: " + os.strerror(ctypes.get_errno()))
if libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), filter_, zero, zero) != 0:
    sys.exit("seccomp: " + os.strerror(ctypes.get_errno()))
os.execv(program, [os.path.basename(program), *sys.argv[4:]])
