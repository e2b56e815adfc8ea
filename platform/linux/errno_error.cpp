#include "platform/linux/errno_error.hpp"

#include <cerrno>

namespace kiln::platform {

Error error_from_errno(int number) {
    ErrorCode code = ErrorCode::io_failed;
    switch (number) {
        case ENOENT:
            code = ErrorCode::not_found;
            break;
        case EACCES:
        case EPERM:
        case EROFS:
            code = ErrorCode::permission_denied;
            break;
        case ENOSPC:
        case EDQUOT:
            code = ErrorCode::no_space;
            break;
        case EEXIST:
            code = ErrorCode::already_exists;
            break;
        default:
            break;
    }
    return {.code = code, .detail = static_cast<std::uint64_t>(number)};
}

}  // namespace kiln::platform
