// SPDX-License-Identifier: Apache-2.0
// commands.h: the commands of `sabot`, one file each; command_line.cc fills the structs.
// Each returns an exit code or throws UsageError (2) or another exception (125); main() prints it, once.
#pragma once

#include <string>
#include <vector>

#include "images/import.h"
#include "images/store_gc.h"
#include "request.h"

namespace sabot {

struct GlobalOptions {
  std::string config_file;
  bool json = false;
};

struct RunOptions {
  PodOptions pod;
  std::vector<std::string> command;  ///< empty: the image's own
  bool explain = false;              ///< say what would be done, and do nothing
};
/// sabot run: one process in a pod of its own, without Slurm. Does not return where it succeeds.
int run_command(const GlobalOptions& global, const RunOptions& options);

enum class ResolveFor { person, step, job };
/// sabot resolve: check a request, import what must be; print digest, or what the Slurm plugin publishes.
/// `explanation`: empty, or `text` or `json`: what a launch would do, for srun --container-explain.
int resolve_command(const GlobalOptions& global, const PodOptions& options, ResolveFor whom,
                    const std::string& explanation);

/// sabot prepare (internal): stage0 of one pod, with the descriptors of stage0_abi.h. Becomes stage1.
int prepare_command(const GlobalOptions& global);

struct ImportCommand {
  std::string source;
  std::string name;
  images::ImportOptions options;
  std::string shaped_by;  ///< an option that was given and says how the image is made; empty: none
  bool quiet = false;
};
int image_import_command(const GlobalOptions& global, const ImportCommand& options);

/// sabot fetch: references into the store, without running them.
struct FetchCommand {
  std::vector<std::string> references;
  images::PullPolicy pull = images::PullPolicy::update;
  images::ImportOptions options;
  bool quiet = false;
};
int fetch_command(const GlobalOptions& global, const FetchCommand& options);

int image_list_command(const GlobalOptions& global);
int image_show_command(const GlobalOptions& global, const std::string& what);
int image_cat_manifest_command(const GlobalOptions& global, const std::string& what);

struct RemoveCommand {
  std::vector<std::string> images;
  bool force = false;
};
int image_remove_command(const GlobalOptions& global, const RemoveCommand& options);

struct GcCommand {
  images::GcPolicy policy;
  bool dry_run = false;
};
int image_gc_command(const GlobalOptions& global, const GcCommand& options);

/// sabot image verify: returns 1 where something differs. Of no images: all of the caller's store.
int image_verify_command(const GlobalOptions& global, const std::vector<std::string>& images);

struct ExportCommand {
  std::string image;
  std::string target;
};
int image_export_command(const GlobalOptions& global, const ExportCommand& options);
int image_extract_command(const GlobalOptions& global, const ExportCommand& options);

/// sabot check: try a launch on this node as this user, step by step. Returns 1 where it would fail.
int check_command(const GlobalOptions& global);

struct TopoOptions {
  unsigned ranks = 1;
  unsigned threads = 1;  ///< cores per rank, at least
  unsigned gpus_per_rank = 0;
  bool job = false;      ///< take the three from the Slurm job around this
  std::string pin;       ///< empty: the site's
  std::string cpus;      ///< empty: those this process may run on
  std::string topology;  ///< hwloc's XML; empty: this node, or what the site says it is
  bool svg = false;
};
/// sabot topo: draw which rank of a step would run where. Becomes sabot-topo.
int topo_command(const GlobalOptions& global, const TopoOptions& options);

int version_command(const GlobalOptions& global);

}  // namespace sabot
