// SPDX-License-Identifier: Apache-2.0
// request.cc: see request.h.
#include "request.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>

#include "images/directory_image.h"
#include "images/reference.h"
#include "images/squashfs_file.h"
#include "mount_option.h"
#include "pin_words.h"
#include "stores.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

// The caller's own spelling first, then Pyxis's, so that job scripts move over unchanged.
std::optional<std::string> user_variable(const std::string& suffix) {
  std::optional<std::string> value = variable("SABOT_CONTAINER_" + suffix);
  return value ? value : variable("PYXIS_CONTAINER_" + suffix);
}

std::optional<bool> user_switch(const std::string& suffix) {
  const std::optional<std::string> value = user_variable(suffix);
  if (!value) return std::nullopt;
  for (const char* yes : {"1", "true", "yes", "y"})
    if (*value == yes) return true;
  for (const char* no : {"0", "false", "no", "n"})
    if (*value == no) return false;
  throw UsageError("the environment's container " + suffix + "='" + printable(*value) +
                   "' is neither 1 nor 0");
}

// What `sbatch` or `salloc` resolved for the whole job, if it was asked for in a way that steps inherit. A
// step that names the same image by the same words means what they meant when the job was submitted.
void inherit_from_job(PodOptions& options) {
  if (variable("SLURM_SABOT_ORIGIN") != "job" || options.native_image) return;
  if (options.image && options.image != variable("SLURM_SABOT_REFERENCE")) return;
  options.image = variable("SLURM_SABOT_IMAGE");
  if (!options.image) return;
  if (!options.mounts) options.mounts = variable("SLURM_SABOT_MOUNTS");
  if (!options.workdir) options.workdir = variable("SLURM_SABOT_WORKDIR");
  if (!options.env) options.env = variable("SLURM_SABOT_ENV");
  if (!options.unshare) options.unshare = variable("SLURM_SABOT_UNSHARE");
  if (!options.pin) options.pin = variable("SLURM_SABOT_PIN");
  const auto take_switch = [](std::optional<bool>& into, const char* name) {
    const std::optional<std::string> value = variable(name);
    if (!into && value) into = *value == "1";
  };
  take_switch(options.writable, "SLURM_SABOT_WRITABLE");
  take_switch(options.mount_home, "SLURM_SABOT_MOUNT_HOME");
  take_switch(options.remap_root, "SLURM_SABOT_REMAP_ROOT");
}

std::string current_directory() { return std::filesystem::current_path().string(); }

std::string checked_workdir(const std::string& workdir) {
  if (workdir.empty() || workdir.front() != '/' || workdir.size() >= 4096 || printable(workdir) != workdir)
    throw UsageError("--container-workdir: '" + printable(workdir) + "' is no absolute path");
  return normal_path(workdir, "/");
}

std::string checked_mounts(const std::string& text) {
  // Whether a source exists is for the nodes to say: it may exist there alone, or here alone.
  return format_mounts(parse_mounts(text, current_directory(), "--container-mounts"));
}

// NAME,...: letters, digits and underscores, as a shell can set them.
std::string checked_names(const std::string& text) {
  std::size_t from = 0;
  for (;;) {
    const std::size_t to = std::min(text.find(',', from), text.size());
    const std::string name = text.substr(from, to - from);
    const bool good = !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
                      std::all_of(name.begin(), name.end(),
                                  [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
    if (!good)
      throw UsageError("--container-env: '" + printable(name) + "' is no variable's name; write NAME,...");
    if (to == text.size()) return text;
    from = to + 1;
  }
}

// Of net,ipc,uts, in this order and each once.
std::string checked_unshare(const std::string& text) {
  static constexpr std::string_view kKnown[] = {"net", "ipc", "uts"};
  std::string found;
  for (const std::string_view known : kKnown)
    if (("," + text + ",").find("," + std::string(known) + ",") != text.npos)
      found.append(found.empty() ? "" : ",").append(known);
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find(',', from), text.size());
    const std::string name = text.substr(from, to - from);
    if (std::find(std::begin(kKnown), std::end(kKnown), name) == std::end(kKnown))
      throw UsageError("--container-unshare: '" + printable(name) +
                       "' is not known; write some of net,ipc,uts");
    from = to + 1;
  }
  return found;
}

std::string checked_pin(const std::string& word) {
  std::string words;
  for (const char* one : kPinWords) {
    if (word == one) return word;
    words += (words.empty() ? "" : ", ") + std::string(one);
  }
  throw UsageError("--container-pin: '" + printable(word) + "' is none of " + words);
}

std::string which_image(const PodOptions& options) {
  if (options.image && options.native_image && *options.image != *options.native_image)
    throw UsageError("--container and --container-image name different images");
  // As in --container-image=$UNSET: an image was asked for, so it is not the host.
  if ((options.image && options.image->empty()) || (options.native_image && options.native_image->empty()))
    throw UsageError("--container-image: the image has no name; to run on the host write none");
  const std::string image = options.image ? *options.image : options.native_image.value_or("");
  return image == "none" ? "" : image;
}

