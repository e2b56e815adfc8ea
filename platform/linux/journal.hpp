// The systemd journal: whether a stream leads there, and entries of named fields.
//
// A stream is the journal's if JOURNAL_STREAM names its device and inode (systemd.exec(5)); its
// lines may begin with <N>, their priority (sd-daemon(3)). An entry is a datagram to the journal's
// own socket, whose payload Journal Native Protocol (systemd.io) describes. Nothing waits.
// Thread-safe.
#pragma once

#include <string_view>

namespace kiln::platform {

bool is_journal(int descriptor);

constexpr const char* journal_socket = "/run/systemd/journal/socket";

// False: there is no journal there, or it does not take the entry now.
bool send_to_journal(std::string_view entry, const char* socket = journal_socket);

}  // namespace kiln::platform
