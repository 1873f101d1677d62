#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# S2 S5 S8 S10: the plugin is a small guest: it needs libc alone, shows Slurm what Slurm asks for, and execs nothing.
# shellcheck source=tests/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"

plugin=$(find "$BUILD" -path '*/slurm/spank_sabot.so' -print -quit 2>/dev/null)
[[ -n $plugin ]] || fail "no spank_sabot.so in $BUILD; build it first"

expect "libraries that the plugin needs" "libc.so.6" \
  "$(readelf -d "$plugin" | sed -nE 's/.*\(NEEDED\).*\[(.*)\]/\1/p' | paste -sd' ')"

symbols() { readelf -W --dyn-syms "$plugin" | awk -v undefined="$1" 'NR > 3 && $8 != "" && ($7 == "UND") == undefined { sub(/@.*/, "", $8); print $8 }' | sort -u; }
expect "exported symbols" \
  "plugin_name plugin_type plugin_version slurm_spank_init slurm_spank_init_post_opt slurm_spank_task_exit slurm_spank_task_init slurm_spank_task_post_fork spank_plugin_version" \
  "$(symbols 0 | paste -sd' ')"

# What would start a program, a thread or the C++ run time, or look up a user or change what slurmstepd is.
forbidden='^(exec.*|fexecve|system|popen|v?fork|clone.*|posix_spawnp|dlopen|pthread_create|thrd_create|signal|sigaction|atexit|umask|setlocale|getpw.*|getgr.*|initgroups|setuid|seteuid|setgid|chown|fchown|lchown|chmod|fchmod|mkdir|rename|unlink|mount|umount.*|strcpy|strcat|v?sprintf|gets|_Z.*|__cxa_throw|__gxx_personality.*|abort|malloc|calloc|realloc|free)$'
found=$(symbols 1 | grep -E "$forbidden" | paste -sd' ' || true)
[[ -z $found ]] || fail "the plugin imports: $found"

unknown=$(symbols 1 | grep -E '^(slurm_|spank_)' | grep -vE '^(slurm_error|spank_(context|get_item|getenv|option_register|setenv|strerror|unsetenv))$' | paste -sd' ' || true)
[[ -z $unknown ]] || fail "the plugin asks more of Slurm than the fake host knows: $unknown"

# Comments and blank lines not counted: they are there for who reviews. What slurmstepd runs, first as root, and the
# whole, which beyond that is run by srun as the user.
lines_of() { cat "$@" | grep -cvE '^[[:space:]]*(//|$)'; }
cd "$SOURCE/spank-plugin"
root=$(lines_of plugin.h plugin.cc options.cc step.cc)
((root <= 600)) || fail "the plugin in slurmstepd has $root lines of code; 600 is what one can review before trusting it as root"
all=$(lines_of ./*.cc ./*.h)
((all <= 950)) || fail "spank-plugin has $all lines of code; 950 is what one can review"
echo "$root lines in slurmstepd, $all in all"
