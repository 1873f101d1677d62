# SPDX-License-Identifier: Apache-2.0
# check.sh: what the cluster's own tests share: a cluster directory of their own, and the search for what is left of it.
# Not a test and not the cluster: the test-*.sh here source it. It looks only for traces of its own directory, so that
# other clusters and other work on the machine do not matter.
# shellcheck shell=bash

skip() {
  echo "SKIP: $*"
  exit 77
}
fail() {
  echo "FAIL: $*"
  exit 1
}
pass() {
  echo PASS
  exit 0
}

# prepare: SKIP where the machine cannot; sets CLUSTER, SABOT_CLUSTER_DIR, ID, and sees to `down` at the end.
prepare() {
  CLUSTER=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/cluster
  [[ $(id -u) == 0 ]] || skip "root is needed to make namespaces, links and a user"
  PATH=$PATH:/usr/sbin:/sbin
  local program
  for program in slurmctld slurmd munged srun ip; do
    command -v "$program" >/dev/null || skip "$program is not installed"
  done
  unshare --net --mount --uts --ipc --cgroup --pid --fork true 2>/dev/null || skip "namespaces cannot be made here"
  export SABOT_CLUSTER_DIR=/var/lib/sabot-cluster-check-$$
  ID=$(printf %s "$SABOT_CLUSTER_DIR" | sha256sum | cut -c1-6)
  trap '"$CLUSTER" down >/dev/null 2>&1 || true' EXIT
}

now_ms() { local t=${EPOCHREALTIME/./}; echo "${t%???}"; }

# nothing_left: prints each trace of the cluster, and fails when there is one.
nothing_left() {
  local left
  left=$(traces)
  [[ -z $left ]] || { echo "left: $left"; return 1; }
}

traces() {
  local pid file text
  if [[ -e $SABOT_CLUSTER_DIR ]]; then echo "directory: $(find "$SABOT_CLUSTER_DIR" | head -n 5 | xargs)"; fi
  ip -o link show | grep -o "sb${ID}[^:@]*" || true
  grep -F "$SABOT_CLUSTER_DIR" /proc/self/mountinfo || true
  find /sys/fs/cgroup -type d -name "*$ID*" 2>/dev/null || true
  grep -h "^sabot-test-$ID" /etc/passwd /etc/group /etc/subuid /etc/subgid 2>/dev/null || true
  for pid in /proc/[0-9]*; do
    [[ $pid != "/proc/$$" && $pid != "/proc/$BASHPID" ]] || continue
    for file in cmdline mountinfo; do        # of a machine of ours each process sees mounts that carry the name
      text=$({ tr '\0' ' ' <"$pid/$file"; } 2>/dev/null) || continue
      if [[ $text == *"$SABOT_CLUSTER_DIR"* ]]; then echo "process ${pid#/proc/}, by its $file"; fi
    done
  done
}
