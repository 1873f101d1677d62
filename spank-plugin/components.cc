// SPDX-License-Identifier: Apache-2.0
// components.cc: the components of a heterogeneous step (`srun A : B`), each with an image of its own.
// srun parses them one after the other, and gives all of them one environment and one set of SPANK options
// (the last values: spank_set_remote_options). What each has for itself is its table of Slurm's options, and
// of that one thing reaches the plugin on the node: a NAME=VALUE of its --export (launch_slurm.c or launch.c,
// _build_user_env; the same from 22.05 to 26.05). So the first component's answer stands under the plain
// names, a further one's under names that end in its number, and its --export says which number it is. Runs
// in: srun. Not here: asking (client.cc), finding a component's variables on the node (step.cc).
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

extern char** environ;

namespace sabot {
namespace {

char inherited[kAnswerBytes];     // what the job published for its steps: each component begins from it
char first_answer[kAnswerBytes];  // of the first component
constexpr char kNoPod[] = "SLURM_SABOT_IMAGE=\n";
char value[kAnswerBytes];
char variable[256];
char export_list[kOptionBytes + 64];

bool is_published(const char* entry) {
  return strncmp(entry, kPublishedPrefix, sizeof kPublishedPrefix - 1) == 0;
}

// Lines NAME=VALUE into the environment, with `suffix` behind each name; only our own names are taken over.
void publish_lines(const char* lines, const char* suffix) {
  for (const char* line = lines; *line != '\0';) {
    const char* end = strchrnul(line, '\n');
    const char* equals = static_cast<const char*>(memchr(line, '=', static_cast<size_t>(end - line)));
    if (equals != nullptr && is_published(line)) {
      snprintf(variable, sizeof variable, "%.*s%s", static_cast<int>(equals - line), line, suffix);
      memcpy(value, equals + 1, static_cast<size_t>(end - equals - 1));
      value[end - equals - 1] = '\0';
      setenv(variable, value, 1);
    }
    line = *end == '\0' ? end : end + 1;
  }
}

// Gets the name of `entry`, NAME=VALUE, into `variable`. False for one that is not ours, or, where `plain`,
// for one of a single component.
bool name_of(const char* entry, bool plain) {
  const size_t bytes = strcspn(entry, "=");
  if (!is_published(entry) || bytes >= sizeof variable) return false;
  memcpy(variable, entry, bytes);
  variable[bytes] = '\0';
  return (strstr(variable, kComponentMark) == nullptr) == plain;
}

void forget_published(bool plain) {
  for (char** entry = environ; entry != nullptr && *entry != nullptr;)
    if (name_of(*entry, plain) && unsetenv(variable) == 0)
      entry = environ;  // unsetenv moved the rest
    else
      ++entry;
}

// False where it does not fit, or into lines.
bool keep_what_the_job_published() {
  size_t used = 0;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    if (!name_of(*entry, true)) continue;
    const size_t bytes = strlen(*entry);
    if (bytes + 2 > sizeof inherited - used || strchr(*entry, '\n') != nullptr) return false;
    memcpy(inherited + used, *entry, bytes);
    used += bytes;
    inherited[used++] = '\n';
  }
  inherited[used] = '\0';
  return true;
}

// srun hands the --export of a component on to the next.
const char* without_mark(const char* list) {
  if (strncmp(list, kComponentVariable, sizeof kComponentVariable - 1) != 0) return list;
  const char* comma = strchr(list, ',');
  return comma != nullptr ? comma + 1 : "ALL";
}

// The mark comes first: what stands behind NONE is not read. Returns false where Slurm does not take it.
bool mark(int component) {
  const char* given = slurm_option("export");
  const char* list = without_mark(given != nullptr ? given : "ALL");
  const int bytes = component == 0 ? snprintf(export_list, sizeof export_list, "%s", list)
                                   : snprintf(export_list, sizeof export_list, "%s=%d,%s", kComponentVariable,
                                              component, list);
  if (component == 0 && (given == nullptr || list == given)) return true;
  if (bytes < 0 || static_cast<size_t>(bytes) >= sizeof export_list) return false;
  if (!change_slurm_option("export", export_list)) return false;
  const char* now = slurm_option("export");
  return now != nullptr && strcmp(now, export_list) == 0;
}

}  // namespace

bool begin_component(int component) {
  static bool kept;
  if (component == 0) {
    forget_published(false);
    kept = keep_what_the_job_published();
    return true;
  }
  forget_published(true);
  publish_lines(inherited, "");
  return kept;
}

bool publish_component(int component, const char* answer, bool as_the_first) {
  if (component == 0) {
    snprintf(first_answer, sizeof first_answer, "%s", answer);
    publish_lines(answer, "");
    return true;
  }
  publish_lines(first_answer, "");
  if (as_the_first) return mark(0);
  if (first_answer[0] == '\0') setenv(kImageVariable, "", 1);  // it is answered, too: no pod
  setenv(kComponentsVariable, "several", 1);
  char suffix[32];
  snprintf(suffix, sizeof suffix, "%s_%d", kComponentMark, component);
  publish_lines(answer[0] != '\0' ? answer : kNoPod, suffix);
  return mark(component);
}

}  // namespace sabot
