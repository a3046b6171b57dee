#include "multihub/base/json_reader.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>

#include "base/hex_table.h"
#include "base/utf8_sequence.h"
#include "multihub/base/check.h"
#include "multihub/base/seeded_fault.h"

namespace multihub::base {
namespace {

// What a byte means inside a string.
enum class StringByte : std::uint8_t { kPlain, kQuote, kBackslash, kControl, kMultibyte };

constexpr std::array<StringByte, 256> StringByteTable() {
  std::array<StringByte, 256> table{};
  for (std::size_t byte = 0; byte < 0x20; ++byte) table[byte] = StringByte::kControl;
  for (std::size_t byte = 0x80; byte < 0x100; ++byte) table[byte] = StringByte::kMultibyte;
  table['"'] = StringByte::kQuote;
  table['\\'] = StringByte::kBackslash;
  return table;
}
constexpr std::array<StringByte, 256> kStringBytes = StringByteTable();

// What the letter behind a backslash stands for; 0 when it stands for nothing (`u` has its own rule).
constexpr std::array<char, 256> UnescapeTable() {
  std::array<char, 256> table{};
  table['"'] = '"';
  table['\\'] = '\\';
  table['/'] = '/';
  table['b'] = '\b';
  table['f'] = '\f';
  table['n'] = '\n';
  table['r'] = '\r';
  table['t'] = '\t';
  return table;
}
constexpr std::array<char, 256> kUnescaped = UnescapeTable();

std::uint8_t Byte(char c) { return static_cast<std::uint8_t>(c); }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHighSurrogate(std::uint32_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool IsLowSurrogate(std::uint32_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

char* PutUtf8(std::uint32_t code_point, char* out) {
  const auto tail = [code_point](int shift) { return static_cast<char>(0x80 | (code_point >> shift & 0x3f)); };
  if (code_point < 0x80) {
    *out++ = static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    *out++ = static_cast<char>(0xc0 | code_point >> 6);
    *out++ = tail(0);
  } else if (code_point < 0x10000) {
    *out++ = static_cast<char>(0xe0 | code_point >> 12);
    *out++ = tail(6);
    *out++ = tail(0);
  } else {
    *out++ = static_cast<char>(0xf0 | code_point >> 18);
    *out++ = tail(12);
    *out++ = tail(6);
    *out++ = tail(0);
  }
  return out;
}

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

class JsonParser {
 public:
  JsonParser(std::string_view input, std::size_t max_depth)
      : begin_(input.data()),
        end_(begin_ + input.size()),
        at_(begin_),
        max_depth_(max_depth),
        scratch_(ThreadScratch()) {
    document_.input_ = input;
    document_.nodes_.reserve(std::min<std::size_t>(input.size() / 8 + 4, kMaxReserve));
  }

  ~JsonParser() {
    scratch_.pending.clear();
    scratch_.open.clear();
    scratch_.keys.clear();
    // A thread that once read a huge document does not keep its working memory for ever.
    if (scratch_.pending.capacity() > kMaxReserve) scratch_.pending.shrink_to_fit();
    if (scratch_.open.capacity() > kMaxReserve) scratch_.open.shrink_to_fit();
    if (scratch_.keys.capacity() > kMaxReserve) scratch_.keys.shrink_to_fit();
  }

  JsonParser(const JsonParser&) = delete;
  JsonParser& operator=(const JsonParser&) = delete;

  Result<JsonDocument, JsonError> Run() {
    if (!ReadDocument()) return Fail(error_);
    document_.nodes_.push_back(scratch_.pending.front());
    return std::move(document_);
  }

 private:
  using Node = JsonDocument::Node;

  enum class Step { kValue, kAfterValue, kDone, kFailed };

  // A container that is not closed yet.
  struct Open {
    JsonType type;
    std::uint32_t begin;   // its bracket
    std::size_t children;  // where its children start in `pending`
  };

  struct HashedKey {
    std::size_t hash;
    std::uint32_t key;
  };

  // Working memory kept per thread: a parse allocates for its result only.
  struct Scratch {
    std::vector<Node> pending;  // finished values whose container is not closed, innermost last
    std::vector<Open> open;
    std::vector<HashedKey> keys;
  };

  static constexpr std::size_t kMaxReserve = 4096;
  static constexpr std::size_t kPairwiseMembers = 8;

  static Scratch& ThreadScratch() {
    thread_local Scratch scratch;
    return scratch;
  }

  std::uint32_t Offset(const char* at) const { return static_cast<std::uint32_t>(at - begin_); }

  bool FailAt(const char* at, const char* reason) {
    error_ = {static_cast<std::size_t>(at - begin_), reason};
    return false;
  }
  bool FailHere(const char* reason) { return FailAt(at_, reason); }
  bool Unexpected() {
    if (at_ == end_) return FailHere("unexpected end");
    return FailHere(*at_ == '\0' ? "NUL byte" : "unexpected character");
  }
  static Step StepIf(bool ok, Step next) { return ok ? next : Step::kFailed; }

  void SkipSpace() {
    while (at_ != end_ && IsSpace(*at_)) ++at_;
  }
  bool NextIs(char c) const { return at_ != end_ && *at_ == c; }

  bool ReadDocument() {
    if (document_.input_.size() > JsonDocument::kMaxBytes) return FailAt(begin_ + JsonDocument::kMaxBytes, "too large");
    if (document_.input_.starts_with(kByteOrderMark)) return FailHere("byte order mark");
    SkipSpace();
    if (at_ == end_) return FailHere("empty document");
    Step step = Step::kValue;
    while (step != Step::kDone) {
      if (step == Step::kFailed) return false;
      step = step == Step::kValue ? ReadValue() : AfterValue();
    }
    SkipSpace();
    return at_ == end_ || FailHere(*at_ == '\0' ? "NUL byte" : "text after the document");
  }

  // At the first byte of a value.
  Step ReadValue() {
    if (at_ == end_) return StepIf(Unexpected(), Step::kFailed);
    switch (*at_) {
      case '{':
        return BeginContainer(JsonType::kObject, '}');
      case '[':
        return BeginContainer(JsonType::kArray, ']');
      case '"':
        return StepIf(ReadString(), Step::kAfterValue);
      case 't':
        return StepIf(ReadWord("true", JsonType::kBool, true), Step::kAfterValue);
      case 'f':
        return StepIf(ReadWord("false", JsonType::kBool, false), Step::kAfterValue);
      case 'n':
        return StepIf(ReadWord("null", JsonType::kNull, false), Step::kAfterValue);
      default:
        return StepIf(ReadNumber(), Step::kAfterValue);
    }
  }

  // Behind a whole value: what its container, if any, allows next.
  Step AfterValue() {
    if (scratch_.open.empty()) return Step::kDone;
    SkipSpace();
    const bool in_object = scratch_.open.back().type == JsonType::kObject;
    if (NextIs(',')) {
      ++at_;
      SkipSpace();
      return in_object ? ReadKey() : Step::kValue;
    }
    if (NextIs(in_object ? '}' : ']')) return EndContainer();
    return StepIf(Unexpected(), Step::kFailed);
  }

  Step BeginContainer(JsonType type, char closing) {
    const std::size_t deepest = SeededFault("depth-off-by-one") ? max_depth_ + 1 : max_depth_;
    if (scratch_.open.size() >= deepest) return StepIf(FailHere("nested too deeply"), Step::kFailed);
    scratch_.open.push_back({type, Offset(at_), scratch_.pending.size()});
    ++at_;
    SkipSpace();
    if (NextIs(closing)) return EndContainer();
    return type == JsonType::kObject ? ReadKey() : Step::kValue;
  }

  // Key and colon of a member.
  Step ReadKey() {
    if (!NextIs('"')) return StepIf(Unexpected(), Step::kFailed);
    if (!ReadString()) return Step::kFailed;
    SkipSpace();
    if (!NextIs(':')) return StepIf(Unexpected(), Step::kFailed);
    ++at_;
    SkipSpace();
    return Step::kValue;
  }

  // At the closing bracket: the children leave `pending` for their final place, the container takes theirs.
  Step EndContainer() {
    ++at_;
    const Open open = scratch_.open.back();
    scratch_.open.pop_back();
    const auto children = scratch_.pending.begin() + static_cast<std::ptrdiff_t>(open.children);
    const auto child_nodes = static_cast<std::uint32_t>(scratch_.pending.end() - children);
    Node node;
    node.type = open.type;
    node.begin = open.begin;
    node.end = Offset(at_);
    node.first = static_cast<std::uint32_t>(document_.nodes_.size());
    node.count = open.type == JsonType::kObject ? child_nodes / 2 : child_nodes;
    document_.nodes_.insert(document_.nodes_.end(), children, scratch_.pending.end());
    scratch_.pending.resize(open.children);
    scratch_.pending.push_back(node);
    return StepIf(open.type == JsonType::kArray || KeysAreDistinct(node), Step::kAfterValue);
  }

  std::string_view KeyText(std::uint32_t node) const { return document_.TextOf(document_.nodes_[node]); }

  bool FailDuplicate(std::uint32_t key) { return FailAt(begin_ + document_.nodes_[key].begin, "duplicate key"); }

  bool KeysAreDistinct(const Node& object) {
    if (SeededFault("duplicate-keys-last-wins")) return true;
    return object.count <= kPairwiseMembers ? ComparePairwise(object) : CompareSorted(object);
  }

  bool ComparePairwise(const Node& object) {
    const std::uint32_t end = object.first + object.count * 2;
    for (std::uint32_t key = object.first + 2; key < end; key += 2) {
      for (std::uint32_t earlier = object.first; earlier < key; earlier += 2) {
        if (KeyText(earlier) == KeyText(key)) return FailDuplicate(key);
      }
    }
    return true;
  }

  // Any order that brings equals together will do. By hash first, which spares most comparisons of bytes; keys made to
  // collide still cost no more than a sort of their texts.
  bool CompareSorted(const Node& object) {
    std::vector<HashedKey>& keys = scratch_.keys;
    keys.resize(object.count);
    for (std::uint32_t i = 0; i < object.count; ++i) {
      const std::uint32_t key = object.first + i * 2;
      keys[i] = {std::hash<std::string_view>()(KeyText(key)), key};
    }
    std::sort(keys.begin(), keys.end(), [this](const HashedKey& a, const HashedKey& b) {
      return a.hash != b.hash ? a.hash < b.hash : KeyText(a.key) < KeyText(b.key);
    });
    const auto equal = std::adjacent_find(keys.begin(), keys.end(), [this](const HashedKey& a, const HashedKey& b) {
      return a.hash == b.hash && KeyText(a.key) == KeyText(b.key);
    });
    return equal == keys.end() || FailDuplicate(std::max(equal[0].key, equal[1].key));
  }

  bool ReadWord(std::string_view word, JsonType type, bool boolean) {
    const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
    if (!rest.starts_with(word)) return FailHere("unexpected character");
    Node node;
    node.type = type;
    node.boolean = boolean;
    node.begin = Offset(at_);
    at_ += word.size();
    node.end = Offset(at_);
    scratch_.pending.push_back(node);
    return true;
  }

  bool ReadNumber() {
    Node node;
    node.type = JsonType::kNumber;
    node.begin = Offset(at_);
    if (NextIs('-')) ++at_;
    if (at_ == end_ || !IsDigit(*at_)) return Unexpected();
    if (*at_ == '0') {
      ++at_;
      if (at_ != end_ && IsDigit(*at_)) return FailHere("leading zero");
    } else {
      SkipDigits();
    }
    if (NextIs('.')) {
      ++at_;
      if (!ReadDigits()) return false;
    }
    if (NextIs('e') || NextIs('E')) {
      ++at_;
      if (NextIs('+') || NextIs('-')) ++at_;
      if (!ReadDigits()) return false;
    }
    node.end = Offset(at_);
    scratch_.pending.push_back(node);
    return true;
  }

  void SkipDigits() {
    while (at_ != end_ && IsDigit(*at_)) ++at_;
  }

  // One digit at least.
  bool ReadDigits() {
    if (at_ == end_ || !IsDigit(*at_)) return Unexpected();
    SkipDigits();
    return true;
  }

  // At the opening quote. Stays in the input as long as no escape occurs.
  bool ReadString() {
    Node node;
    node.type = JsonType::kString;
    node.begin = Offset(at_);
    ++at_;
    const char* const text = at_;
    if (!SkipToQuoteOrBackslash()) return false;
    if (*at_ == '"') {
      node.first = Offset(text);
      node.count = Offset(at_) - node.first;
    } else {
      node.had_escapes = true;
      if (!ReadEscapedString(text, &node)) return false;
    }
    ++at_;
    node.end = Offset(at_);
    scratch_.pending.push_back(node);
    return true;
  }

  // Checks the bytes on the way.
  bool SkipToQuoteOrBackslash() {
    const char* at = at_;
    for (;;) {
      while (at != end_ && kStringBytes[Byte(*at)] == StringByte::kPlain) ++at;
      at_ = at;
      if (at == end_) return FailHere("unterminated string");
      switch (kStringBytes[Byte(*at)]) {
        case StringByte::kQuote:
        case StringByte::kBackslash:
          return true;
        case StringByte::kControl:
          return FailHere(*at == '\0' ? "NUL byte" : "control character in a string");
        default:
          break;
      }
      const std::size_t length = MultibyteSequenceLength(at, end_);
      if (length == 0) return FailHere("invalid UTF-8");
      at += length;
    }
  }

  // At the first backslash of the string whose text starts at `text`; ends at the closing quote.
  bool ReadEscapedString(const char* text, Node* node) {
    char* out = UnescapedSpace(text);
    node->first = static_cast<std::uint32_t>(out - document_.unescaped_.get());
    for (;;) {
      const auto plain = static_cast<std::size_t>(at_ - text);
      std::memcpy(out, text, plain);
      out += plain;
      if (*at_ == '"') break;
      if (!ReadEscape(&out)) return false;
      text = at_;
      if (!SkipToQuoteOrBackslash()) return false;
    }
    unescaped_end_ = out;
    node->count = static_cast<std::uint32_t>(out - document_.unescaped_.get()) - node->first;
    return true;
  }

  // An escape is never shorter than what it stands for: what is left of the input at the first one bounds all texts.
  char* UnescapedSpace(const char* text) {
    if (!document_.unescaped_) {
      document_.unescaped_.reset(new char[static_cast<std::size_t>(end_ - text)]);
      unescaped_end_ = document_.unescaped_.get();
    }
    return unescaped_end_;
  }

  // At a backslash.
  bool ReadEscape(char** out) {
    const char* const escape = at_;
    ++at_;
    if (at_ == end_) return FailHere("unterminated string");
    if (*at_ == 'u') {
      ++at_;
      return ReadUnicodeEscape(escape, out);
    }
    const char meaning = kUnescaped[Byte(*at_)];
    if (meaning == 0) return FailAt(escape, "invalid escape");
    ++at_;
    *(*out)++ = meaning;
    return true;
  }

  // Behind `\u`.
  bool ReadUnicodeEscape(const char* escape, char** out) {
    std::uint32_t unit = 0;
    if (!ReadFourHexDigits(escape, &unit)) return false;
    if (unit == 0) return FailAt(escape, "escaped NUL");
    if (IsLowSurrogate(unit)) return FailAt(escape, "lone surrogate");
    if (IsHighSurrogate(unit)) {
      std::uint32_t low = 0;
      if (end_ - at_ < 2 || at_[0] != '\\' || at_[1] != 'u') return FailAt(escape, "lone surrogate");
      at_ += 2;
      if (!ReadFourHexDigits(escape, &low)) return false;
      if (!IsLowSurrogate(low)) return FailAt(escape, "lone surrogate");
      unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    }
    *out = PutUtf8(unit, *out);
    return true;
  }

  bool ReadFourHexDigits(const char* escape, std::uint32_t* unit) {
    if (end_ - at_ < 4) return FailAt(escape, "invalid escape");
    *unit = 0;
    for (int i = 0; i < 4; ++i) {
      const int digit = HexDigitValue(at_[i]);
      if (digit < 0) return FailAt(escape, "invalid escape");
      *unit = *unit << 4 | static_cast<std::uint32_t>(digit);
    }
    at_ += 4;
    return true;
  }

  const char* const begin_;
  const char* const end_;
  const char* at_;
  const std::size_t max_depth_;
  Scratch& scratch_;
  char* unescaped_end_ = nullptr;
  JsonDocument document_;
  JsonError error_;
};

Result<JsonDocument, JsonError> JsonDocument::Parse(std::string_view input, std::size_t max_depth) {
  MULTIHUB_CHECK(max_depth >= 1);
  return JsonParser(input, max_depth).Run();
}

std::string_view JsonDocument::TextOf(const Node& node) const {
  const char* const base = node.had_escapes ? unescaped_.get() : input_.data();
  return {base + node.first, node.count};
}

JsonType JsonValue::type() const {
  MULTIHUB_CHECK(present());
  return document_->nodes_[node_].type;
}

std::string_view JsonValue::string() const {
  MULTIHUB_CHECK(is_string());
  return document_->TextOf(document_->nodes_[node_]);
}

std::string_view JsonValue::number_text() const {
  MULTIHUB_CHECK(is_number());
  return raw();
}

bool JsonValue::boolean() const {
  MULTIHUB_CHECK(is_bool());
  return document_->nodes_[node_].boolean;
}

JsonValue JsonValue::operator[](std::string_view key) const {
  if (!is_object()) return {};
  const JsonDocument::Node& object = document_->nodes_[node_];
  const std::uint32_t end = object.first + object.count * 2;
  for (std::uint32_t i = object.first; i < end; i += 2) {
    if (document_->TextOf(document_->nodes_[i]) == key) return JsonValue(document_, i + 1);
  }
  return {};
}

std::size_t JsonValue::size() const { return is_array() || is_object() ? document_->nodes_[node_].count : 0; }

JsonValue JsonValue::at(std::size_t index) const {
  MULTIHUB_CHECK(is_array() && index < size());
  return JsonValue(document_, document_->nodes_[node_].first + static_cast<std::uint32_t>(index));
}

std::string_view JsonValue::key_at(std::size_t index) const {
  MULTIHUB_CHECK(is_object() && index < size());
  const std::uint32_t key = document_->nodes_[node_].first + static_cast<std::uint32_t>(index) * 2;
  return document_->TextOf(document_->nodes_[key]);
}

JsonValue JsonValue::member_at(std::size_t index) const {
  MULTIHUB_CHECK(is_object() && index < size());
  return JsonValue(document_, document_->nodes_[node_].first + static_cast<std::uint32_t>(index) * 2 + 1);
}

std::string_view JsonValue::raw() const {
  MULTIHUB_CHECK(present());
  const JsonDocument::Node& node = document_->nodes_[node_];
  return document_->input_.substr(node.begin, node.end - node.begin);
}

}  // namespace multihub::base
