#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# srun --container=SOURCE runs every kind of image that is a file or a directory, and what each says of its environment.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

for tool in busybox umoci skopeo actool mksquashfs; do command -v $tool >/dev/null || skip "$tool is not installed"; done
root() {
  mkdir -p "$1/bin" "$1/etc"
  cp "$(command -v busybox)" "$1/bin/busybox"
  ln -s busybox "$1/bin/sh"
}
root rootfs
tar -C rootfs -czf rootfs.tar.gz .
mksquashfs rootfs plain.sqsh -all-root -quiet -no-progress >/dev/null

tar -C rootfs -cf layer.tar .
umoci init --layout layout
umoci new --image layout:v1
umoci raw add-layer --image layout:v1 layer.tar >umoci.log 2>&1 || fail "umoci: $(cat umoci.log)"
umoci config --image layout:v1 --config.env WHO=config
tar -C layout -cf layout.tar .
printf '{"default":[{"type":"insecureAcceptAnything"}]}' >policy.json
skopeo --policy policy.json copy -q oci:layout:v1 docker-archive:docker.tar:img:v1

mkdir -p aci && cp -a rootfs aci/rootfs
printf '{"acKind":"ImageManifest","acVersion":"0.8.11","name":"app","app":{"exec":["/bin/sh"],"user":"0","group":"0",%s}}' \
  '"environment":[{"name":"WHO","value":"config"}]' >aci/manifest
actool build aci app.aci >/dev/null

root enroot
echo WHO=config >enroot/etc/environment
printf 'cd "/" && unset OLDPWD || exit 1\n' >enroot/etc/rc
mksquashfs enroot enroot.sqsh -all-root -comp lzo -noD -quiet -no-progress >/dev/null

root apptainer
mkdir -p apptainer/.singularity.d/env
echo 'export WHO="config"' >apptainer/.singularity.d/env/90-environment.sh
mksquashfs apptainer apptainer.sqsh -all-root -quiet -no-progress >/dev/null
"$TESTS/images/make-sif" apptainer.sqsh image.sif

chown -R "$SABOT_CLUSTER_USER": "$WORK"
for image in ./rootfs ./rootfs.tar.gz ./plain.sqsh; do
  expect "$image" "in none" "$(as_user srun -n1 --container="$image" /bin/busybox sh -c 'echo in ${WHO:-none}')"
done
for image in oci:layout:v1 oci-archive:layout.tar:v1 docker-archive:docker.tar:img:v1 aci:app.aci ./enroot.sqsh ./image.sif; do
  expect "$image" "in config" "$(as_user srun -n1 --container="$image" /bin/busybox sh -c 'echo in ${WHO:-none}')"
done
until_true 5 nothing_left || fail "left behind: $(leftovers node1) $(leftovers node2)"
