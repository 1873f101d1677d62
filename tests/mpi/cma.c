// SPDX-License-Identifier: Apache-2.0
// cma.c: each rank reads the buffer of the next rank on its node with process_vm_readv, as MPI libraries do
// for large messages (cross memory attach). Shows whether the ranks of a node may look at each other: same
// user namespace, same credentials, dumpable, a ptrace scope that allows it. Not through MPI's own path,
// which falls back in silence. Ends with 1 when a rank may not.

#define _GNU_SOURCE
#include <errno.h>
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

enum { kBytes = 1 << 20 };

static unsigned char pattern(int rank, size_t at) { return (unsigned char)(at * 31 + (size_t)rank * 7 + 1); }

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = -1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  char host[MPI_MAX_PROCESSOR_NAME] = "?";
  int length = 0;
  MPI_Get_processor_name(host, &length);

  MPI_Comm node;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
  int local = -1;
  int locals = 0;
  MPI_Comm_rank(node, &local);
  MPI_Comm_size(node, &locals);

#ifdef PR_SET_PTRACER
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0,
        0);  // Yama's scope 1 asks for it; MPI libraries do the same
#endif
  static unsigned char mine[kBytes];
  static unsigned char theirs[kBytes];
  for (size_t at = 0; at < kBytes; ++at) mine[at] = pattern(rank, at);

  int64_t here[3] = {getpid(), (int64_t)(intptr_t)mine, rank};
  int64_t there[3] = {0, 0, 0};
  const int next = (local + 1) % locals;
  const int previous = (local + locals - 1) % locals;
  MPI_Sendrecv(here, 3, MPI_INT64_T, previous, 0, there, 3, MPI_INT64_T, next, 0, node, MPI_STATUS_IGNORE);

  int failed = 0;
  if (locals < 2) {
    printf("rank %d on %s: cma skipped, alone on this node\n", rank, host);
  } else {
    struct iovec to = {theirs, kBytes};
    struct iovec from = {(void*)(intptr_t)there[1], kBytes};
    errno = 0;
    const ssize_t got = process_vm_readv((pid_t)there[0], &to, 1, &from, 1, 0);
    const int err = errno;
    failed = got != kBytes;
    for (size_t at = 0; !failed && at < kBytes; ++at) failed = theirs[at] != pattern((int)there[2], at);
    if (!failed) {
      printf("rank %d on %s: cma from rank %d ok\n", rank, host, (int)there[2]);
    } else if (got < 0) {
      printf("rank %d on %s: cma from rank %d failed: errno %d (%s)\n", rank, host, (int)there[2], err,
             strerror(err));
    } else {
      printf("rank %d on %s: cma from rank %d failed: %zd of %d bytes, or not the right ones\n", rank, host,
             (int)there[2], got, (int)kBytes);
    }
  }
  fflush(stdout);

  int any = 0;
  MPI_Allreduce(&failed, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);  // the buffers stay until all have read
  MPI_Finalize();
  return any;
}
