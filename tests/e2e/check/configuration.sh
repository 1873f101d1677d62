#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A site configuration that is broken, or whose mounts are not there; an image store that cannot be used; programs
# that are not installed.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"
# shellcheck source=tests/lib/check.sh
source "$TESTS/lib/check.sh"

run "$IMAGE" -- true 2>/dev/null || skip "no launch works here"
export CONFIG=$PWD/site.conf

echo "stroe /somewhere" > site.conf
check_exits 1
expect "an unknown name" failed "$(result_of "site configuration")"
contains "an unknown name" "line 1: unknown name 'stroe'" "$(detail_of "site configuration")"
contains "an unknown name" "sabot.conf(5)" "$(remedy_of "site configuration")"
expect "the rest is tried" ok "$(result_of "enter as a rank")"

echo "mount /not/there:/data" > site.conf
check_exits 1
expect "the file is read" ok "$(result_of "site configuration")"
expect "a source that is missing" failed "$(result_of "whole launch")"
contains "a source that is missing" "/not/there" "$(detail_of "whole launch")"

: > site.conf
chmod 666 site.conf
check_exits 1
contains "a file that anybody can write" "others can write it" "$(detail_of "site configuration")"
chmod 600 site.conf

mkdir -m 777 shared && chmod 777 shared
SABOT_STORE=$PWD/shared check_exits 1
expect "a store that anybody can write" failed "$(result_of "image store")"
contains "a store that anybody can write" "$PWD/shared" "$(detail_of "image store")"
contains "a store that anybody can write" "SABOT_STORE" "$(remedy_of "image store")"
expect "an image file can be launched" ok "$(result_of "whole launch")"

echo "store /usr/images/%u" > site.conf
check_exits 1
contains "a store that cannot be made" "make it in /usr" "$(detail_of "image store")"

touch file
SABOT_STORE=$PWD/file/store check_exits 1
contains "a store below a file" "file" "$(detail_of "image store")"

: > site.conf
mkdir -p prefix/libexec
cp -r "$BUILD/bin" prefix/ && cp -r "$BUILD/libexec/sabot" prefix/libexec/
rm prefix/libexec/sabot/sabot-import
SABOT=$PWD/prefix/bin/sabot check_exits 0
expect "no importer" warning "$(result_of importer)"
contains "no importer" "sabot-import" "$(detail_of importer)"
rm prefix/libexec/sabot/sabot-stage1
SABOT=$PWD/prefix/bin/sabot check_exits 1
expect "no stage1" failed "$(result_of stage1)"
contains "no stage1" "sabot-stage1" "$(detail_of stage1)"
expect "the whole" failed "$(result_of "whole launch")"
