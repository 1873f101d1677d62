#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each box includes only what it may know, and each foreign library's headers are in the place that owns them.
# Given a tree, it is checked instead of this one; without, the check is first seen failing on spoiled copies.
# shellcheck source=tests/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"

# includes TREE: "file header" for every include of the product; `<` in front of one in angle brackets.
includes() {
  (cd "$1" && find spank-plugin stage1-hpc launcher images -name '*.cc' -o -name '*.h' -o -name '*.c' | sort |
    xargs grep -nHoE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"][^>"]+' |
    sed -E 's/^([^:]+):[0-9]+:[[:space:]]*#[[:space:]]*include[[:space:]]*"?/\1 /; s/"//')
}

# ours TREE: headers of the tree as anybody may write them: from the root, or from their box.
ours() {
  (cd "$1" && find images -name '*.h'
   for box in spank-plugin stage1-hpc launcher; do find "$box" -name '*.h' -printf '%P\n'; done) | sort -u
}

# offences TREE: one line for each include that is not allowed.
offences() {
  local tree=$1 file header
  local -A own=()
  while read -r header; do own[$header]=1; done < <(ours "$tree")
  # libc alone, and nothing of C++, for what slurmstepd loads
  local libc='^<(dlfcn|errno|fcntl|limits|poll|sched|signal|spawn|stdarg|stddef|stdint|stdio|stdlib|string|time|unistd|sys/(mman|prctl|socket|stat|syscall|time|types|wait)|linux/capability)\.h$'
  while read -r file header; do
    [[ $header == '<'* || -n ${own[$header]:-} ]] || echo "$file: \"$header\" is no header of the tree as its box may name it"
    case $file in
      spank-plugin/*)
        [[ $header =~ $libc || $header =~ ^(command_path|plugin|protocol|rank_entry|rendezvous|seat)\.h$ ]] \
          || [[ $file == spank-plugin/plugin.h && $header == '<slurm/spank.h' || $file == spank-plugin/site.cc && $header == '<slurm/slurm.h' ]] ;;
      stage1-hpc/command_path.* | stage1-hpc/cpu_list.h | stage1-hpc/packet.* | stage1-hpc/protocol.h | stage1-hpc/rank_entry.* | stage1-hpc/rendezvous.* | stage1-hpc/seat.* | stage1-hpc/stage0_abi.h)
        [[ $header =~ $libc || $header =~ ^(command_path|cpu_list|packet|protocol|rank_entry|rendezvous|seat|stage0_abi)\.h$ ]] ;;
      stage1-hpc/sys/*) [[ $header == '<'* || $header == sys/* ]] ;;
      stage1-hpc/placement/*) [[ $header == '<'* || $header == placement/* || $header == sys/* || $header == cpu_list.h || -e $tree/stage1-hpc/placement/$header ]] ;;
      stage1-hpc/fs/*) [[ $header == '<'* || $header == fs/* || $header == sys/* ]] ;;
      stage1-hpc/*) [[ $header == '<'* || -e $tree/stage1-hpc/$header ]] ;;
      images/*) [[ $header == '<'* || $header == images/* || $header == sys/* ]] \
        && [[ ! $header =~ ^\<(linux/|sys/(mount|prctl|wait|syscall)|spawn) ]] ;;
      launcher/*) [[ $header == '<'* || $header == images/* || $header == sys/* || -e $tree/launcher/$header ]] \
        || [[ $header =~ ^(manifest|pin_words|protocol|rank_entry|rendezvous|seat|stage0_abi)\.h$ ]] ;;
    esac || echo "$file: $header is not for this box"
    foreign "$file" "$header" || echo "$file: $header belongs behind another file"
  done < <(includes "$tree" | sed -E 's/ <([^ ]*)$/ <\1/; s/ (<[^>]*)>?$/ \1/')
  namespaces "$tree"
}

# Each foreign library behind the file or folder that owns it.
foreign() {
  case ${2#<} in
    slurm/*) [[ $1 == spank-plugin/plugin.h || $1 == spank-plugin/site.cc ]] ;;
    fuse3/* | fuse*.h) [[ $1 == stage1-hpc/fs/fuse_* ]] ;;
    squashfuse/* | squashfuse.h) [[ $1 == stage1-hpc/fs/squashfuse_blocks.cc ]] ;;
    hwloc*) [[ $1 == stage1-hpc/placement/* ]] ;;
    sys/capability.h) [[ $1 == stage1-hpc/userns.cc ]] ;;
    seccomp.h) false ;;
    sqfs/*) [[ $1 == images/squashfs/* ]] ;;
    archive.h | archive_entry.h) [[ $1 == images/archive_input.h || $1 == images/tar_reader.cc || $1 == images/tar_writer.cc || $1 == images/decompress_archive.cc ]] ;;
    openssl/*) [[ $1 == images/digest.cc || $1 == images/signature*.cc ]] ;;
    nlohmann/*) [[ $1 == images/json.cc ]] ;;
    isa-l/* | igzip_lib.h) [[ $1 == images/decompress_gzip.cc ]] ;;
    zlib.h) [[ $1 == images/decompress_gzip.cc ]] ;;
    curl/*) [[ $1 == images/registry/http.cc ]] ;;
    CLI/* | CLI11*) [[ $1 == launcher/command_line.cc || $1 == launcher/image_command_line.cc ]] ;;
  esac
}

# images counts CPUs with sched.h; it makes no namespaces.
namespaces() {
  (cd "$1" && grep -nE '\b(unshare|setns|clone3?|pivot_root|CLONE_NEW[A-Z]+)\b *\(?' -r images --include='*.cc' --include='*.h') |
    grep -vE ':[[:space:]]*//' | sed 's/$/: namespaces are not for images/' || true
}

