# SPDX-License-Identifier: Apache-2.0
# lib.sh: the test cluster's state on disk, its process records, cgroups and links, and how all of it is cleared away.
# Not a program: cluster and machine source it. Not here: what runs inside a machine of the cluster (machine).
# shellcheck shell=bash
#
# What makes `down` right after `up` was killed anywhere:
#  * every thing is written down before it is made (users, cgroups, links), and every process writes itself down;
#  * each process that `up` starts inherits the lock (descriptor 9) and lets go of it only once it is written down, so
#    who holds the lock sees all there will ever be;
#  * the processes of a machine live in a PID namespace and die with its first process.

die() {
  echo "cluster: $*" >&2
  exit 1
}
need_root() { [[ $(id -u) == 0 ]] || die "root is needed: it makes namespaces, links and a user"; }
in_range() { [[ $1 =~ ^[0-9]{1,4}$ ]] && ((10#$1 >= $2 && 10#$1 <= $3)); }

# wait_for SECONDS WHAT COMMAND…: poll until COMMAND succeeds.
wait_for() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    ((SECONDS < end)) || die "waited in vain for $what (logs in $DIR/log)"
    sleep 0.05
  done
}

find_directory() {
  DIR=$(readlink -m -- "${SABOT_CLUSTER_DIR:-/var/lib/sabot-cluster}")
  case $DIR/ in
    /tmp/* | /dev/* | /run/* | /proc/* | /sys/*) die "SABOT_CLUSTER_DIR=$DIR: nodes cannot share it, their /tmp, /dev, /run, /proc and /sys are their own" ;;
  esac
  [[ $DIR =~ ^(/[A-Za-z0-9._-]+){2,}$ ]] || die "SABOT_CLUSTER_DIR=$DIR: two levels deep and of plain characters, please"
  ID=$(printf %s "$DIR" | sha256sum | cut -c1-6)
  BRIDGE=sb$ID
}

user_name() {
  local name=sabot-test
  [[ $DIR == /var/lib/sabot-cluster ]] || name+=-$ID
  if (($1 > 1)); then name+=$1; fi
  echo "$name"
}

# take_lock [create]: hold descriptor 9 on DIR/lock; fails when there is no directory and none is to be made.
take_lock() {
  local end=$((SECONDS + 150))
  while ((SECONDS < end)); do
    if [[ ! -d $DIR ]]; then
      [[ ${1:-} == create ]] || return 1
      mkdir -p -- "$DIR"
    fi
    if [[ ! -e $DIR/lock && -n $(ls -A -- "$DIR") ]]; then
      # Perhaps another process is between its mkdir and its lock, or is at the end of `down`.
      sleep 0.2
      [[ ! -d $DIR || -e $DIR/lock || -z $(ls -A -- "$DIR") ]] || die "$DIR exists and is not a cluster's; choose another SABOT_CLUSTER_DIR"
      continue
    fi
    { exec 9>>"$DIR/lock"; } 2>/dev/null || continue
    flock -w 120 9 || die "another cluster command has held $DIR/lock for two minutes"
    if [[ $DIR/lock -ef /proc/self/fd/9 ]]; then return 0; fi
    exec 9>&-
  done
  die "cannot lock $DIR"
}

# --- process records: "PID START BOOT"; a pid alone may be somebody else's by now ---

record_self() {                                   # record_self FILE: this process, as the /proc it sees numbers it
  local stat start boot
  read -r stat </proc/self/stat                   # the shell's own read: a child would describe itself
  read -r boot </proc/sys/kernel/random/boot_id
  start=$(cut -d' ' -f20 <<<"${stat##*) }")
  echo "${stat%% *} $start $boot" >"$1.new"
  mv "$1.new" "$1"
}

live_pid() {                                      # live_pid FILE: prints the pid when that very process still lives
  local pid start boot stat
  [[ -r $1 ]] && read -r pid start boot <"$1" || return 1
  [[ $boot == "$(</proc/sys/kernel/random/boot_id)" ]] || return 1
  { read -r stat <"/proc/$pid/stat"; } 2>/dev/null || return 1
  stat=${stat##*) }
  [[ $stat != [ZX]* && $(cut -d' ' -f20 <<<"$stat") == "$start" ]] || return 1
  echo "$pid"
}

all_running() {
  local record
  for record in "$DIR"/run/*.holder; do
    live_pid "${record%.holder}.pid" >/dev/null || return 1
  done
}

# --- cgroups: one directory of ours in each hierarchy that is needed, below the caller's own ---

# hierarchy_directory CONTROLLERS TYPE PATH: where that cgroup is mounted, empty when it is not.
hierarchy_directory() {
  local root point rest type options controllers=$1
  while read -r _ _ _ root point rest; do
    rest=${rest##* - }
    read -r type _ options <<<"$rest"
    [[ $type == "$2" ]] || continue
    [[ -z $controllers || ,$options, == *,$controllers,* ]] || continue
    [[ $root == / || $3 == "$root" || $3 == "$root"/* ]] || continue
    [[ $root == / ]] && root=''
    echo "$point${3#"$root"}" | sed 's:/*$::'
    return
  done </proc/self/mountinfo
}

# Chooses CGROUP and writes DIR/hierarchies: CONTROLLERS, NAME under /sys/fs/cgroup, our directory or "-".
# The memory hierarchy is left as it is: whoever runs us may have put us into a cgroup of it, and may want to remove that.
make_cgroups() {
  local id controllers path where name ours found=, type member
  : >"$DIR/hierarchies.new"
  while IFS=: read -r id controllers path; do
    type=cgroup
    [[ $id == 0 ]] && type=cgroup2
    where=$(hierarchy_directory "$controllers" "$type" "$path")
    [[ $where ]] || continue
    name=${controllers#name=} ours=-
    [[ $id == 0 ]] && name=unified
    case ,$controllers, in
      *,cpuset,* | *,devices,* | *,freezer,*) ours=$where/sabot-cluster-$ID found+=$controllers, ;;
    esac
    printf '%s\t%s\t%s\n' "${controllers:-cgroup2}" "$name" "$ours" >>"$DIR/hierarchies.new"
  done </proc/self/cgroup
  if [[ $CGROUP != none ]]; then
    if [[ $found == *,cpuset,* && $found == *,devices,* && $found == *,freezer,* ]]; then
      CGROUP=v1
    else
      [[ $CGROUP == auto ]] || die "--cgroup $CGROUP: the cpuset, devices and freezer controllers of cgroup v1 are not mounted here"
      CGROUP=none
    fi
  fi
  if [[ $CGROUP == none ]]; then                  # then cgroups only tell whose a process is: one hierarchy will do
    sed -i 's/[^\t]*$/-/' "$DIR/hierarchies.new"
    where=$(hierarchy_directory '' cgroup2 "$(sed -n 's/^0:://p' /proc/self/cgroup)")
    if [[ -n $where && -w $where/cgroup.procs ]] && mkdir "$where/sabot-cluster-$ID-probe" 2>/dev/null; then
      rmdir "$where/sabot-cluster-$ID-probe"
      sed -i "s:^cgroup2\tunified\t-\$:cgroup2\tunified\t$where/sabot-cluster-$ID:" "$DIR/hierarchies.new"
    fi
  fi
  mv "$DIR/hierarchies.new" "$DIR/hierarchies"    # before the directories exist
  while IFS=$'\t' read -r controllers name ours; do
    [[ $ours != - ]] || continue
    for member in "$ours" "$ours"/ctl "$ours"/client $(seq -f "$ours/node%.0f" "$NODES"); do
      mkdir -- "$member" || die "cannot make the cgroup $member"
      if [[ ,$controllers, == *,cpuset,* ]]; then  # a new cpuset of v1 is empty, and takes no process
        cat "$member/../cpuset.cpus" >"$member/cpuset.cpus"
        cat "$member/../cpuset.mems" >"$member/cpuset.mems"
      fi
    done
  done <"$DIR/hierarchies"
}

our_cgroups() {                                    # deepest first
  local ours
  [[ -r $DIR/hierarchies ]] || return 0
  while IFS=$'\t' read -r _ _ ours; do
    if [[ $ours == */sabot-cluster-$ID && -d $ours ]]; then find "$ours" -depth -type d 2>/dev/null || true; fi
  done <"$DIR/hierarchies"
}

