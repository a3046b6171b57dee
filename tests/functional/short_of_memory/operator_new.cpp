// Preloaded into a gateway: memory runs out for every allocation of exactly SHORT_OF_MEMORY_FOR bytes, and for no
// other.
#include <dlfcn.h>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

using OperatorNew = void* (*)(std::size_t);

std::size_t FailingSize() {
  const char* text = std::getenv("SHORT_OF_MEMORY_FOR");
  return text == nullptr ? 0 : std::strtoull(text, nullptr, 10);
}

}  // namespace

void* operator new(std::size_t size) {
  static const std::size_t failing = FailingSize();
  static const auto next = reinterpret_cast<OperatorNew>(::dlsym(RTLD_NEXT, "_Znwm"));
  if (size == failing) throw std::bad_alloc();
  return next(size);
}
