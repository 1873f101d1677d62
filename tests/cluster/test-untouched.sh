#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# test-untouched.sh: while the cluster is up and after it, the machine's own hosts file, devices, mounts, cgroup roots,
# Slurm, munge and boot id are what they were. Not what the cluster makes for itself: its links, user and directories.
set -euo pipefail
# shellcheck source=tests/cluster/check.sh
. "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/check.sh"
prepare

# Other clusters may come and go meanwhile, and so may terminals: what is theirs is left out.
machine() {
  local file
  sha256sum /etc/hosts /etc/hostname /etc/resolv.conf /etc/nsswitch.conf 2>/dev/null || true
  stat -L -c '%n %i %a %Y' /etc/hosts
  find /etc/slurm /etc/slurm-llnl /etc/munge -type f -exec sha256sum {} + 2>/dev/null | sort
  find /var/lib/slurm /var/spool/slurm* /run/munge /var/lib/munge 2>/dev/null | sort
  find /dev -xdev -printf '%p %M %u %g %l\n' | sort
  awk '$5 ~ "^/(dev|sys|proc|etc|tmp|run|var)(/|$)" { print $5, $9, $10 }' /proc/self/mountinfo
  find /sys/fs/cgroup -maxdepth 2 -type d ! -path '*sabot-cluster-*' 2>/dev/null | sort
  for file in /sys/fs/cgroup/cpuset/cpuset.cpus /sys/fs/cgroup/cpuset/cpuset.mems /sys/fs/cgroup/*/cgroup.clone_children \
    /sys/fs/cgroup/*/notify_on_release /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/devices/devices.list \
    /sys/fs/cgroup/cgroup.subtree_control /sys/fs/cgroup/*/cgroup.subtree_control; do
    if [[ -r $file ]]; then echo "$file: $(xargs <"$file")"; fi
  done
  grep -h -v '^sabot-test' /etc/passwd /etc/group /etc/subuid /etc/subgid
  echo "$(hostname) $(cat /proc/sys/kernel/random/boot_id)"
  ip -o link show | grep -vE ': sb[0-9a-f]{6}' | sed 's/^[0-9]*: //'
  readlink /proc/self/ns/*
}

before=$(machine)
"$CLUSTER" up --gpus 2 >/dev/null || fail "up"
"$CLUSTER" sh srun -N2 -n4 --gpus-per-node=2 true || fail "srun"
during=$(machine)
"$CLUSTER" down >/dev/null || fail "down"
after=$(machine)
[[ $before == "$during" ]] || fail "changed while it was up: $(diff <(echo "$before") <(echo "$during") | grep '^[<>]' | head -n 5)"
[[ $before == "$after" ]] || fail "changed after down: $(diff <(echo "$before") <(echo "$after") | grep '^[<>]' | head -n 5)"
nothing_left || fail "down left something"
pass
