// SPDX-License-Identifier: Apache-2.0
// namespaces.cc: see namespaces.h.
#include "namespaces.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>
#include <string>

#include "sys/error.h"

namespace sabot {
namespace {

struct Row {
  bool PodManifest::*asked;
  int flag;
  const char* name;  // in /proc/self/ns, and of the sysctl user.max_NAME_namespaces
};
constexpr Row kRows[] = {
    {&PodManifest::own_net, CLONE_NEWNET, "net"},
    {&PodManifest::own_ipc, CLONE_NEWIPC, "ipc"},
    {&PodManifest::own_uts, CLONE_NEWUTS, "uts"},
};

UniqueFd open_namespace(const std::string& name) {
  const std::string path = "/proc/self/ns/" + name;
  return UniqueFd{check(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open", path)};
}

// A new network's loopback is there, but down. Source: netdevice(7).
void bring_loopback_up() {
  const Context doing{"bring up the loopback"};
  const UniqueFd socket{check(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket")};
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  check(::ioctl(socket.get(), SIOCGIFFLAGS, &request), "ioctl", "SIOCGIFFLAGS");
  request.ifr_flags |= IFF_UP;
  check(::ioctl(socket.get(), SIOCSIFFLAGS, &request), "ioctl", "SIOCSIFFLAGS");
}

}  // namespace

void enter_asked_namespaces(const PodManifest& pod) {
  for (const Row& row : kRows) {
    if (!(pod.*row.asked)) continue;
    const Context doing{std::string("--container-unshare=") + row.name};
    if (::unshare(row.flag) == 0) continue;
    const int err = errno;
    const std::string limit = std::string("user.max_") + row.name + "_namespaces";
    throw Error(err, err == ENOSPC ? "no more on this node; the administrator can raise the sysctl " + limit
                                   : std::string("unshare"));
  }
  if (pod.own_net) bring_loopback_up();
}

std::vector<UniqueFd> open_namespaces(const PodManifest& pod) {
  std::vector<UniqueFd> opened;
  opened.push_back(open_namespace("mnt"));
  for (const Row& row : kRows)
    if (pod.*row.asked) opened.push_back(open_namespace(row.name));
  return opened;
}

}  // namespace sabot
