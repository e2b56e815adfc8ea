// RunLog: what a run did, in files under <state>/logs that people and programs can read later.
//
//     training_20261121_143005.log    2026-11-21T14:30:05.123Z info    games 1 to 100: ...
//     training_20261121_143005.jsonl  {"time":"2026-11-21T14:30:05.123Z","level":"info",...}
//
// Names and times are UTC, so that no hour occurs twice; how a pair of files is named, so that
// those after it sort behind it whatever the clock does, is in log_names.hpp. A pair that has grown
// to `pair_bytes` is followed by a new one, and the oldest pairs go before all of them together
// exceed `total_bytes` or `pairs`: a run of months stays within that. What lasts of a pair is kept
// before it goes (log_history.hpp), in at most `history_bytes`: so the same months have a curve,
// and their restarts are counted.
//
// Lines are whole or not there. They reach the system within a second, provided that flush() is
// called once a second, and warnings at once; a process that is killed loses no more, a power cut
// loses what the system had not written yet. The log never stops a run: what cannot be written (a
// full disk, a directory that is gone or forbidden) is dropped and counted, `warn` hears of it
// once, and the log goes on, with the count, as soon as it can. One thread. Writes can wait for the
// disk.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "app/log_entry.hpp"
#include "app/log_names.hpp"

namespace kiln::app {

class RunLog {
  public:
    using Time = std::chrono::system_clock::time_point;

    struct Limits {
        std::uint64_t pair_bytes = 16'000'000;
        std::uint64_t total_bytes = 128'000'000;  // with the history
        std::uint64_t history_bytes = 4'000'000;
        std::uint32_t pairs = 100;
    };

    // `state` exists. `warn` gets one line for people and must not throw; `now` is the time of day.
    RunLog(
        const std::string& state, Severity threshold, std::function<void(const std::string&)> warn,
        const Limits& limits,
        std::function<Time()> now = [] { return std::chrono::system_clock::now(); });
    RunLog(const std::string& state, Severity threshold,
           std::function<void(const std::string&)> warn)
        : RunLog(state, threshold, std::move(warn), Limits()) {}
    ~RunLog();
    RunLog(const RunLog&) = delete;
    RunLog& operator=(const RunLog&) = delete;

    // Entries below the threshold are left out.
    void set_threshold(Severity threshold) { threshold_ = threshold; }
    Severity threshold() const { return threshold_; }

    void write(const LogEntry& entry);
    void write(Severity severity, const std::string& event, const std::string& text) {
        write({severity, event, text});
    }
    void flush();

    // The text file being written, or the last one that was.
    const std::string& path() const { return text_.path; }
    std::uint64_t dropped_lines() const { return dropped_lines_; }

  private:
    struct File {
        int descriptor = -1;
        std::string path;
        std::string pending;      // whole lines that the system does not have yet
        std::uint64_t bytes = 0;  // that it has
    };

    void append(const LogEntry& entry);
    bool open_pair();
    bool open_new(File& file, const std::string& name);
    bool is_usable();
    void close_pair();
    bool write_pending(File& file);
    static void cut(File& file, std::uint64_t bytes);
    std::uint64_t bytes_of(const LogStamp& stamp) const;
    void remove_old(const LogListing& there);
    void keep_lasting(const LogStamp& until);
    void lose(int number);

    std::string state_;
    std::string directory_;
    Severity threshold_;
    std::function<void(const std::string&)> warn_;
    Limits limits_;
    std::function<Time()> now_;
    File text_;
    File json_;
    std::uint64_t pending_lines_ = 0;
    std::uint64_t dropped_lines_ = 0;
    std::uint64_t lost_lines_ = 0;  // of the present outage
    bool is_broken_ = false;
    bool is_history_broken_ = false;
};

}  // namespace kiln::app
