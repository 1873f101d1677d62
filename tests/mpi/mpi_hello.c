// SPDX-License-Identifier: Apache-2.0
// mpi_hello.c: every rank says who and where it is, and whether a sum over all ranks came out right.
// Not a benchmark; the hello of the quickstart and of the tests. Ends with 1 when the sum is wrong.

#include <mpi.h>
#include <stdio.h>

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = -1;
  int size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);

  char host[MPI_MAX_PROCESSOR_NAME] = "?";
  int length = 0;
  MPI_Get_processor_name(host, &length);

  int sum = -1;
  MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  const int right = sum == size * (size - 1) / 2;
  printf("rank %d of %d on %s: allreduce %d %s\n", rank, size, host, sum, right ? "ok" : "WRONG");
  fflush(stdout);

  MPI_Finalize();
  return right ? 0 : 1;
}
