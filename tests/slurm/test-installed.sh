#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What docs/install.md says works as it stands: the tree, the line of plugstack.conf, sabot.conf, sabot check, and removal.
# A cluster of its own, with that line and no other. /opt/sabot, /etc/sabot and /scratch are directories of the test's.
# shellcheck source=tests/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
[[ $(id -u) == 0 ]] || skip "root is needed to start a Slurm cluster"
page=$SOURCE/docs/install.md
export SABOT_CLUSTER_DIR=/var/lib/sabot-cluster-installed
top=$(mktemp -d /var/tmp/sabot-installed.XXXXXX)
end() { cd /; "$TESTS/cluster/cluster" down >/dev/null; rm -rf --one-file-system "$top"; }
trap end EXIT
chmod 755 "$top"

# there TEXT: what the page says, with its directories below ours.
there() { sed -E "s#(^|[ =])/(opt/sabot|etc/sabot|scratch)#\1$top/\2#g" <<<"$1"; }
mapfile -t lines < <(grep -E '^required ' "$page")
expect "lines for plugstack.conf in the page" 1 "${#lines[@]}"
there "${lines[0]}" > "$top/plugstack"
cmake --install "$BUILD" --prefix "$top/opt/sabot" >/dev/null || fail "cmake --install"
mkdir -p "$top/etc/sabot" "$top/scratch" && chmod 1777 "$top/scratch"
there "$(sed -n '/^# \/etc\/sabot\/sabot.conf/,/^```/p' "$page" | sed '1d;$d; s/ *#.*//')" > "$top/etc/sabot/sabot.conf"
for file in bin/sabot libexec/sabot/sabot-stage1 libexec/sabot/sabot-import lib/slurm/spank_sabot.so; do
  [[ -e $top/opt/sabot/$file ]] || fail "no $file: $(cd "$top/opt/sabot" && find . -type f | xargs)"
  grep -q "\`$file\`" "$page" || fail "the page does not name $file"
done

"$TESTS/cluster/cluster" up --nodes 2 --plugstack "$top/plugstack" >/dev/null || fail "the cluster did not start with: $(cat "$top/plugstack")"
# shellcheck source=tests/lib/slurm.sh
source "$TESTS/lib/slurm.sh"
trap 'rm -rf --one-file-system "$WORK"; end' EXIT

# The configuration's place is built in where the site builds; this build has another.
sabot=("$top/opt/sabot/bin/sabot" --config "$top/etc/sabot/sabot.conf")
as_user mkdir -p "$top/scratch/$SABOT_CLUSTER_USER"
as_user "${sabot[@]}" image import -q "$IMAGE" app >/dev/null || fail "import"
[[ -n $(find "$top/scratch/$SABOT_CLUSTER_USER/sabot" -name '*.squashfs') ]] || fail "the store is not where sabot.conf says"
expect "srun --container=app" "fuse fuse" "$(as_user srun --container=app -N2 stat -f -c %T / | sed 's/fuseblk/fuse/' | xargs)"
expect "the mount of sabot.conf" "tmpfs" "$(as_user srun --container=app -N1 stat -f -c %T /tmp)"
as_user srun --container=app -N1 test -d "$top/scratch/$SABOT_CLUSTER_USER" || fail "/scratch is not in the pod"
check=$(as_user srun -N1 "${sabot[@]}" --json check) || fail "sabot check on a node: $check"
lacks "sabot check" '"failed"' "$check"

# Section 8: the line goes, and with it the option.
: > "$SABOT_CLUSTER_DIR/etc/plugstack.conf"
CODE=255 refused "unrecognized option '--container-image" as_user srun --container-image=app touch "$WORK/ran"
