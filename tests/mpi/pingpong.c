/* SPDX-License-Identifier: Apache-2.0 */
/* pingpong.c: two ranks send each other 8 bytes, then 4 MiB; rank 0 prints "latency_us bandwidth_mib_s": the
   medians of 20 rounds of half the round trip. More ranks than two only wait. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kRounds = 20, kLarge = 4 << 20 };

static int by_value(const void* a, const void* b) {
  const double x = *(const double*)a;
  const double y = *(const double*)b;
  return (x > y) - (x < y);
}

/* Seconds for one way, over `times` round trips. */
static double one_way(int rank, char* buffer, int bytes, int times) {
  const double begin = MPI_Wtime();
  for (int i = 0; i < times; ++i) {
    if (rank == 0) {
      MPI_Send(buffer, bytes, MPI_CHAR, 1, 0, MPI_COMM_WORLD);
      MPI_Recv(buffer, bytes, MPI_CHAR, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else {
      MPI_Recv(buffer, bytes, MPI_CHAR, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      MPI_Send(buffer, bytes, MPI_CHAR, 0, 0, MPI_COMM_WORLD);
    }
  }
  return (MPI_Wtime() - begin) / (2.0 * times);
}

static double median(int rank, char* buffer, int bytes, int times) {
  double seconds[kRounds];
  one_way(rank, buffer, bytes, times); /* warms up: connections, pages */
  for (int i = 0; i < kRounds; ++i) seconds[i] = one_way(rank, buffer, bytes, times);
  qsort(seconds, kRounds, sizeof seconds[0], by_value);
  return seconds[kRounds / 2];
}

int main(int argc, char** argv) {
  int rank;
  int size;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  char* buffer = malloc(kLarge);
  if (size < 2 || buffer == NULL) MPI_Abort(MPI_COMM_WORLD, 2);
  memset(buffer, 1, kLarge);
  if (rank < 2) {
    const double small = median(rank, buffer, 8, 2000);
    const double large = median(rank, buffer, kLarge, 20);
    if (rank == 0) printf("%.3f %.0f\n", small * 1e6, kLarge / large / (1 << 20));
  }
  MPI_Barrier(MPI_COMM_WORLD);
  free(buffer);
  MPI_Finalize();
  return 0;
}
