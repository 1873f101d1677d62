#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# python3 -c 'import numpy' works inside the image.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

expect "numpy" "6.0" "$(in_image python3 -c 'import numpy; print(numpy.arange(4.0).sum())')"