void check_squashfs(const std::string& path) {
  const UniqueFd fd{check(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open")};
  images::read_image_info(fd.get());
  images::read_launch_config(fd.get());  // what a node would stumble over is said here
}

images::PullPolicy pull_policy(const PodOptions& options, const SiteConfig& site) try {
  return options.pull ? images::parse_pull_policy(*options.pull) : site.pull;
} catch (const Refused& e) {
  throw UsageError(std::string("--container-pull: ") + e.what());
}

// None where neither store has one, or it went before we could keep it.
std::optional<StoredImage> stored_image(const std::string& what, const SiteConfig& site) {
  std::optional<StoredImage> image = find_stored(site, what);
  if (image && !keep_for_job(site, *image)) image.reset();
  return image;
}

void keep_imported(const std::string& digest, const SiteConfig& site) {
  if (!stored_image(digest, site)) throw Refused("it was removed from the store as soon as it was imported");
}

void resolve_image(PodRequest& request, const std::string& image, const PodOptions& options,
                   const SiteConfig& site, const Importer& importer) {
  const Context doing{"image '" + printable(image) + "'"};
  const images::PullPolicy pull = pull_policy(options, site);
  const std::string& home = site.registry.default_registry;
  const images::Reference found = images::locate(images::parse_reference(image, home), AT_FDCWD);
  request.store = store_path(site);
  switch (found.kind) {
    case images::ReferenceKind::squashfs:
      request.image = normal_path(found.path, current_directory());
      check_squashfs(request.image);
      return;
    case images::ReferenceKind::digest:
    case images::ReferenceKind::name: {
      const std::optional<StoredImage> stored =
          stored_image(found.kind == images::ReferenceKind::name ? found.name : found.digest, site);
      if (const auto remote = images::in_registry(found, home);
          !stored && remote.kind == images::ReferenceKind::registry) {
        request.image = importer(remote, request.store, pull);
        keep_imported(request.image, site);
        return;
      }
      if (!stored)
        throw Refused("no such file, and no such image in the store " + request.store +
                      "; `sabot image list` shows what is there, a file is written with a slash: ./" +
                      printable(image));
      request.image = stored->record.digest;
      request.store = stored->store;
      return;
    }
    case images::ReferenceKind::rootfs_directory:  // launched as it is; nodes look at their own
      request.image = normal_path(found.path, current_directory());
      images::read_directory_config(images::open_root_directory(request.image).get());
      return;
    default:
      request.image = importer(found, request.store, pull);
      keep_imported(request.image, site);
  }
}

}  // namespace

PodOptions with_environment(PodOptions given) {
  given.needs_image = given.mounts || given.workdir || given.env || given.unshare || given.pin ||
                      given.writable || given.mount_home ||
                      given.remap_root;  // from the environment alone is no mistake
  if (!given.image && !given.native_image) given.image = user_variable("IMAGE");
  if (!given.mounts) given.mounts = user_variable("MOUNTS");
  if (!given.workdir) given.workdir = user_variable("WORKDIR");
  if (!given.env) given.env = user_variable("ENV");
  if (!given.unshare) given.unshare = user_variable("UNSHARE");
  if (!given.pin) given.pin = user_variable("PIN");
  if (!given.pull) given.pull = user_variable("PULL");
  if (!given.mount_home) given.mount_home = user_switch("MOUNT_HOME");
  if (!given.remap_root) given.remap_root = user_switch("REMAP_ROOT");
  if (!given.writable) given.writable = user_switch("WRITABLE");
  if (!given.writable) {
    const std::optional<bool> readonly = user_switch("READONLY");
    if (readonly) given.writable = !*readonly;
  }
  inherit_from_job(given);
  return given;
}

std::string store_path(const SiteConfig& site) {
  if (const auto own = variable("SABOT_STORE")) {
    if (own->front() != '/') throw UsageError("SABOT_STORE='" + printable(*own) + "' is no absolute path");
    return *own;
  }
  if (!site.store.empty()) return site.store;
  if (const auto data = variable("XDG_DATA_HOME"); data && data->front() == '/') return *data + "/sabot";
  if (const auto home = variable("HOME"); home && home->front() == '/') return *home + "/.local/share/sabot";
  const passwd* entry = ::getpwuid(::geteuid());
  if (entry == nullptr) throw Refused("no home directory for the image store; set SABOT_STORE");
  return std::string(entry->pw_dir) + "/.local/share/sabot";
}

PodRequest resolve(const PodOptions& options, const SiteConfig& site, const Importer& importer) {
  PodRequest request;
  const std::string image = which_image(options);
  if (options.mounts) request.mounts = checked_mounts(*options.mounts);
  if (options.workdir) request.workdir = checked_workdir(*options.workdir);
  if (options.env) request.env = checked_names(*options.env);
  if (options.unshare) request.unshare = checked_unshare(*options.unshare);
  request.pin = options.pin ? checked_pin(*options.pin) : site.pin;
  request.writable = options.writable.value_or(site.writable);
  request.mount_home = options.mount_home.value_or(site.mount_home);
  request.remap_root = options.remap_root.value_or(site.remap_root);
  if (image.empty()) {
    if (!options.image && !options.native_image && options.needs_image)
      throw UsageError("container options without an image; add --container-image=IMAGE");
    return {};
  }
  request.reference = image;
  resolve_image(request, image, options, site, importer);
  request.inherited_by_steps =
      options.image.has_value();  // Slurm's own --container is not inherited, by its rule
  return request;
}

}  // namespace sabot
