#include "platform/linux/worker_team.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "platform/linux/mapping.hpp"
#include "platform/linux/process_info.hpp"
#include "tests/support/check_death.hpp"

namespace kiln::platform {
namespace {

constexpr std::uint64_t stack_bytes = 1 << 20;  // ThreadSanitizer keeps 0.9 MB of it for itself

template <typename Function>
class FunctionJob final : public Job {
  public:
    explicit FunctionJob(Function function) : function_(std::move(function)) {}
    void work(unsigned worker) override { function_(worker); }

  private:
    Function function_;
};

// A team on stacks of its own.
class Workers {
  public:
    explicit Workers(unsigned count, TeamOptions options = {}) {
        CHECK(stacks_.map(WorkerTeam::stack_region_bytes(count, stack_bytes)));
        CHECK(team.launch(count, stacks_.span(), options));
    }
    std::span<std::byte> stacks() const { return stacks_.span(); }

  private:
    Mapping stacks_;

  public:
    WorkerTeam team;  // goes before the stacks
};

TEST(WorkerTeam, runs_every_worker_once_a_round) {
    for (const unsigned count : {1u, 2u, 4u, 13u}) {
        Workers workers(count);
        EXPECT_EQ(workers.team.size(), count);
        std::vector<int> runs(count);
        FunctionJob job([&](unsigned worker) { ++runs[worker]; });
        workers.team.run(job);
        workers.team.run(job);
        EXPECT_EQ(runs, std::vector<int>(count, 2));
    }
}

TEST(WorkerTeam, start_returns_while_the_job_still_runs) {
    Workers workers(2);
    std::atomic<bool> may_end{false};
    std::atomic<int> ended{0};
    FunctionJob job([&](unsigned) {
        may_end.wait(false);
        ++ended;
    });
    workers.team.start(job);
    EXPECT_EQ(ended.load(), 0);
    may_end.store(true);
    may_end.notify_all();
    workers.team.wait();
    EXPECT_EQ(ended.load(), 2);
}

TEST(WorkerTeam, no_wake_up_is_lost_and_plain_memory_is_handed_over_both_ways) {
    constexpr unsigned count = 3;
    constexpr std::uint64_t rounds = 5'000;
    Workers workers(count);
    std::uint64_t written_by_caller = 0;
    std::vector<std::uint64_t> written_by_worker(count * 8);
    FunctionJob job([&](unsigned worker) { written_by_worker[worker * 8] += written_by_caller; });
    for (std::uint64_t round = 1; round <= rounds; ++round) {
        written_by_caller = round;
        workers.team.run(job);
        for (unsigned worker = 0; worker < count; ++worker)
            ASSERT_EQ(written_by_worker[worker * 8], round * (round + 1) / 2);
    }
}

TEST(WorkerTeam, waiting_without_a_job_returns_at_once) {
    Workers workers(2);
    workers.team.wait();
    workers.team.wait();
}

TEST(WorkerTeam, works_on_the_stacks_it_was_given) {
    constexpr unsigned count = 3;
    Workers workers(count);
    std::vector<std::uintptr_t> address(count);
    FunctionJob job([&](unsigned worker) {
        pthread_attr_t attributes;
        void* start = nullptr;
        std::size_t length = 0;
        ::pthread_getattr_np(::pthread_self(), &attributes);
        ::pthread_attr_getstack(&attributes, &start, &length);
        ::pthread_attr_destroy(&attributes);
        address[worker] = reinterpret_cast<std::uintptr_t>(start);
    });
    workers.team.run(job);
    const auto first = reinterpret_cast<std::uintptr_t>(workers.stacks().data());
    for (const std::uintptr_t start : address) {
        EXPECT_GE(start, first);
        EXPECT_LT(start + stack_bytes, first + workers.stacks().size() + 1);
    }
    EXPECT_EQ(std::set<std::uintptr_t>(address.begin(), address.end()).size(), count);
}

TEST(WorkerTeam, an_overflowing_stack_meets_a_guard_page) {
    // The child starts from main(): a fork of a process with threads is not safe everywhere.
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    Workers workers(2);
    volatile std::byte* const lowest = workers.stacks().data();
    EXPECT_DEATH(*lowest = std::byte{1}, "");
}

TEST(WorkerTeam, gives_the_stacks_back_as_ordinary_memory) {
    Mapping stacks;
    ASSERT_TRUE(stacks.map(WorkerTeam::stack_region_bytes(2, stack_bytes)));
    {
        WorkerTeam team;
        ASSERT_TRUE(team.launch(2, stacks.span()));
    }
    std::fill(stacks.span().begin(), stacks.span().end(), std::byte{7});
    EXPECT_EQ(stacks.span()[0], std::byte{7});
}

TEST(WorkerTeam, accepts_memory_that_is_not_whole_pages) {
    Mapping memory;
    ASSERT_TRUE(memory.map(WorkerTeam::stack_region_bytes(2, stack_bytes) + 2 * 65'536));
    WorkerTeam team;
    ASSERT_TRUE(team.launch(2, memory.span().subspan(100)));
    std::atomic<int> runs{0};
    FunctionJob job([&](unsigned) { ++runs; });
    team.run(job);
    EXPECT_EQ(runs.load(), 2);
}

TEST(WorkerTeam, can_be_launched_again_after_it_was_shut_down) {
    Mapping stacks;
    ASSERT_TRUE(stacks.map(WorkerTeam::stack_region_bytes(3, stack_bytes)));
    WorkerTeam team;
    std::atomic<unsigned> runs{0};
    FunctionJob job([&](unsigned) { ++runs; });
    for (const unsigned count : {3u, 1u, 2u}) {
        ASSERT_TRUE(team.launch(count, stacks.span()));
        EXPECT_EQ(team.size(), count);
        ::usleep(5'000);  // workers that come first must wait for their job
        team.run(job);
        team.shut_down();
        EXPECT_EQ(team.size(), 0u);
        team.shut_down();
    }
    EXPECT_EQ(runs.load(), 6u);
}

TEST(WorkerTeam, going_away_waits_for_the_job) {
    std::atomic<int> ended{0};
    FunctionJob job([&](unsigned) {
        ::usleep(20'000);
        ++ended;
    });
    {
        Workers workers(2);
        workers.team.start(job);
    }
    EXPECT_EQ(ended.load(), 2);
}

TEST(WorkerTeam, names_its_threads_and_keeps_signals_off_them) {
    Workers workers(12);
    std::vector<std::string> names(12, std::string(16, '\0'));
    std::vector<int> are_blocked(12);
    FunctionJob job([&](unsigned worker) {
        ::pthread_getname_np(::pthread_self(), names[worker].data(), 16);
        sigset_t blocked;
        ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
        are_blocked[worker] = sigismember(&blocked, SIGINT) == 1 &&
                              sigismember(&blocked, SIGTERM) == 1 &&
                              sigismember(&blocked, SIGSEGV) == 0;
    });
    workers.team.run(job);
    for (unsigned worker = 0; worker < 12; ++worker) {
        EXPECT_STREQ(names[worker].c_str(), ("kiln-work-" + std::to_string(worker)).c_str());
        EXPECT_TRUE(are_blocked[worker]);
    }
    sigset_t blocked;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    EXPECT_EQ(sigismember(&blocked, SIGTERM), 0);
}

std::vector<std::set<int>> cpus_of(WorkerTeam& team) {
    std::vector<std::set<int>> cpus(team.size());
    FunctionJob job([&](unsigned worker) {
        cpu_set_t own;
        ::sched_getaffinity(0, sizeof(own), &own);
        for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
            if (CPU_ISSET(static_cast<unsigned>(cpu), &own))
                cpus[worker].insert(cpu);
    });
    team.run(job);
    return cpus;
}

TEST(WorkerTeam, ties_each_worker_to_a_cpu_of_its_own) {
    const unsigned allowed = allowed_cpu_count();
    Workers workers(std::min(allowed, WorkerTeam::capacity));
    std::set<int> all;
    const std::vector<std::set<int>> cpus = cpus_of(workers.team);
    for (unsigned worker = 0; worker < workers.team.size(); ++worker) {
        EXPECT_EQ(cpus[worker], std::set<int>{workers.team.pinned_cpu(worker)});
        all.insert(workers.team.pinned_cpu(worker));
    }
    EXPECT_EQ(all.size(), workers.team.size());
}

TEST(WorkerTeam, ties_nobody_when_there_are_more_workers_than_cpus_or_it_is_not_wanted) {
    const unsigned allowed = allowed_cpu_count();
    if (allowed < WorkerTeam::capacity) {
        Workers many(allowed + 1);
        for (const std::set<int>& cpus : cpus_of(many.team))
            EXPECT_EQ(cpus.size(), allowed);
        EXPECT_EQ(many.team.pinned_cpu(0), -1);
    }
    Workers free(1, {.pin = false});
    EXPECT_EQ(cpus_of(free.team)[0].size(), allowed);
    EXPECT_EQ(free.team.pinned_cpu(0), -1);
}

TEST(WorkerTeam, rounds_do_not_allocate) {
    Workers workers(2);
    FunctionJob job([](unsigned) {});
    workers.team.run(job);
    const auto before = ::mallinfo2().uordblks;
    for (int round = 0; round < 100; ++round)
        workers.team.run(job);
    EXPECT_EQ(::mallinfo2().uordblks, before);
}

// Writes to every word of a frame of 256 KiB, and waits in it when it is told to.
constexpr std::uint64_t deep_bytes = 256u << 10;

__attribute__((noinline)) std::uint64_t go_deep(const std::atomic<bool>& may_return) {
    volatile std::uint64_t frame[deep_bytes / sizeof(std::uint64_t)];
    for (std::uint64_t i = 0; i < deep_bytes / sizeof(std::uint64_t); ++i)
        frame[i] = i;
    may_return.wait(false);
    return frame[1];
}

TEST(WorkerTeam, knows_how_deep_each_worker_went_also_while_it_is_there) {
    constexpr std::uint64_t slack = 32u << 10;  // frames around the large one, with sanitizers
    Mapping stacks;
    ASSERT_TRUE(stacks.map(WorkerTeam::stack_region_bytes(2, 4 * stack_bytes)));
    WorkerTeam team;
    ASSERT_TRUE(team.launch(2, stacks.span()));
    EXPECT_GE(team.stack_bytes(), 4 * stack_bytes);
    const std::uint64_t idle = team.stack_peak_bytes(0);
    EXPECT_GT(idle, 0u);
    EXPECT_LT(idle, stack_bytes);

    std::atomic<bool> is_deep{false};
    std::atomic<bool> may_return{false};
    FunctionJob job([&](unsigned worker) {
        if (worker != 1)
            return;
        std::atomic<bool> at_once{true};
        go_deep(at_once);
        is_deep.store(true);
        is_deep.notify_all();
        go_deep(may_return);
    });
    team.start(job);
    is_deep.wait(false);
    const std::uint64_t peak = team.stack_peak_bytes(1);
    EXPECT_GE(peak, deep_bytes);
    EXPECT_LE(peak, idle + deep_bytes + slack);
    EXPECT_LE(team.stack_peak_bytes(0), idle + slack);
    may_return.store(true);
    may_return.notify_all();
    team.wait();
    // A high-water mark: coming back does not lower it.
    EXPECT_GE(team.stack_peak_bytes(1), peak);
    EXPECT_LE(team.stack_peak_bytes(1), peak + slack);
}

TEST(WorkerTeam, paints_the_stacks_anew_at_every_launch) {
    Mapping stacks;
    ASSERT_TRUE(stacks.map(WorkerTeam::stack_region_bytes(1, 4 * stack_bytes)));
    WorkerTeam team;
    ASSERT_TRUE(team.launch(1, stacks.span()));
    std::atomic<bool> at_once{true};
    FunctionJob job([&](unsigned) { go_deep(at_once); });
    team.run(job);
    const std::uint64_t peak = team.stack_peak_bytes(0);
    team.shut_down();
    ASSERT_TRUE(team.launch(1, stacks.span()));
    EXPECT_LE(team.stack_peak_bytes(0) + deep_bytes / 2, peak);
}

TEST(WorkerTeam, misuse_is_a_programmer_error) {
    WorkerTeam team;
    FunctionJob job([](unsigned) {});
    std::vector<std::byte> memory(64 * 1024);
    EXPECT_CHECK_FAILS(team.start(job), "launched_ > 0");
    EXPECT_CHECK_FAILS((void)team.launch(0, memory), "workers >= 1.*");
    EXPECT_CHECK_FAILS((void)team.launch(WorkerTeam::capacity + 1, memory), "workers >= 1.*");
    EXPECT_CHECK_FAILS((void)team.launch(60, memory), "each >= .*");
    EXPECT_CHECK_FAILS((void)team.stack_peak_bytes(0), "worker < launched_");
}

}  // namespace
}  // namespace kiln::platform
