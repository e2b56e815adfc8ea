// A file that is written at the end of a long command: that it can be is known from the beginning.
// Whatever was there stays until the new contents are complete.
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
    std::string part_;
    int file_ = -1;
};

}  // namespace kiln::app
