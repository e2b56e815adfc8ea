// LineInbox: the lines of an input, read on a thread of their own, so that a line can stop a search
// before anybody has asked for it.
//
// The stop flag is raised while an urgent line waits to be taken, and for ever once a signal came
// or nobody reads our output any more; the end of the input alone stops nothing, because what was
// asked is still to be answered. Lines come in order and without their ends; one that is longer
// than line_bytes_max is cut after one byte more. What waits is bounded: beyond it the input is
// left unread. next() belongs to one thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace kiln::app {

class LineInbox {
  public:
    using IsUrgent = bool (*)(std::string_view line);

    // Descriptors stay the caller's. is_urgent may be null: no line is. Throws system_refuses.
    LineInbox(int input, int output, IsUrgent is_urgent);
    ~LineInbox();
    LineInbox(const LineInbox&) = delete;
    LineInbox& operator=(const LineInbox&) = delete;

    // Waits for the next line. Nothing: there is none, or nobody is left to answer.
    std::optional<std::string> next();

    const std::atomic<bool>& stop() const { return stop_; }
    // For install_stop_signals().
    std::atomic<bool>& interrupted() { return interrupted_; }
    // Whether next() ended by a signal or because the output's reader is gone.
    bool is_abandoned() const { return abandoned_.load(std::memory_order_relaxed); }

  private:
    static constexpr std::size_t waiting_lines_max = 1024;
    static constexpr std::size_t waiting_bytes_max = 1u << 20;

    void listen();
    void read_some();
    void take(std::string_view bytes);
    void push_line();
    void end_input();
    void abandon();
    bool is_full() const;
    void wake();

    int input_;
    int output_;
    int wake_ = -1;  // eventfd: there is room again, or it is over
    IsUrgent is_urgent_;

    std::atomic<bool> stop_{false};
    std::atomic<bool> interrupted_{false};
    std::atomic<bool> abandoned_{false};
    std::atomic<bool> done_{false};

    std::mutex mutex_;  // of what follows
    std::condition_variable arrived_;
    std::deque<std::string> lines_;
    std::size_t waiting_bytes_ = 0;
    std::size_t urgent_ = 0;  // of lines_
    bool has_ended_ = false;

    std::string partial_;  // the thread's: a line whose end has not come yet
    std::thread thread_;
};

}  // namespace kiln::app
