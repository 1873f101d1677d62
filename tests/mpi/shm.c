// SPDX-License-Identifier: Apache-2.0
// shm.c: the ranks of a node share a file in /dev/shm: the first makes it, each writes its place, each reads
// all. Shows whether the ranks of one pod see one /dev/shm and the ranks of two nodes two. Not through MPI
// windows, which may choose another way. Ends with 1 when a rank does not see what its neighbours wrote.

#include <errno.h>
#include <fcntl.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

  const char* job = getenv("SLURM_JOB_ID");
  const char* step = getenv("SLURM_STEP_ID");
  char name[128];
  snprintf(name, sizeof name, "/dev/shm/sabot-shm-test.%s.%s", job ? job : "0", step ? step : "0");
  const size_t bytes = (size_t)locals * sizeof(int);

  int failed = 0;
  int fd = -1;
  const char* what = "open";
  if (local ==
      0) {  // exclusive: a file that is there already came from another node's ranks, or from an earlier run
    fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0 && ftruncate(fd, (off_t)bytes) != 0) failed = errno;
    if (fd < 0) failed = errno;
  }
  MPI_Barrier(node);
  if (local != 0) {
    fd = open(name, O_RDWR | O_CLOEXEC);
    if (fd < 0) failed = errno;
  }
  int* place = MAP_FAILED;
  if (!failed) {
    what = "mmap";
    place = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (place == MAP_FAILED) failed = errno;
  }
  if (!failed) place[local] = rank + 1;
  MPI_Barrier(node);

  int seen = 0;
  int sum = 0;
  int expected = 0;
  const int mine = rank + 1;
  MPI_Allreduce(&mine, &expected, 1, MPI_INT, MPI_SUM, node);
  if (!failed) {
    for (int i = 0; i < locals; ++i) {
      seen += place[i] != 0;
      sum += place[i];
    }
  }
  if (failed) {
    printf("rank %d on %s: shm failed: %s %s: errno %d (%s)\n", rank, host, what, name, failed,
           strerror(failed));
  } else if (sum != expected) {
    printf("rank %d on %s: shm failed: sees %d of %d ranks\n", rank, host, seen, locals);
    failed = 1;
  } else {
    printf("rank %d on %s: shm of %d ranks ok\n", rank, host, locals);
  }
  fflush(stdout);

  int any = 0;
  MPI_Allreduce(&failed, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  if (local == 0) unlink(name);
  MPI_Finalize();
  return any != 0;
}
