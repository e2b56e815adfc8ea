// A file that is written at the end of a long command: that it can be is known from the beginning.
// Whatever was there stays until the new contents are complete. Links are followed; what is no
// regular file (a pipe, /dev/null) is written to and never replaced, and a pipe waited for until
// somebody reads it.
#pragma once

#include <string>

namespace kiln::app {

class LateFile {
  public:
    // Throws Failure, naming `flag`.
    LateFile(const std::string& flag, const std::string& path);
    ~LateFile();  // removes what was not finished
    LateFile(const LateFile&) = delete;
    LateFile& operator=(const LateFile&) = delete;

    void finish(const std::string& contents);

  private:
    [[noreturn]] void fail() const;

    std::string flag_;
    std::string path_;
    std::string target_;  // what path_ leads to
    std::string part_;    // takes its place in the end; empty: written to as it is
    int file_ = -1;
};

}  // namespace kiln::app
