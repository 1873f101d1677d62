// SPDX-License-Identifier: Apache-2.0
// store_names.h: the names of a store's images: names/NAME, a file that holds a digest.
// Not here: images (store.h), what tags of registries meant (store_tags.h).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sabot::images {

/// `a/b:c` as a file name, and back; none where it is not one of ours.
std::string encode_name(const std::string& name);
std::optional<std::string> decode_name(const std::string& file);

/// The digest that names/FILE holds; none where there is no such file or it is damaged.
std::optional<std::string> read_name(int names, const std::string& name);
void write_name(int root, const std::string& name, const std::string& digest);

/// digest -> names, sorted.
std::map<std::string, std::vector<std::string>> read_all_names(int root);

}  // namespace sabot::images
