# SPDX-License-Identifier: Apache-2.0
# read_file.py: read a file once in sequence (1 MiB at a time), or 4096 blocks of 4 KiB in one random order.
# usage: read_file.py FILE sequence|random
import os
import random
import sys

file = os.open(sys.argv[1], os.O_RDONLY)
if sys.argv[2] == "sequence":
    buffer = bytearray(1 << 20)
    while os.readv(file, [buffer]):
        pass
else:
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_RANDOM)
    places = random.Random(1)
    blocks = os.fstat(file).st_size // 4096
    for _ in range(4096):
        os.pread(file, 4096, places.randrange(blocks) * 4096)
