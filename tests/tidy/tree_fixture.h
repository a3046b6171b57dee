// The project's files as the tidy tests see them, and small readers of text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace multihub::tidy {

// Paths from the project's root, sorted: every file that git tracks or would, and that is there.
const std::vector<std::string>& Files();
std::vector<std::string> FilesUnder(std::string_view prefix, std::string_view suffix);
// A file of Files(), or a folder that holds one.
bool Exists(const std::string& path);
std::string Read(const std::string& path);

std::vector<std::string> LinesOf(std::string_view text);
std::string Trim(std::string_view text);
std::vector<std::string> Split(std::string_view text, char separator);

// A place where a rule is broken, as a person would like to read it.
std::string At(const std::string& file, std::size_t line, const std::string& what);
std::string Join(const std::vector<std::string>& problems);

}  // namespace multihub::tidy
