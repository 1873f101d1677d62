#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Images of Enroot and Apptainer run where they are, without conversion: their environment, directory and command hold.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"

command -v mksquashfs >/dev/null || skip "mksquashfs (package squashfs-tools) is not installed"
command -v busybox >/dev/null || skip "busybox (package busybox-static) is not installed"
export SABOT_STORE=$HOME/store
root() {
  mkdir -p "$1/bin" "$1/etc" "$1/work"
  cp "$(command -v busybox)" "$1/bin/busybox"
  ln -s busybox "$1/bin/sh"; ln -s busybox "$1/bin/cat"; ln -s busybox "$1/bin/mkdir"
}

root enroot
printf 'PATH=/bin\nWHO=enroot\n' >enroot/etc/environment
cat >enroot/etc/rc <<'RC'
# enroot-provenance: docker://x

mkdir -p "/work" 2> /dev/null
cd "/work" && unset OLDPWD || exit 1

if [ -s /etc/rc.local ]; then
    . /etc/rc.local
fi

if [ $# -gt 0 ]; then
    exec 'sh' "$@"
else
    exec 'sh' '-c' 'echo $WHO in $PWD with $LOCAL'
fi
RC
echo 'export LOCAL=rc.local' >enroot/etc/rc.local
mksquashfs enroot enroot.sqsh -all-root -comp lzo -noD -quiet -no-progress >/dev/null
expect "Enroot's own command" "enroot in /work with rc.local" "$(run ./enroot.sqsh)"
expect "a command instead" "enroot /work" "$(run ./enroot.sqsh -- sh -c 'echo $WHO $PWD')"
[[ ! -e store ]] || fail "an image was made of what is one"

root apptainer
mkdir -p apptainer/.singularity.d/env
cat >apptainer/.singularity.d/env/10-docker2singularity.sh <<'ENV'
#!/bin/sh
export PATH="/bin"
export WHO="${WHO:-"apptainer"}"
ENV
printf '#!/bin/sh\nexec echo "$WHO" "runs: $*"\n' >apptainer/.singularity.d/runscript
chmod 755 apptainer/.singularity.d/runscript
printf '#!/bin/sh\n# Custom environment shell code should follow\n\nexport MORE=$WHO-more\n' \
  >apptainer/.singularity.d/env/90-environment.sh
mksquashfs apptainer apptainer.squashfs -all-root -comp gzip -quiet -no-progress >/dev/null
"$TESTS/images/make-sif" apptainer.squashfs image.sif
expect "Apptainer's runscript" "apptainer runs: " "$(run ./image.sif)"
expect "a command in a SIF" "apptainer apptainer-more" "$(run ./image.sif -- sh -c 'echo $WHO $MORE')"
[[ ! -e store ]] || fail "an image was made of what is one"
contains "what is in it" '"WHO=apptainer"' "$("$SABOT" --json image show ./image.sif)"
"$SABOT" image import --quiet ./image.sif fromsif >/dev/null
expect "a SIF in the store" "apptainer" "$(run fromsif -- sh -c 'echo $WHO')"
head -c 40000 image.sif >cut.sif
refused 125 "outside of the file" run ./cut.sif -- true
refused 2 "--block-size does not apply" "$SABOT" image import --block-size=64K ./image.sif other
refused 2 "has levels from 1 to 22" "$SABOT" image import --compression=zstd:99 ./enroot other
