# SPDX-License-Identifier: Apache-2.0
# terminal.py CMD...: run CMD on a terminal of 24 x 80 that becomes 40 x 100 once CMD has said READY, and pass
# on what it says, without carriage returns. Exits with CMD's exit code.
import fcntl
import os
import pty
import struct
import sys
import termios


def resize(terminal, rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


child, terminal = pty.fork()
if child == 0:
    resize(0, 24, 80)
    os.execvp(sys.argv[1], sys.argv[1:])
said = b""
resized = False
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:  # EIO: the last process has closed its side
        break
    said += part
    if not resized and b"READY" in said:
        resized = True
        resize(terminal, 40, 100)
sys.stdout.buffer.write(said.replace(b"\r", b""))
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
