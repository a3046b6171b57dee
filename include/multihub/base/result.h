// Result<T, E>: a value or an expected refusal.
//
// Refusals we expect are values; exceptions are for our own mistakes and stop at the folder that owns the
// throwing library. Reading value() of a failure (or error() of a success) is a programming error: it aborts,
// in release builds too.
#pragma once

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "multihub/base/check.h"

namespace multihub::base {

template <typename E>
struct Failure {
  E error;
};

// `return Fail(refusal);` from any function that returns Result<T, Refusal>.
template <typename E>
[[nodiscard]] Failure<std::decay_t<E>> Fail(E&& error) {
  return Failure<std::decay_t<E>>{std::forward<E>(error)};
}

struct Unit {};

template <typename T, typename E>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Failure<E> failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  const T& value() const& {
    MULTIHUB_CHECK(ok());
    return std::get<0>(state_);
  }
  T& value() & {
    MULTIHUB_CHECK(ok());
    return std::get<0>(state_);
  }
  T&& value() && {
    MULTIHUB_CHECK(ok());
    return std::get<0>(std::move(state_));
  }
  const E& error() const& {
    MULTIHUB_CHECK(!ok());
    return std::get<1>(state_);
  }
  E&& error() && {
    MULTIHUB_CHECK(!ok());
    return std::get<1>(std::move(state_));
  }
  const T& operator*() const& { return value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

 private:
  std::variant<T, E> state_;
};

}  // namespace multihub::base
