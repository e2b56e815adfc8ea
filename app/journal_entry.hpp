// A log entry as the systemd journal takes it.
#pragma once

#include <string>

#include "app/log_entry.hpp"

namespace kiln::app {

// "4" for a warning: syslog's numbers.
char journal_priority(Severity severity);

// The payload of a datagram in the Journal Native Protocol: MESSAGE, PRIORITY, SYSLOG_IDENTIFIER,
// KILN_EVENT, and every single value of the entry's fields as KILN_<NAME>.
std::string journal_entry(const LogEntry& entry);

}  // namespace kiln::app
