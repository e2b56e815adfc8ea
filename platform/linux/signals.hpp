// Requests from a terminal or a service manager: to stop by SIGINT, SIGTERM and SIGHUP, or to
// reload by SIGHUP. SIGHUP that was ignored when the program was started (nohup) stays so.
//
// The first signal of a kind raises a flag that the run polls, so that it can end in order. The
// second of the same kind, unless it follows within 300 ms and so is the same request, ends the
// process at once, as people who press Ctrl-C twice expect. System calls are restarted.
// SIGPIPE is ignored, so that a vanished reader is an error of the write and not the end of the
// run. Process-wide. Install and restore from one thread; the flag may be read anywhere.
#pragma once

#include <atomic>

#include "core/base/result.hpp"

namespace kiln::platform {

// `stop` must outlive the handlers: until restore_stop_signals() or the next install. Installing
// again starts counting anew and arms both signals again.
Status install_stop_signals(std::atomic<bool>& stop);

// From now on SIGHUP raises this flag instead, as often as it comes, and ends nothing. `reload`
// must outlive the handlers.
Status install_reload_signal(std::atomic<bool>& reload);

// Whether this process has a terminal whose end it would be told of by SIGHUP.
bool has_terminal();

// Gives SIGINT, SIGTERM, SIGHUP and SIGPIPE back their default action; SIGHUP that is ignored stays
// so.
void restore_stop_signals();

// Both, for as long as it lives. `stop` must live longer.
class StopSignals {
  public:
    explicit StopSignals(std::atomic<bool>& stop) {
        (void)install_stop_signals(stop);  // cannot fail for these signals
    }
    ~StopSignals() { restore_stop_signals(); }
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;
};

// Called before a second signal of a kind ends the process, in its handler: async-signal-safe, and
// never to wait, for what it waits for may be why there is a second one. nullptr: nothing is.
void set_end_hook(void (*hook)());

// How many stop signals came since the handlers were installed, and which came last (0: none).
unsigned stop_signals_received();
int last_stop_signal();

}  // namespace kiln::platform