# --- network: a bridge of ours, and a range that nobody here uses ---

make_bridge() {
  local n start end=256
  [[ ! -e /sys/class/net/$BRIDGE ]] || die "a link $BRIDGE exists that is not this cluster's"
  start=$((16#$(cut -c1-2 <<<"$ID")))
  exec 8</run                                      # two clusters must not choose the same range: one lock for all, on
  flock -w 30 8 || die "another cluster is choosing its address range for too long"   # a directory that is there anyway
  for ((n = 0; n < end; n++)); do
    SUBNET=10.213.$(((start + n) % 256))
    ip -4 -o address show | grep -qF " $SUBNET." || ip -4 route show | grep -qF "$SUBNET." || break
  done
  ((n < end)) || die "no free range in 10.213.0.0/16"
  echo "$BRIDGE" >>"$DIR/links"
  ip link add "$BRIDGE" type bridge || die "cannot make a bridge"
  ip link set "$BRIDGE" addrgenmode none
  ip address add "$SUBNET.1/24" dev "$BRIDGE" || die "cannot give the bridge its address"
  ip link set "$BRIDGE" up
  exec 8<&-
}

# --- clearing away ---

# clear_away all|keep-data: by what is written down, in whatever state that is; each part may be gone already.
# keep-data: for a restart, the users, their homes and the scratch directory stay.
clear_away() {
  [[ -e $DIR/owner || -z $(find "$DIR" -mindepth 1 -maxdepth 1 ! -name lock -print -quit) ]] || die "$DIR is not a cluster's directory"
  rm -f "$DIR/complete"
  end_processes
  remove_links
  remove_cgroups
  unmount_files
  if [[ $1 == keep-data ]]; then       # under the same lock
    remove_files users home scratch
  else
    remove_users
    remove_files
    rm -f "$DIR/owner" "$DIR/lock"
    rmdir -- "$DIR" || die "cannot remove $DIR"
  fi
}

end_processes() {
  local record pid end signal pids
  for signal in TERM KILL; do
    end=$((SECONDS + 5))
    while ((SECONDS < end)); do
      pids=()
      for record in "$DIR"/run/*.pid "$DIR"/run/*.holder; do
        [[ $signal == KILL || $record == *.pid ]] || continue
        if pid=$(live_pid "$record"); then pids+=("$pid"); fi
      done
      ((${#pids[@]})) || break
      kill -"$signal" "${pids[@]}" 2>/dev/null || true
      sleep 0.1
    done
  done
  end=$((SECONDS + 15))
  while :; do
    pids=()
    while read -r record; do
      if [[ -e $record/freezer.state ]]; then echo THAWED >"$record/freezer.state" 2>/dev/null || true; fi
      while read -r pid; do                        # 0: a process that our PID namespace does not show
        if ((pid > 0 && pid != $$ && pid != BASHPID)); then pids+=("$pid"); fi
      done < <(cat "$record/cgroup.procs" 2>/dev/null)
    done < <(our_cgroups)
    ((${#pids[@]})) || break
    ((SECONDS < end)) || die "processes of the cluster do not end: ${pids[*]}"
    kill -KILL "${pids[@]}" 2>/dev/null || true
    sleep 0.05
  done
}

remove_links() {
  local link
  [[ -r $DIR/links ]] || return 0
  while read -r link; do
    [[ $link == "$BRIDGE"* && -e /sys/class/net/$link ]] || continue
    ip link delete "$link" 2>/dev/null || [[ ! -e /sys/class/net/$link ]] || die "cannot remove the link $link"
  done <"$DIR/links"
}

remove_cgroups() {
  local end=$((SECONDS + 10)) left directory
  while :; do
    left=''
    while read -r directory; do
      rmdir -- "$directory" 2>/dev/null || [[ ! -d $directory ]] || left=$directory
    done < <(our_cgroups)
    [[ $left ]] || break
    ((SECONDS < end)) || die "the cgroup $left cannot be removed"
    sleep 0.05
  done
}

remove_users() {
  local name home
  [[ -r $DIR/users ]] || return 0
  while read -r name; do
    home=$(getent passwd "$name" | cut -d: -f6) || continue
    [[ $home == "$DIR/home/$name" ]] || continue
    userdel "$name" 2>"$DIR/userdel.err" || die "cannot remove the user $name: $(tail -n 1 "$DIR/userdel.err")"
  done <"$DIR/users"
}

unmount_files() {
  local point
  while read -r point; do                          # ours mount nothing here; a test that ran on this side may have
    umount -- "$point" 2>/dev/null || die "$point is mounted and busy; unmount it, then 'cluster down' again"
  done < <(while read -r _ _ _ _ point _; do
    point=$(printf %b "${point//\\/\\0}")
    [[ $point != "$DIR"/* ]] || printf '%s\n' "$point"
  done </proc/self/mountinfo | tac)
}

remove_files() {                                   # remove_files [NAME…]: all but the names
  local name keep=()
  for name in owner lock "$@"; do keep+=(! -name "$name"); done
  find "$DIR" -mindepth 1 -maxdepth 1 "${keep[@]}" -exec rm -rf --one-file-system -- {} +
}
