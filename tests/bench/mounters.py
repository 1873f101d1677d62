# SPDX-License-Identifier: Apache-2.0
# mounters.py: the ways to mount an image that tests/bench/mount compares, each as a mount that can be entered.
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections import namedtuple

build = os.environ.get("SABOT_BUILD_DIR",
                       os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "release"))
Mounter = namedtuple("Mounter", "name command serves is_slow")  # command: of image and mount point


def sabot_command(image, root):
    return [os.path.join(build, "stage1-hpc", "fs", "sabot-fs-mount"), image, root, "--as-recorded"]


MOUNTERS = [mounter for mounter, program in [
    (Mounter("kernel", lambda image, root: ["mount", "-t", "squashfs", "-o", "loop,ro", image, root], False, False), "mount"),
    (Mounter("sabot", sabot_command, True, False), "mount"),
    (Mounter("squashfuse_ll", lambda image, root: ["squashfuse_ll", "-f", image, root], True, True), "squashfuse_ll"),
    (Mounter("squashfuse", lambda image, root: ["squashfuse", "-f", image, root], True, True), "squashfuse"),
] if shutil.which(program)]


def drop_caches():
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
        file.write("3")


class Mounted:
    """An image on a directory of its own, with /dev and /proc where the image has them."""

    def __init__(self, mounter, image, profile=None):
        self.root = tempfile.mkdtemp(prefix="sabot-bench-", dir="/var/tmp")
        self.server = None
        self.extra = []
        command = mounter.command(image, self.root)
        if profile and mounter.name == "sabot":
            command += ["--profile", profile]
        if mounter.serves:
            self.server = subprocess.Popen(command)
            self.await_mount()
        else:
            subprocess.run(command, check=True)
        for name in ("dev", "proc"):
            place = os.path.join(self.root, name)
            if os.path.isdir(place):
                subprocess.run(["mount", "--rbind" if name == "dev" else "--bind", "/" + name, place], check=True)
                self.extra.append(place)

    def await_mount(self):
        device = os.stat(os.path.dirname(self.root)).st_dev
        deadline = time.monotonic() + 20
        while os.stat(self.root).st_dev == device:
            if self.server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("mount: no mount by: " + " ".join(self.server.args))
            time.sleep(0.0005)

    def cpu_seconds(self):
        if self.server is None:
            return 0.0
        with open(f"/proc/{self.server.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self):
        """The most that the server ever had resident."""
        if self.server is None:
            return 0.0
        with open(f"/proc/{self.server.pid}/status", encoding="ascii") as status:
            return round(next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024, 1)

    def close(self):
        for place in self.extra:
            subprocess.run(["umount", "-l", place], check=True)
        subprocess.run(["umount", self.root], check=True)
        if self.server is not None:
            try:
                self.server.wait(10)
            except subprocess.TimeoutExpired:
                self.server.send_signal(signal.SIGKILL)
                raise SystemExit("mount: the server did not end with its mount") from None
        os.rmdir(self.root)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
