// SPDX-License-Identifier: Apache-2.0
// command_path.h: whether the program that slurmstepd is about to exec is there. libc alone, no heap.
// Asked in the pod, right before slurmstepd does it, so that a mistyped command ends as in a shell: 126, 127.
#pragma once

namespace sabot {

/// 0 where the kernel will find a file that may be executed; else 127 (there is none) or 126 (a directory, or
/// not executable), with errno. A script's interpreter and the file's format are not looked at.
/// `command`  argv[0]. With a `/` or `.` in front it is that file; else the first of that name in `path`'s
///            directories, and where there is none the one in the working directory
/// Source     slurmstepd's task.c, _build_path (22.05 to 26.05 alike)
int find_command(const char* command, const char* path);

}  // namespace sabot
