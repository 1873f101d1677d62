// SPDX-License-Identifier: Apache-2.0
// image_command_line.cc: see image_command_line.h. A command's options live as long as what runs it.
#include "image_command_line.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "duration.h"
#include "size.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

template <class Value>
Value usage(Value (*parse)(const std::string&), const std::string& word) {
  try {
    return parse(word);
  } catch (const Refused& e) {
    throw UsageError(e.what());
  }
}

void take_compression(images::ImportOptions& options, const std::string& text) {
  try {
    images::set_compression(options, text);
  } catch (const Refused& e) {
    throw UsageError(e.what());
  }
}

void add_format_options(CLI::App& command, images::ImportOptions& options) {
  command.add_option_function<std::string>(
      "--compression", [&options](const std::string& word) { take_compression(options, word); },
      "zstd[:LEVEL] (default zstd:3), gzip[:LEVEL], xz[:LEVEL], lz4 or none");
  command
      .add_option("--block-size", options.block_size, "of the squashfs, in bytes: a power of two, 4K to 1M")
      ->transform(CLI::AsSizeValue(false));
  command.add_option("--arch,--platform", options.architecture,
                     "of an image for several, as in amd64, amd64/v2 or arm64; default: this host's");
}

// One of add_format_options that was given, for a source that it says nothing about.
std::string given_format_option(const CLI::App& command) {
  std::string given;
  for (const char* option : {"--compression", "--block-size", "--arch"})
    if (command.count(option) > 0) given = option;
  return given;
}

// What the commands of one group need.
struct Group {
  CLI::App& app;
  const GlobalOptions& global;
  std::function<int()>& action;

  /// A command whose options are an `Options`: `describe` adds them, `run` gets them filled.
  template <class Options>
  CLI::App* add(const char* name, const char* help, std::function<void(CLI::App&, Options&)> describe,
                std::function<int(const GlobalOptions&, const Options&)> run) {
    CLI::App* command = app.add_subcommand(name, help);
    auto options = std::make_shared<Options>();
    describe(*command, *options);
    command->callback([&action = action, &global = global, self = command, options, run] {
      if constexpr (requires { options->shaped_by; }) options->shaped_by = given_format_option(*self);
      static_cast<void>(self);  // of use to some kinds of options alone
      action = [options, run, &global] { return run(global, *options); };
    });
    return command;
  }
};

void add_pull_option(CLI::App& command, images::PullPolicy& pull, const char* help) {
  command
      .add_option_function<std::string>(
          "--pull", [&pull](const std::string& word) { pull = usage(images::parse_pull_policy, word); }, help)
      ->type_name("POLICY");
}

std::int64_t duration(const std::string& word) {
  const std::optional<std::int64_t> seconds = parse_duration(word);
  if (!seconds)
    throw UsageError("--older-than: '" + printable(word) + "' is no duration, as in 12h, 7d or 2w");
  return *seconds;
}

std::uint64_t bytes(const std::string& word) {
  const std::optional<std::uint64_t> size = parse_size(word);
  if (!size) throw UsageError("--size: '" + printable(word) + "' is no size, as in 500M or 2T");
  return *size;
}

void describe_import(CLI::App& command, ImportCommand& import) {
  command
      .add_option("SOURCE", import.source,
                  "what to make it of: a directory, a tar, a layout, a squashfs file, any image reference")
      ->required();
  command.add_option("NAME", import.name, "name in the store; default: from the file's name");
  add_format_options(command, import.options);
  command.add_flag("-q,--quiet", import.quiet, "no progress bar");
}

void describe_fetch(CLI::App& command, FetchCommand& fetch) {
  command.add_option("REF", fetch.references, "image references")->required();
  add_pull_option(command, fetch.pull, "ask a registry: new: for what is not there; update (default); never");
  add_format_options(command, fetch.options);
  command.add_flag("-q,--quiet", fetch.quiet, "no progress bar");
}

void describe_gc(CLI::App& command, GcCommand& gc) {
  command
      .add_option_function<std::string>(
          "--older-than", [&gc](const std::string& word) { gc.policy.older_than_s = duration(word); },
          "what was not used for so long goes (default: 7d)")
      ->type_name("DURATION");
  command.add_option("--keep", gc.policy.keep, "so many of them, those used last, stay")->type_name("COUNT");
  command
      .add_option_function<std::string>(
          "--size", [&gc](const std::string& word) { gc.policy.size_bytes = bytes(word); },
          "what was used longest ago goes, until the store has no more than this")
      ->type_name("SIZE");
  command.add_flag("--all", gc.policy.named, "images with a name may go, too");
  command.add_flag("-n,--dry-run", gc.dry_run, "say what would go");
}

void describe_remove(CLI::App& command, RemoveCommand& remove) {
  command.add_option("IMAGE", remove.images, "names, digests or beginnings of them")->required();
  command.add_flag("-f,--force", remove.force, "also what a job or a process uses");
}

void describe_image(CLI::App& command, std::string& image) {
  command.add_option("IMAGE", image, "name, digest or squashfs file")->required();
}

void describe_verify(CLI::App& command, std::vector<std::string>& images) {
  command.add_option("IMAGE", images, "names or digests; none: all of the caller's store");
}

void describe_export(CLI::App& command, ExportCommand& options) {
  command.add_option("IMAGE", options.image, "name, digest or squashfs file")->required();
  command.add_option("TARGET", options.target, "oci:DIR[:REF] or aci:FILE; must not exist yet")->required();
}

void describe_extract(CLI::App& command, ExportCommand& options) {
  command.add_option("IMAGE", options.image, "name, digest or squashfs file")->required();
  command.add_option("DIR", options.target, "directory to make; must not exist yet")->required();
}

}  // namespace

void add_image_commands(CLI::App& app, const GlobalOptions& global, std::function<int()>& action) {
  Group top{app, global, action};
  top.add<FetchCommand>("fetch", "get images into the store without running them", describe_fetch,
                        fetch_command);
  CLI::App* image = app.add_subcommand("image", "the image store")->require_subcommand(1);
  Group group{*image, global, action};
  group.add<ImportCommand>("import", "make a squashfs image and keep it", describe_import,
                           image_import_command);
  group
      .add<int>(
          "list", "what the stores have", [](CLI::App&, int&) {},
          [](const GlobalOptions& options, int) { return image_list_command(options); })
      ->alias("ls");
  group.add<std::string>("show", "an image's size, kind and launch configuration", describe_image,
                         image_show_command);
  group.add<RemoveCommand>("rm", "remove names, and images that no name is left for", describe_remove,
                           image_remove_command);
  group.add<GcCommand>("gc", "remove images that nobody uses, and what was left half done", describe_gc,
                       image_gc_command);
  group.add<std::vector<std::string>>("verify", "read images again and say what differs from their digests",
                                      describe_verify, image_verify_command);
  group.add<ExportCommand>("export", "write an image as an OCI layout or an ACI", describe_export,
                           image_export_command);
  group.add<ExportCommand>("extract", "write an image's files into a directory", describe_extract,
                           image_extract_command);
  group.add<std::string>("cat-manifest", "print the manifest that an image was made of", describe_image,
                         image_cat_manifest_command);
}

}  // namespace sabot
