#include "core/base/check.hpp"

namespace kiln {
namespace {
CheckHandler installed_handler = nullptr;
}

void set_check_handler(CheckHandler handler) {
    installed_handler = handler;
}

void check_failed(const char* condition, const char* file, int line) {
    if (installed_handler != nullptr)
        installed_handler(condition, file, line);
    __builtin_trap();
}

}  // namespace kiln
