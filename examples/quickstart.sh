#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# quickstart.sh [--keep]: on a Debian 12 machine, as root: installs what is missing, builds Sabot, makes an image with
# Open MPI, MPICH and numpy, starts a two-node Slurm and a registry on this machine, and runs steps inside the image, and
# inside one that is pulled from the registry, as an ordinary user. Then it stops the cluster and leaves nothing behind but the cache (SABOT_CACHE, /var/cache/sabot), so that a
# second run is quick. --keep leaves the cluster up and says how to use it.
# Not here: installing on a real cluster (README.md).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export SABOT_CACHE=${SABOT_CACHE:-/var/cache/sabot}
export SABOT_CLUSTER_DIR=${SABOT_CLUSTER_DIR:-/var/lib/sabot-quickstart}
cluster=$PWD/tests/cluster/cluster
prefix=$SABOT_CACHE/prefix
keep=
case ${1:-} in
  '') ;;
  --keep) keep=1 ;;
  -h | --help) sed -n '3,7s/^# //p' "$0"; exit 0 ;;
  *) echo "usage: quickstart.sh [--keep]" >&2; exit 2 ;;
esac
[[ $(id -u) == 0 ]] || { echo "quickstart: root is needed: it installs packages and makes namespaces" >&2; exit 1; }

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
log=$(mktemp)
registry_dir=$(mktemp -d /var/tmp/sabot-quickstart.XXXXXX)
registry_pid=
finish() {
  local code=$?
  rm -rf "$log" "$registry_dir"
  [[ -z $registry_pid ]] || kill "$registry_pid" 2>/dev/null || true
  [[ $keep && $code == 0 ]] || "$cluster" down >/dev/null 2>&1 || true
}
trap finish EXIT
quietly() { "$@" >"$log" 2>&1 || { tail -n 30 "$log" >&2; echo "quickstart: failed: $*" >&2; exit 1; }; }

say "1. Packages, build, install below $prefix"
packaging/install-packages build cluster registry
quietly cmake --preset release -DSABOT_TESTS=OFF -B "$SABOT_CACHE/build"
quietly nice cmake --build "$SABOT_CACHE/build" -j "$(nproc)"
quietly cmake --install "$SABOT_CACHE/build" --prefix "$prefix"
"$prefix/bin/sabot" version

say "2. An image: a Debian root file system with Open MPI, MPICH and numpy, as one squashfs in the site's store"
quietly tests/images/prepare "$prefix/bin/sabot"
cat >"$SABOT_CACHE/sabot.conf" <<C
# Site configuration, see sabot.conf(5).
store $SABOT_CACHE/store
C
chmod 644 "$SABOT_CACHE/sabot.conf"
"$prefix/bin/sabot" --config "$SABOT_CACHE/sabot.conf" image list

say "3. A Slurm of two nodes on this machine, with the plugin in its plugstack.conf"
plugin=$(find "$prefix" -name spank_sabot.so)
quietly "$cluster" up --nodes 2 --cpus 4 --plugin "$plugin" \
  --plugin-args "libexec=$prefix/libexec/sabot config=$SABOT_CACHE/sabot.conf"
eval "$("$cluster" env)"
home=$(getent passwd "$SABOT_CLUSTER_USER" | cut -d: -f6)
mkdir -p "$home/demo/openmpi" "$home/demo/mpich"
install -m 755 "$SABOT_CACHE/mpi/openmpi/mpi_hello" "$home/demo/openmpi/hello"
install -m 755 "$SABOT_CACHE/mpi/mpich/mpi_hello" "$home/demo/mpich/hello"
chown -R "$SABOT_CLUSTER_USER": "$home/demo"
cd "$home/demo"
sinfo

say "4. A registry on this machine, with an image in it: busybox, as another tool would push it"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir -p "$registry_dir/data" "$registry_dir/rootfs/bin"
cat >"$registry_dir/config.yml" <<C
version: 0.1
log: {level: warn}
storage: {filesystem: {rootdirectory: $registry_dir/data}}
http: {addr: 127.0.0.1:$port}
C
docker-registry serve "$registry_dir/config.yml" >"$registry_dir/log" 2>&1 &
registry_pid=$!
cp /bin/busybox "$registry_dir/rootfs/bin/"
ln -s busybox "$registry_dir/rootfs/bin/sh"
tar -C "$registry_dir/rootfs" --owner=0 --group=0 -cf "$registry_dir/rootfs.tar" .
for _ in {1..100}; do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break || read -rt 0.1 <> <(:) || true; done
quietly skopeo copy --insecure-policy --dest-tls-verify=false "tarball:$registry_dir/rootfs.tar" "docker://127.0.0.1:$port/demo/busybox:1"

say "5. As the ordinary user $SABOT_CLUSTER_USER, in $home/demo"
# show LINES PATTERN CMD...: shows the command, runs it as the user; its output must have LINES lines with PATTERN.
failures=0
show() {
  local wanted=$1 pattern=$2 word output code=0 count; shift 2
  printf '\n$'
  for word in "$@"; do
    if [[ $word =~ ^[A-Za-z0-9_./=:-]+$ ]]; then printf ' %s' "$word"; else printf " '%s'" "$word"; fi
  done
  printf '\n'
  output=$(timeout 120 "$cluster" sh "$@" 2>&1) || code=$?
  printf '%s\n' "$output"
  count=$(grep -c -- "$pattern" <<<"$output") || true
  [[ $code == 0 && $count == "$wanted" ]] || { failures=$((failures + 1)); echo "quickstart: expected $wanted lines with '$pattern', exit code 0 (got $count, $code)"; }
}
show 1 "VERSION_CODENAME=bookworm" srun --container=debian-mpi grep VERSION_CODENAME /etc/os-release
show 4 "allreduce 6 ok" srun --container=debian-mpi -N2 -n4 --mpi=pmix ./openmpi/hello
show 4 "allreduce 6 ok" srun --container=debian-mpi -N2 -n4 --mpi=pmi2 ./mpich/hello
show 1 "numpy" srun --container=debian-mpi python3 -c 'import numpy; print("numpy", numpy.__version__)'
# The image goes from the registry into a store of this user's own.
export SABOT_STORE=$home/demo/store
show 2 "BusyBox" srun --container="docker://127.0.0.1:$port/demo/busybox:1" -N2 -n2 sh -c 'busybox | head -n 1'

if [[ $keep ]]; then
  say "The cluster is kept. From another shell, as root:"
  cat <<K
  export SABOT_CLUSTER_DIR=$SABOT_CLUSTER_DIR
  $cluster sh srun --container=debian-mpi -N2 hostname    # as $SABOT_CLUSTER_USER
  $cluster sh                                             # a shell as that user
  $cluster down                                           # ends it, and leaves nothing
K
fi
if ((failures)); then
  say "quickstart: $failures of 5 steps failed"
  exit 1
fi
say "quickstart: all 5 steps ran inside their images, on two nodes, under srun"
