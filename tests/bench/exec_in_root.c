/* SPDX-License-Identifier: Apache-2.0 */
/* exec_in_root.c: exec_in_root DIR PROGRAM [ARGUMENT...]: the least that a container launch can do: user and
   mount namespace, one bind mount, pivot_root, exec. The floor that tests/bench/launch measures other
   launchers against. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static int put(const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  return fd == -1 || write(fd, text, strlen(text)) == -1 || close(fd) == -1 ? -1 : 0;
}

int main(int argc, char** argv) {
  char uid[64];
  char gid[64];
  if (argc < 3) return 2;
  snprintf(uid, sizeof uid, "%u %u 1\n", geteuid(), geteuid());
  snprintf(gid, sizeof gid, "%u %u 1\n", getegid(), getegid());
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) == -1 || put("/proc/self/setgroups", "deny") == -1 ||
      put("/proc/self/uid_map", uid) == -1 || put("/proc/self/gid_map", gid) == -1 ||
      mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
      mount(argv[1], argv[1], NULL, MS_BIND | MS_REC, NULL) == -1 || chdir(argv[1]) == -1 ||
      syscall(SYS_pivot_root, ".", ".") == -1 || umount2(".", MNT_DETACH) == -1) {
    perror("exec_in_root");
    return 125;
  }
  execv(argv[2], argv + 2);
  perror(argv[2]);
  return 127;
}
