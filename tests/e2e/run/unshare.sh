#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# --container-unshare gives a pod the namespaces that it names, working ones, and no others.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"

of_host() { readlink "/proc/self/ns/$1"; }
of_pod() { run ${2:+--container-unshare="$2"} "$IMAGE" -- readlink "/proc/self/ns/$1"; }
for kind in net ipc uts; do
  expect "$kind unasked" "$(of_host $kind)" "$(of_pod $kind)"
  [[ $(of_host $kind) != "$(of_pod $kind $kind)" ]] || fail "$kind is the host's"
  for other in net ipc uts; do
    [[ $other == "$kind" ]] || expect "$other with $kind" "$(of_host $other)" "$(of_pod $other $kind)"
  done
done
expect "all three, in any order, with the short name" "3" "$(run --unshare=uts,net,ipc "$IMAGE" -- sh -c 'for n in net ipc uts; do readlink /proc/self/ns/$n; done' | grep -vcE "$(of_host net | tr '[]' ..)|$(of_host ipc | tr '[]' ..)|$(of_host uts | tr '[]' ..)")"

expect "the network is a loopback" "lo" "$(run --container-unshare=net "$IMAGE" -- sed -nE 's/^ *([^:]+):.*/\1/p' /proc/net/dev)"
contains "and it is up" "Connection refused" "$(run --container-unshare=net "$IMAGE" -- bash -c ': < /dev/tcp/127.0.0.1/1' 2>&1 || true)"

run "$IMAGE" -- touch "/dev/shm/sabot-test-$$" && [[ -e /dev/shm/sabot-test-$$ ]] || fail "/dev/shm is not the host's unasked"
rm "/dev/shm/sabot-test-$$"
expect "/dev/shm is empty and the pod's own" "tmpfs 1777 0" "$(run --container-unshare=ipc "$IMAGE" -- sh -c "touch /dev/shm/x && rm /dev/shm/x && echo \$(stat -fc %T /dev/shm) \$(stat -c %a /dev/shm) \$(ls /dev/shm | wc -l)")"
contains "other devices are there" "null" "$(run --container-unshare=ipc "$IMAGE" -- ls /dev)"
before=$(ipcs -m | wc -l)
run --container-unshare=ipc "$IMAGE" -- ipcmk -M 64 >/dev/null
expect "System V shared memory goes with the pod" "$before" "$(ipcs -m | wc -l)"
# A /dev with a place for message queues, which this machine's may lack, in a user namespace of the test's own
queues='mkdir dev && mount -t tmpfs tmpfs dev && mkdir dev/mqueue dev/shm && touch dev/fuse dev/null && mount --bind /dev/fuse dev/fuse && mount --bind /dev/null dev/null && mount --rbind dev /dev &&'
expect "message queues are the pod's own" "mqueue" "$(unshare --user --map-root-user --mount sh -c "$queues \"\$SABOT\" --config /nonexistent run --container-unshare=ipc $IMAGE -- stat -fc %T /dev/mqueue")"

expect "who is root inside may name its host" "pod" "$(run --container-remap-root --container-unshare=uts "$IMAGE" -- sh -c 'hostname pod && hostname')"
refused 1 "you must be root" run --container-remap-root "$IMAGE" -- hostname pod
[[ $(hostname) != pod ]] || fail "the host was renamed"

refused 2 "--container-unshare: 'pid' is not known; write some of net,ipc,uts" run --container-unshare=net,pid "$IMAGE" -- true
expect "from the environment" "lo" "$(SABOT_CONTAINER_UNSHARE=net run "$IMAGE" -- sed -nE 's/^ *([^:]+):.*/\1/p' /proc/net/dev)"
expect "from the environment, as Pyxis calls it" "lo" "$(PYXIS_CONTAINER_UNSHARE=net run "$IMAGE" -- sed -nE 's/^ *([^:]+):.*/\1/p' /proc/net/dev)"
refused 125 "the administrator can raise the sysctl user.max_net_namespaces" unshare --user --map-root-user sh -c "echo 0 > /proc/sys/user/max_net_namespaces && exec \"\$SABOT\" --config /nonexistent run --container-unshare=net $IMAGE -- true"
until_true 2 no_keeper || fail "a keeper is left: $(keepers)"
