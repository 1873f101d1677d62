// SPDX-License-Identifier: Apache-2.0
// certs.cc: see certs.h.
#include "images/registry/certs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "images/store_folders.h"
#include "sys/error.h"
#include "sys/files.h"
#include "sys/unique_fd.h"

namespace sabot::images::registry {
namespace {

constexpr std::size_t kCertBytes = std::size_t{1} << 20;

TlsFiles read_folder(int fd, const std::string& path) {
  const Context doing{"certificates in " + printable(path)};
  TlsFiles files;
  for (const std::string& name : list_folder(fd)) {
    if (name.ends_with(".crt")) {
      files.ca_pem.append(read_file(fd, name, kCertBytes)).append("\n");
    } else if (name.ends_with(".cert") && files.client_cert.empty()) {
      const std::string stem = name.substr(0, name.size() - 5);
      files.client_cert.append(path).append("/").append(name);
      files.client_key.append(path).append("/").append(stem).append(".key");
      if (::faccessat(fd, (stem + ".key").c_str(), R_OK, 0) == -1)
        throw Error(errno, "the key of " + printable(name) + ", " + printable(stem) + ".key");
    }
  }
  return files;
}

}  // namespace

TlsFiles certificates_for(const std::vector<std::string>& folders, const std::string& host) {
  for (const std::string& folder : folders) {
    std::string path = folder;
    path.append("/").append(host);
    const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!fd.valid() && (errno == ENOENT || errno == ENOTDIR || errno == EACCES)) continue;
    check(fd.get(), "open", printable(path));
    return read_folder(fd.get(), path);
  }
  return {};
}

}  // namespace sabot::images::registry
