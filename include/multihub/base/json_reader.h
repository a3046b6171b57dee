// The strict JSON reader of the wire: RFC 8259 with nothing left to taste.
//
// Refused: anything after the document but white space, a byte order mark, invalid UTF-8, NUL bytes and \u0000, lone
// surrogates, duplicate keys in one object (compared after unescaping), depth over the limit, NaN/Infinity, leading
// zeros, comments, trailing commas. Numbers stay decimal text (see whole_number.h).
//
// A document is a flat table of nodes over the caller's bytes: no allocation per value, no recursion, time linear in
// the input (duplicate detection is by sorting or hashing for large objects, never quadratic).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "multihub/base/result.h"

namespace multihub::base {

enum class JsonType : std::uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };

struct JsonError {
  std::size_t offset = 0;   // byte at which the reader gave up
  const char* reason = "";  // a short English phrase, safe to show: "duplicate key", "invalid UTF-8", …
};

class JsonDocument;

// A view of one value; cheap to copy; valid while its document and the document's input bytes live.
class JsonValue {
 public:
  JsonValue() = default;  // absent
  // False for a member that is not there. `null` is present; most callers want given().
  bool present() const { return document_ != nullptr; }
  // Present and not null: on this wire `null` counts as absent.
  bool given() const { return present() && type() != JsonType::kNull; }
  // Of a present value; asking an absent one is a programming error, as is every "only for" below.
  JsonType type() const;
  bool is_object() const { return present() && type() == JsonType::kObject; }
  bool is_array() const { return present() && type() == JsonType::kArray; }
  bool is_string() const { return present() && type() == JsonType::kString; }
  bool is_number() const { return present() && type() == JsonType::kNumber; }
  bool is_bool() const { return present() && type() == JsonType::kBool; }

  // The unescaped text of a string. Only for is_string().
  std::string_view string() const;
  // The decimal text of a number as sent. Only for is_number().
  std::string_view number_text() const;
  // Only for is_bool().
  bool boolean() const;
  // The member of an object, or an absent value (also when this is no object or absent itself). Compares with the
  // keys one after the other.
  JsonValue operator[](std::string_view key) const;
  // Elements of an array or members of an object; 0 for other types and absent values.
  std::size_t size() const;
  // Element of an array, index < size(). Constant time, as key_at and member_at.
  JsonValue at(std::size_t index) const;
  // Key of the index-th member of an object, unescaped, in document order.
  std::string_view key_at(std::size_t index) const;
  JsonValue member_at(std::size_t index) const;
  // The bytes of this value as they stand in the input, a string with its quotes.
  std::string_view raw() const;

 private:
  friend class JsonDocument;
  JsonValue(const JsonDocument* document, std::uint32_t node) : document_(document), node_(node) {}
  const JsonDocument* document_ = nullptr;
  std::uint32_t node_ = 0;
};

class JsonDocument {
 public:
  static constexpr std::size_t kMaxDepth = 32;
  // At most this many bytes are read (the gateway's own body limit is far below).
  static constexpr std::size_t kMaxBytes = 16 * 1024 * 1024;

  // `input` must outlive the document. Depth counts containers that are open at once: `[1]` has depth 1, `[[]]` has
  // depth 2. `max_depth` is at least 1. Thread safe.
  static Result<JsonDocument, JsonError> Parse(std::string_view input, std::size_t max_depth = kMaxDepth);

  JsonDocument(JsonDocument&&) noexcept = default;
  JsonDocument& operator=(JsonDocument&&) noexcept = default;
  JsonDocument(const JsonDocument&) = delete;
  JsonDocument& operator=(const JsonDocument&) = delete;

  // The view refers to this object: take it again after the document was moved.
  JsonValue root() const { return JsonValue(this, static_cast<std::uint32_t>(nodes_.size() - 1)); }

 private:
  friend class JsonValue;
  friend class JsonParser;
  JsonDocument() = default;

  // The children of a container stand side by side, before the container itself; the root is the last node.
  struct Node {
    JsonType type = JsonType::kNull;
    bool boolean = false;      // bool: the value
    bool had_escapes = false;  // string: the text is in unescaped_, not in the input
    std::uint32_t begin = 0;   // raw bytes [begin, end) in the input
    std::uint32_t end = 0;
    std::uint32_t first = 0;  // string: offset of the text; container: first child (of a member: key, then value)
    std::uint32_t count = 0;  // string: bytes of the text; container: elements or members
  };
  std::string_view TextOf(const Node& node) const;

  std::string_view input_;
  std::vector<Node> nodes_;
  std::unique_ptr<char[]> unescaped_;  // one block for all strings that held escapes; it never grows
};

}  // namespace multihub::base
