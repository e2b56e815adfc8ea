// Work for many searchers, told in the order it was asked for.
//
// Every worker has a searcher and a table of its own, and what is known from other items counts for
// nothing, so that an answer does not depend on who gives it, nor its node count on how many
// workers there are. Answers that are ready early wait; a worker that is far ahead waits too, so
// that the memory held does not grow with the number of items.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "app/failure.hpp"
#include "app/model_file.hpp"
#include "platform/linux/worker_team.hpp"

namespace kiln::app {

template <typename Item>
struct OrderedWork {
    // Fills in the next item; false when there is none. By any worker, one at a time.
    std::function<bool(Item&)> next;
    // Works on it; false if it was stopped. By every worker at the same time.
    std::function<bool(othello::Searcher&, Item&)> work;
    // By the caller of work_in_order(), in order; after a stop some may be missing.
    std::function<void(const Item&)> tell;
    // The same, every tenth of a second or so.
    std::function<void()> while_waiting;
};

namespace ordered_work {

constexpr auto poll_interval = std::chrono::milliseconds(10);
constexpr int polls_between_calls = 10;
constexpr std::uint64_t ahead_max = 1024;

template <typename Item>
class ItemJob final : public Job {
  public:
    ItemJob(PlayingModel& model, unsigned workers, const std::atomic<bool>& stop,
            const OrderedWork<Item>& work)
        : model_(model), stop_(stop), work_(work), working_(workers) {}

    void work(unsigned worker) override {
        othello::Searcher& searcher = model_.searcher(worker);
        Item item;
        while (const auto number = take(item)) {
            searcher.table().begin_game();
            if (work_.work(searcher, item))
                give(*number, std::move(item));
            item = Item();
        }
        working_.fetch_sub(1, std::memory_order_release);
    }

    bool is_working() const { return working_.load(std::memory_order_acquire) > 0; }

    // The items that are next in order; when nobody works any more, all that are left.
    std::vector<Item> collect() {
        const bool is_last = !is_working();
        std::vector<Item> ready;
        const std::lock_guard lock(mutex_);
        while (!done_.empty() && (is_last || done_.begin()->first == told_)) {
            told_ = done_.begin()->first + 1;
            ready.push_back(std::move(done_.begin()->second));
            done_.erase(done_.begin());
        }
        if (!ready.empty())
            room_.notify_all();
        return ready;
    }

    // After the team has ended.
    void rethrow() const {
        if (failure_)
            std::rethrow_exception(failure_);
    }

  private:
    bool is_stopping() const { return stop_.load(std::memory_order_relaxed); }

    std::optional<std::uint64_t> take(Item& item) {
        std::unique_lock lock(mutex_);
        while (taken_ >= told_ + ahead_max && !is_stopping())
            room_.wait_for(lock, poll_interval);
        if (is_exhausted_ || is_stopping())
            return std::nullopt;
        try {
            is_exhausted_ = !work_.next(item);
        } catch (...) {
            is_exhausted_ = true;
            failure_ = std::current_exception();
        }
        if (is_exhausted_)
            return std::nullopt;
        return taken_++;
    }

    void give(std::uint64_t number, Item&& item) {
        const std::lock_guard lock(mutex_);
        done_.emplace(number, std::move(item));
    }

    PlayingModel& model_;
    const std::atomic<bool>& stop_;
    const OrderedWork<Item>& work_;
    std::atomic<unsigned> working_;
    std::mutex mutex_;  // of everything below
    std::condition_variable room_;
    std::uint64_t taken_ = 0;
    std::uint64_t told_ = 0;
    bool is_exhausted_ = false;
    std::map<std::uint64_t, Item> done_;
    std::exception_ptr failure_;
};

}  // namespace ordered_work

// Returns when everything is told, or after a stop. Throws what `next` throws, when what came
// before it is told, and what `tell` throws, when `stop` is raised and the workers have ended;
// system_refuses if there are no threads to be had.
template <typename Item>
void work_in_order(PlayingModel& model, unsigned workers, std::atomic<bool>& stop,
                   const OrderedWork<Item>& work) {
    ordered_work::ItemJob<Item> job(model, workers, stop, work);
    platform::WorkerTeam team;
    if (const Status launched = team.launch(workers, model.worker_stacks()); !launched)
        throw Failure(
            ExitCode::system_refuses,
            fmt::format("--threads: the system does not grant {} threads; give fewer", workers));
    team.start(job);
    try {
        for (int polls = 1; job.is_working(); ++polls) {
            std::this_thread::sleep_for(ordered_work::poll_interval);
            for (const Item& item : job.collect())
                work.tell(item);
            if (polls % ordered_work::polls_between_calls == 0)
                work.while_waiting();
        }
    } catch (...) {
        stop.store(true, std::memory_order_relaxed);  // or the team would finish the file first
        team.wait();
        throw;
    }
    team.wait();
    for (const Item& item : job.collect())
        work.tell(item);
    job.rethrow();
}

}  // namespace kiln::app
