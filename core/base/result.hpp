// Result<T>: a value or an Error.
//
// std::expected is C++23 and absent from the compilers Kiln supports, so this is the small part of
// it that core needs: no exceptions, no heap, trivially copyable where T is.
#pragma once

#include <type_traits>
#include <utility>

#include "core/base/check.hpp"
#include "core/base/error.hpp"

namespace kiln {

template <typename T>
class [[nodiscard]] Result {
    static_assert(std::is_trivially_destructible_v<T>, "a Result holds plain values");

  public:
    Result(T value) : value_(std::move(value)), has_value_(true) {}
    Result(Error error) : error_(error), has_value_(false) { CHECK(error.code != ErrorCode::none); }

    bool has_value() const { return has_value_; }
    explicit operator bool() const { return has_value_; }

    T& value() {
        CHECK(has_value_);
        return value_;
    }
    const T& value() const {
        CHECK(has_value_);
        return value_;
    }
    Error error() const {
        CHECK(!has_value_);
        return error_;
    }

  private:
    union {
        T value_;
        Error error_;
    };
    bool has_value_;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Error error) : error_(error) { CHECK(error.code != ErrorCode::none); }

    bool has_value() const { return error_.code == ErrorCode::none; }
    explicit operator bool() const { return has_value(); }
    Error error() const {
        CHECK(!has_value());
        return error_;
    }

  private:
    Error error_;
};

using Status = Result<void>;

}  // namespace kiln

// Returns the error of a Status to the caller, or goes on.
#define TRY(expression)                                  \
    do {                                                 \
        if (auto try_status = (expression); !try_status) \
            return try_status.error();                   \
    } while (false)
