#include "app/play/line_inbox.hpp"

#include <cerrno>
#include <cstdint>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "app/failure.hpp"
#include "app/play/dialogue.hpp"

namespace kiln::app {
namespace {

// How late a signal may be noticed.
constexpr int poll_ms = 100;
constexpr std::size_t read_bytes = 4096;

}  // namespace

LineInbox::LineInbox(int input, int output, IsUrgent is_urgent)
    : input_(input),
      output_(output),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      is_urgent_(is_urgent) {
    if (wake_ < 0)
        throw Failure(ExitCode::system_refuses, "the system grants no more open files");
    thread_ = std::thread([this] { listen(); });
}

LineInbox::~LineInbox() {
    done_.store(true, std::memory_order_relaxed);
    wake();
    thread_.join();
    ::close(wake_);
}

std::optional<std::string> LineInbox::next() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return !lines_.empty() || has_ended_ || is_abandoned(); });
    if (lines_.empty() || is_abandoned())
        return std::nullopt;
    const bool was_full = is_full();
    std::string line = std::move(lines_.front());
    lines_.pop_front();
    waiting_bytes_ -= line.size();
    if (is_urgent_ != nullptr && is_urgent_(line) && --urgent_ == 0)
        stop_.store(is_abandoned(), std::memory_order_relaxed);
    if (was_full)
        wake();
    return line;
}

void LineInbox::listen() {
    while (!done_.load(std::memory_order_relaxed)) {
        bool may_read = false;
        {
            const std::lock_guard lock(mutex_);
            may_read = !has_ended_ && !is_full();
        }
        // A descriptor below zero is passed over.
        pollfd watched[] = {
            {wake_, POLLIN, 0}, {output_, 0, 0}, {may_read ? input_ : -1, POLLIN, 0}};
        const int ready = ::poll(watched, 3, poll_ms);
        if (interrupted_.load(std::memory_order_relaxed))
            return abandon();
        if (ready <= 0)  // nothing, or a signal that was not ours
            continue;
        if ((watched[1].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
            return abandon();
        std::uint64_t count = 0;
        if (watched[0].revents != 0)
            (void)!::read(wake_, &count, sizeof(count));
        if (watched[2].revents != 0)
            read_some();
    }
}

void LineInbox::read_some() {
    char bytes[read_bytes];
    const ssize_t count = ::read(input_, bytes, sizeof(bytes));
    if (count > 0)
        return take({bytes, static_cast<std::size_t>(count)});
    if (count < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    end_input();
}

void LineInbox::take(std::string_view bytes) {
    for (const char c : bytes) {
        if (c == '\n')
            push_line();
        else if (partial_.size() <= line_bytes_max)
            partial_ += c;
    }
}

void LineInbox::push_line() {
    {
        const std::lock_guard lock(mutex_);
        waiting_bytes_ += partial_.size();
        if (is_urgent_ != nullptr && is_urgent_(partial_)) {
            ++urgent_;
            stop_.store(true, std::memory_order_relaxed);
        }
        lines_.push_back(std::move(partial_));
    }
    partial_.clear();
    arrived_.notify_one();
}

void LineInbox::end_input() {
    if (!partial_.empty())
        push_line();
    {
        const std::lock_guard lock(mutex_);
        has_ended_ = true;
    }
    arrived_.notify_one();
}

void LineInbox::abandon() {
    {
        const std::lock_guard lock(mutex_);
        abandoned_.store(true, std::memory_order_relaxed);
        stop_.store(true, std::memory_order_relaxed);
    }
    arrived_.notify_one();
}

bool LineInbox::is_full() const {
    return lines_.size() >= waiting_lines_max || waiting_bytes_ >= waiting_bytes_max;
}

void LineInbox::wake() {
    const std::uint64_t one = 1;
    (void)!::write(wake_, &one, sizeof(one));  // can only fail when it is awake already
}

}  // namespace kiln::app
