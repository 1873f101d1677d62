# SPDX-License-Identifier: Apache-2.0
# registry.sh: registries on loopback for tests: a real docker-registry, and servers that do wrong (tests/registry).
# Sourced after user.sh or slurm.sh. What is started ends with the test.
# shellcheck shell=bash
REGISTRY_PIDS=()
stop_registries() { ((${#REGISTRY_PIDS[@]} == 0)) || kill "${REGISTRY_PIDS[@]}" 2>/dev/null || true; }
need() { local program; for program in "$@"; do command -v "$program" >/dev/null || skip "$program is not installed"; done; }

# start_registry DIRECTORY [LINES]: a docker-registry whose data is there, with LINES of YAML besides; its address is
# in REGISTRY. The port is chosen by us and may be taken by another meanwhile: then another is tried.
start_registry() {
  local place=$1 lines=${2:-} port try pid
  mkdir -p "$place/data"
  for try in 1 2 3 4 5; do
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    printf 'version: 0.1\nlog: {level: warn}\nstorage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}\nhttp:\n  addr: 127.0.0.1:%s\n%s\n' \
      "$place/data" "$port" "$lines" >"$place/config.yml"
    docker-registry serve "$place/config.yml" >"$place/log" 2>&1 &
    pid=$!
    REGISTRY_PIDS+=("$pid")
    until_true 20 listens "$port" "$pid" || fail "docker-registry does not start: $(cat "$place/log")"
    ! kill -0 "$pid" 2>/dev/null || break
    ((try < 5)) || fail "docker-registry does not start: $(cat "$place/log")"
  done
  REGISTRY=127.0.0.1:$port
}
listens() { ! kill -0 "$2" 2>/dev/null || (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# start_server DIRECTORY PROGRAM ARGUMENTS...: one of tests/registry; its port is in PORT.
start_server() {
  local place=$1 program=$2; shift 2
  mkdir -p "$place" && rm -f "$place/port"
  python3 "$TESTS/registry/$program" "$@" >"$place/output" 2>&1 &
  REGISTRY_PIDS+=($!)
  until_true 20 test -s "$place/port" || fail "$program does not start: $(cat "$place/output")"
  PORT=$(cat "$place/port")
}
# start_faulty NAME FAULT...: a server of ./layout; REGISTRY is its address, LOG what it was asked.
start_faulty() {
  local place=$PWD/server.$1; shift
  LOG=$place/log
  start_server "$place" layout_server.py "$PWD/layout" "$place" "$@"
  REGISTRY=127.0.0.1:$PORT
}

# make_layout TAG: ./layout with an image of two layers that runs: busybox, /etc/what says TAG.
make_layout() {
  local tag=$1
  [[ -d layout ]] || umoci init --layout layout
  umoci new --image "layout:$tag"
  rm -rf bundle && umoci unpack --rootless --image "layout:$tag" bundle >/dev/null
  mkdir -p bundle/rootfs/bin bundle/rootfs/etc && cp "$(command -v busybox)" bundle/rootfs/bin/busybox
  ln -s busybox bundle/rootfs/bin/sh; ln -s busybox bundle/rootfs/bin/cat
  umoci repack --image "layout:$tag" bundle
  rm -rf bundle && umoci unpack --rootless --image "layout:$tag" bundle >/dev/null
  echo "$tag" >bundle/rootfs/etc/what
  umoci repack --image "layout:$tag" bundle
  rm -rf bundle
  umoci config --image "layout:$tag" --config.env PATH=/bin --config.cmd cat --config.cmd /etc/what
}
# push TAG NAME [SKOPEO-OPTIONS]: that image into REGISTRY.
push() {
  local tag=$1 name=$2; shift 2
  skopeo copy -q --insecure-policy --dest-tls-verify=false "$@" "oci:layout:$tag" "docker://$REGISTRY/$name"
}
# make_certificate NAME: NAME.crt and NAME.key of a new authority, for 127.0.0.1 and localhost.
make_certificate() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout "$1.key" -out "$1.crt" \
    -addext 'subjectAltName=IP:127.0.0.1,DNS:localhost' 2>/dev/null || fail "openssl makes no certificate"
}
# bcrypt PASSWORD: as htpasswd has it
bcrypt() { python3 -W ignore -c 'import crypt, sys; print(crypt.crypt(sys.argv[1], crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=32)))' "$1"; }
