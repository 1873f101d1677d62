#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What an image's first runs read is kept in the user's cache, used by later ones, and harmless when it is wrong.
# shellcheck source=tests/lib/user.sh
. "$(dirname "$0")/../../lib/user.sh"

export SABOT_STORE=$HOME/store
mkdir -m 700 "$SABOT_STORE"
profiles=$SABOT_STORE/profiles
runs() { od -An -tu4 -j8 -N4 "$profiles"/* | tr -d ' '; }
blocks() { od -An -tu4 -j12 -N4 "$profiles"/* | tr -d ' '; }
python() { run "$IMAGE" -- python3 -c 'import numpy; print(numpy.arange(4).sum())'; }

expect "the result" 6 "$(python)"
until_true 5 no_keeper || fail "the keeper does not end"
expect "profiles" 1 "$(find "$profiles" -type f | wc -l)"
expect "the mode of the directory" 700 "$(stat -c %a "$profiles")"
expect "runs recorded" 1 "$(runs)"
(($(blocks) > 50)) || fail "only $(blocks) blocks recorded"
before=$(blocks)
expect "the second result" 6 "$(python)"
until_true 5 no_keeper || fail "the keeper does not end"
expect "runs recorded" 2 "$(runs)"
(($(blocks) < before + before / 2)) || fail "a second run of the same recorded $(blocks) blocks after $before"

# Wrong in every way: no profile, a directory, a link that leads elsewhere, noise, another image's.
file=$(echo "$profiles"/*)
head -c 100000 /dev/urandom >"$file"
expect "with noise for a profile" 6 "$(python)"
until_true 5 no_keeper
rm "$file" && mkdir "$file"
expect "with a directory for a profile" 6 "$(python)"
rmdir "$file" && echo mine >"$HOME/precious" && ln -s "$HOME/precious" "$file"
expect "with a link for a profile" 6 "$(python)"
until_true 5 no_keeper
expect "what the link leads to" mine "$(cat "$HOME/precious")"
rm "$file"

# Where it is not wanted, or cannot be, there is none.
echo "start_profile no" >"$HOME/conf"
expect "without a profile" 6 "$(CONFIG=$HOME/conf python)"
expect "profiles made where the site says no" 0 "$(find "$profiles" -type f | wc -l)"
chmod 500 "$profiles"
expect "with a cache that cannot be written" 6 "$(python)"
until_true 5 no_keeper
chmod 777 "$profiles"
expect "with a cache that others can write" 6 "$(python)"
until_true 5 no_keeper
expect "profiles in a cache that others can write" 0 "$(find "$profiles" -type f | wc -l)"
