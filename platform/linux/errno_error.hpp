// The operating system's error numbers as Kiln's errors. The number itself stays in detail.
#pragma once

#include "core/base/error.hpp"

namespace kiln::platform {

Error error_from_errno(int number);

}  // namespace kiln::platform