if (($#)); then
  found=$(offences "$1")
  [[ -z $found ]] || fail "$found"
  exit 0
fi

found=$(offences "$SOURCE")
[[ -z $found ]] || fail "$found"

# The check itself: a copy with one include too many must be refused.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
spoiled() {
  rm -rf "$copy/tree" && mkdir "$copy/tree"
  cp -r "$SOURCE"/{spank-plugin,stage1-hpc,launcher,images} "$copy/tree/"
  echo "$2" >> "$copy/tree/$1"
  if "$0" "$copy/tree" 2>/dev/null; then fail "not noticed: $2 in $1"; fi
}
spoiled spank-plugin/step.cc '#include <string>'
spoiled spank-plugin/step.cc '#include "manifest.h"'
spoiled spank-plugin/client.cc '#include "sys/unique_fd.h"'
spoiled spank-plugin/client.cc '#include <slurm/slurm.h>'
spoiled spank-plugin/plugin.cc '# include "request.h"'
spoiled stage1-hpc/rank_entry.cc '#include <vector>'
spoiled stage1-hpc/rendezvous.h '#include "sys/files.h"'
spoiled stage1-hpc/keeper.cc '#include "images/store.h"'
spoiled stage1-hpc/builder.cc '#include <nlohmann/json.hpp>'
spoiled stage1-hpc/keeper.cc '#include <curl/curl.h>'
spoiled stage1-hpc/mounts.cc '#include <openssl/evp.h>'
spoiled stage1-hpc/mounts.cc '#include <sys/capability.h>'
spoiled stage1-hpc/manifest.cc '#include <archive.h>'
spoiled stage1-hpc/keeper.cc '#include "request.h"'
spoiled stage1-hpc/sys/files.cc '#include "manifest.h"'
spoiled stage1-hpc/fs/image_tree.cc '#include <fuse3/fuse.h>'
spoiled stage1-hpc/fs/image_tree.cc '#include "keeper.h"'
spoiled images/store.cc '#include "site_config.h"'
spoiled images/store.cc '#include "manifest.h"'
spoiled images/store.cc '#include <slurm/spank.h>'
spoiled images/store.cc '#include <hwloc.h>'
spoiled images/registry/endpoint.cc '#include <curl/curl.h>'
spoiled images/store.cc '#include <sys/mount.h>'
spoiled images/store.cc '#include <nlohmann/json.hpp>'
spoiled images/store.cc 'void f() { unshare(0); }'
spoiled launcher/run.cc '#include "keeper.h"'
spoiled launcher/run.cc '#include "fs/image_tree.h"'
spoiled launcher/run.cc '#include <CLI/CLI.hpp>'
spoiled launcher/run.cc '#include <sqfs/io.h>'
spoiled launcher/run.cc '#include "../stage1-hpc/userns.h"'
