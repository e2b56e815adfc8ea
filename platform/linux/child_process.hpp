// ChildProcess: this program started again as a child that cannot outlive its parent.
//
// The child runs the same executable file, even if that was replaced on disk meanwhile, and gets
// some of the parent's descriptors. When the parent's starting thread ends, by whatever means, the
// kernel kills the child. Not thread-safe; start() from a thread that lives as long as the child
// should.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.hpp"

namespace kiln::platform {

struct ChildEnd {
    int exit_code = 0;  // if it was not ended by a signal
    int signal = 0;     // that ended it; 0: none

    bool is_exit(int code) const { return signal == 0 && exit_code == code; }
};

class ChildProcess {
  public:
    ChildProcess() = default;
    ~ChildProcess();  // kills it
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    // Starts `/proc/self/exe arguments...`. The given descriptors are open in the child under the
    // same numbers. CHECK: none is running. Errors carry the system's number.
    Status start(const std::vector<std::string>& arguments, std::span<const int> descriptors);

    // How it ended, if it has. Does not wait.
    std::optional<ChildEnd> poll();
    // Ends it at once, and waits for it to be gone.
    ChildEnd kill();

    bool is_running() const { return pid_ > 0; }
    int pid() const { return pid_; }
    // Readable once the child has ended; -1 if the kernel has no such thing.
    int descriptor() const { return descriptor_; }

  private:
    std::optional<ChildEnd> wait(int options);

    int pid_ = -1;
    int descriptor_ = -1;
};

// In the child: ends it when the parent is gone. False when the parent is gone already.
bool die_with_parent(int parent_pid);

}  // namespace kiln::platform
