// LogFollower: the lines of a run's JSON logs, oldest first, and those that are written meanwhile.
//
// Reads what lasts of logs that were removed, then <state>/logs/training_*.jsonl by age
// (log_names.hpp), and remembers how far it got. A line is given when its end is there. Lines that
// are longer than any of ours are passed over and counted, as is half a line at the end of a file
// that another follows. Files that vanish or cannot be read are left out; why is told. Memory does
// not grow with the logs. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "app/log_names.hpp"

namespace kiln::app {

class LogFollower {
  public:
    static constexpr std::size_t line_bytes_max = 64u << 10;

    using LineSink = std::function<void(std::string_view line)>;

    // until: no log that is newer; without it, all.
    explicit LogFollower(const std::string& state, std::optional<LogStamp> until = std::nullopt)
        : directory_(state + "/logs"), until_(std::move(until)) {}
    ~LogFollower() { close(); }
    LogFollower(const LogFollower&) = delete;
    LogFollower& operator=(const LogFollower&) = delete;

    // Reads on for about so many bytes. False: there was nothing more.
    bool read(const LineSink& sink, std::uint64_t bytes_max);

    // What was in the way of the last read() that gave something or failed: a file that could not
    // be read, or the directory. Empty: nothing was.
    const std::string& problem() const { return problem_; }
    std::uint64_t files() const { return files_; }
    std::uint64_t bytes() const { return bytes_; }
    std::uint64_t skipped_lines() const { return skipped_lines_; }

  private:
    // True: some bytes came.
    bool read_some(const LineSink& sink);
    void take(const LineSink& sink, std::string_view bytes);
    bool open_next();
    void end_line(const LineSink& sink);
    void close();

    std::string directory_;
    std::optional<LogStamp> until_;
    std::optional<LogStamp> stamp_;  // of the file being read, or read last; nothing: of none yet
    std::string path_;               // its
    bool has_missed_history_ = false;
    int descriptor_ = -1;
    std::uint64_t offset_ = 0;
    std::string partial_;
    bool is_overlong_ = false;
    std::string problem_;
    std::uint64_t files_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t skipped_lines_ = 0;
};

}  // namespace kiln::app
