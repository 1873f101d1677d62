#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An installation has its programs, plugin and man pages where they belong, and works from wherever it is moved to.
# shellcheck source=tests/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"

[[ -x $SABOT ]] || fail "no $SABOT; build it first"
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
cmake --install "$BUILD" --prefix "$top/usr" > "$top/log" 2>&1 || fail "cmake --install: $(tail -n 3 "$top/log")"

for file in bin/sabot libexec/sabot/sabot-stage1 libexec/sabot/sabot-stage1-dir libexec/sabot/sabot-import libexec/sabot/sabot-topo; do
  [[ -x $top/usr/$file ]] || fail "$file is not installed: $(cd "$top/usr" && find . -type f | paste -sd' ')"
done
plugin=$(find "$top/usr" -name spank_sabot.so)
[[ $plugin == */slurm/spank_sabot.so ]] || fail "the plugin is not in a directory of Slurm's: '$plugin'"
for page in $(cd "$SOURCE" && git ls-files '*.[1-8]' 2>/dev/null); do
  name=$(basename "$page")
  [[ -n $(find "$top/usr" -path "*/man/man${name##*.}/$name*") ]] || fail "$page is not installed"
done
[[ -e $top/usr/share/bash-completion/completions/sabot ]] || fail "the completion for bash is not installed"
# What is nobody's business outside of the tests stays out.
extra=$(find "$top/usr" -type f -printf './%P\n' | grep -vE '^\./(bin/sabot|libexec/sabot/sabot-(stage1|stage1-dir|import|topo)|.*/slurm/spank_sabot\.so|share/.*|etc/.*)$' | paste -sd' ' || true)
[[ -z $extra ]] || fail "installed without a reason: $extra"
[[ -z $(find "$top/usr" -perm /6022 -not -type l) ]] || fail "setuid, or others can write: $(find "$top/usr" -perm /6022 -not -type l)"

mv "$top/usr" "$top/moved"
sabot=$top/moved/bin/sabot
contains "version" "sabot " "$("$sabot" version)"
contains "no library of the build tree" "" "$("$sabot" --help)"
lacks "run path" "$BUILD" "$(readelf -d "$sabot" "$top"/moved/libexec/sabot/*)"
# A launch waits for every library that sabot loads.
lacks "libraries of sabot" "NEEDED" "$(readelf -d "$sabot" | grep -E "NEEDED.*(archive|crypto|ssl|curl|isal|stdc\+\+)" || true)"

# Nobody's mistake makes a program of ours a way to another's rights.
if [[ $(id -u) == 0 ]] && ! findmnt -no OPTIONS -T "$top" | grep -qw nosuid; then
  chmod 755 "$top"
  for program in bin/sabot libexec/sabot/sabot-stage1 libexec/sabot/sabot-import; do
    for bit in u+s g+s; do
      chmod "$bit" "$top/moved/$program"
      said=$(setpriv --reuid 5077 --regid 5077 --clear-groups "$top/moved/$program" --version 2>&1) && fail "$program runs with $bit: $said"
      contains "$program with $bit" "must not be installed setuid or setgid" "$said"
      chmod ug-s "$top/moved/$program"
    done
  done
fi

# stage1 is found from sabot: take it away, and the first rank of a pod is what misses it, by its place.
command -v mksquashfs >/dev/null || skip "mksquashfs is not installed"
mkdir "$top/root" && mksquashfs "$top/root" "$top/root.sqsh" -quiet -no-progress >/dev/null
strace=$(command -v strace || true)
if [[ -n $strace ]]; then
  "$strace" -f -e trace=execve -o "$top/trace" "$sabot" --config /nonexistent run "$top/root.sqsh" -- true >/dev/null 2>&1 || true
  contains "programs that were started" "$top/moved/libexec/sabot/sabot-stage1" "$(cat "$top/trace")"
else
  cat > "$top/moved/libexec/sabot/sabot-stage1" <<S
#!/bin/sh
echo found > "$top/found"
S
  "$sabot" --config /nonexistent run "$top/root.sqsh" -- true >/dev/null 2>&1 && fail "it ran without a keeper"
  until_true 5 test -e "$top/found" || fail "stage1 was not found from $sabot"
fi
