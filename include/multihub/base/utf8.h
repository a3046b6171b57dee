// UTF-8 texts.
#pragma once

#include <cstddef>
#include <string_view>

namespace multihub::base {

// Well formed by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool IsValidUtf8(std::string_view text);
// Number of Unicode characters of a valid text.
std::size_t CountUtf8Characters(std::string_view text);
// U+0000..U+001F, U+007F..U+009F anywhere in a valid text.
bool HasControlCharacters(std::string_view text);

}  // namespace multihub::base
