#include "platform/linux/journal.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace kiln::platform {

bool is_journal(int descriptor) {
    const char* const named = std::getenv("JOURNAL_STREAM");
    struct stat stream {};
    if (named == nullptr || ::fstat(descriptor, &stream) != 0)
        return false;
    char own[64];
    std::snprintf(own, sizeof(own), "%ju:%ju", static_cast<std::uintmax_t>(stream.st_dev),
                  static_cast<std::uintmax_t>(stream.st_ino));
    return std::strcmp(named, own) == 0;
}

bool send_to_journal(std::string_view entry, const char* socket) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (std::strlen(socket) >= sizeof(address.sun_path))
        return false;
    std::strcpy(address.sun_path, socket);
    const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return false;
    ssize_t sent = 0;
    do
        sent = ::sendto(descriptor, entry.data(), entry.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                        reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    while (sent < 0 && errno == EINTR);
    ::close(descriptor);
    return sent == static_cast<ssize_t>(entry.size());
}

}  // namespace kiln::platform
