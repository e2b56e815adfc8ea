#include "platform/linux/check_report.hpp"

#include <cstdlib>
#include <cstring>

#include <sys/uio.h>
#include <unistd.h>

#include "core/base/check.hpp"

namespace kiln::platform {
namespace {

iovec piece(const char* text) {
    return {const_cast<char*>(text), std::strlen(text)};
}

}  // namespace

void report_and_abort(const char* condition, const char* file, int line) {
    char digits[12] = {};
    char* first = digits + sizeof(digits) - 1;
    do {
        *--first = static_cast<char>('0' + line % 10);
        line /= 10;
    } while (line > 0);

    const iovec pieces[] = {
        piece("kiln: internal error: CHECK("),
        piece(condition),
        piece(") failed at "),
        piece(file),
        piece(":"),
        piece(first),
        piece("; nothing was saved. The newest checkpoint on disk is intact; please report this "
              "line.\n"),
    };
    // One call, so that the line stays whole when several processes write to one terminal. Whether
    // anybody reads it cannot matter now.
    [[maybe_unused]] const ssize_t written =
        ::writev(STDERR_FILENO, pieces, static_cast<int>(sizeof(pieces) / sizeof(pieces[0])));
    std::abort();
}

void install_check_report() {
    set_check_handler(report_and_abort);
}

}  // namespace kiln::platform
