// nlohmann/json for tests. Its classes are made once, in support/json.cpp, and not in each file: a third of what a test
// file takes to compile.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#define MULTIHUB_TEST_JSON_PARSE(json, text) \
  template json json::parse<text>(std::add_rvalue_reference_t<text>, json::parser_callback_t, bool, bool)

#define MULTIHUB_TEST_JSON(prefix, json)                                            \
  prefix template class nlohmann::detail::serializer<json>;                         \
  prefix template class nlohmann::detail::parser<                                   \
      json, nlohmann::detail::iterator_input_adapter<std::string::const_iterator>>; \
  prefix MULTIHUB_TEST_JSON_PARSE(json, const std::string&);                        \
  prefix MULTIHUB_TEST_JSON_PARSE(json, std::string&);                              \
  prefix MULTIHUB_TEST_JSON_PARSE(json, std::string)

extern template class nlohmann::basic_json<>;
extern template class nlohmann::basic_json<nlohmann::ordered_map>;
MULTIHUB_TEST_JSON(extern, nlohmann::json);
MULTIHUB_TEST_JSON(extern, nlohmann::ordered_json);
