// kiln with a workload that fails on purpose: what the crash tests run in kiln's place.
//
// The environment says how:
//     KILN_FAULT        KIND:TICKET[,TICKET...] or KIND:every:N
//     KILN_FAULT_TIMES  how often in all (default: for ever), counted in ...
//     KILN_FAULT_COUNT  ... the length of this file, because a trainer that died remembers nothing
//     KILN_TICKET_US    how long every ticket takes besides, in microseconds of work
//     KILN_SYNC_MS      how long every fsync takes besides, in milliseconds, as on a slow disk
// Kinds: loop (for ever, deaf), spin (for ever, alive and listening), sleep (for ever, without the
// processor), check, segv, overflow (the stack), map (memory after the seal), give-up.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/base/check.hpp"

#include "app/program.hpp"
#include "app/trainer.hpp"
#include "tests/support/workload_wrapper.hpp"

namespace kiln::test {
namespace {

std::uint64_t now_us() {
    timespec now{};
    (void)::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
           static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
    const char* const text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class FaultyWorkload final : public WorkloadWrapper {
  public:
    explicit FaultyWorkload(Workload& inner) : WorkloadWrapper(inner) {
        ticket_us_ = number_from("KILN_TICKET_US", 0);
        times_ = number_from("KILN_FAULT_TIMES", UINT64_MAX);
        if (const char* const path = std::getenv("KILN_FAULT_COUNT"))
            count_ = ::open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        const char* const fault = std::getenv("KILN_FAULT");
        if (fault == nullptr)
            return;
        const std::string text = fault;
        const std::size_t colon = text.find(':');
        kind_ = text.substr(0, colon);
        for (std::size_t at = colon + 1; at != 0 && at < text.size(); at = text.find(',', at) + 1) {
            if (text.compare(at, 6, "every:") == 0)
                every_ = std::strtoull(text.c_str() + at + 6, nullptr, 10);
            else
                tickets_.push_back(std::strtoull(text.c_str() + at, nullptr, 10));
        }
    }

    PlayOutcome play(const WorkContext& context, std::uint64_t ticket,
                     std::span<std::byte> record) override {
        const std::uint64_t until_us = now_us() + ticket_us_;
        while (now_us() < until_us && !context.is_stopping())
            context.heartbeat->beat();
        const bool is_chosen =
            std::find(tickets_.begin(), tickets_.end(), ticket) != tickets_.end() ||
            (every_ != 0 && ticket % every_ == every_ - 1);
        if (is_chosen && is_time() && fail(context))
            return PlayOutcome::abandoned;
        return WorkloadWrapper::play(context, ticket, record);
    }

  private:
    // Counts this failure, unless there were enough.
    bool is_time() const {
        if (times_ == UINT64_MAX)
            return true;
        struct stat status {};
        CHECK(::fstat(count_, &status) == 0);
        if (static_cast<std::uint64_t>(status.st_size) >= times_)
            return false;
        return ::write(count_, "x", 1) == 1;
    }

    // True: the ticket is to be given up.
    bool fail(const WorkContext& context) const {
        if (kind_ == "loop")
            for (std::atomic<std::uint64_t> i{0};; ++i) {
            }
        if (kind_ == "spin")
            while (!context.is_stopping())
                context.heartbeat->beat();
        if (kind_ == "sleep")
            for (;;)
                (void)::usleep(1'000'000);
        if (kind_ == "check")
            CHECK(kind_ != "check");
        if (kind_ == "segv")
            *reinterpret_cast<volatile int*>(std::uintptr_t{context.worker + 1} * 64) = 1;
        if (kind_ == "overflow")
            return overflow(0) == 1;
        if (kind_ == "map")
            (void)::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return true;
    }

    static int overflow(int depth) {
        volatile char room[4096];
        room[depth % 4096] = static_cast<char>(depth);
        // Deeper than any stack, but not for ever: the compiler would know.
        return depth < 1'000'000'000 ? overflow(depth + 1) + room[depth % 4096] : 0;
    }

    std::string kind_;
    std::vector<std::uint64_t> tickets_;
    std::uint64_t every_ = 0;
    std::uint64_t times_ = 0;
    std::uint64_t ticket_us_ = 0;
    int count_ = -1;
};

Workload& make_faulty(Workload& workload) {
    // For the rest of the process: a trainer may be made more than once, to plan.
    static std::vector<std::unique_ptr<FaultyWorkload>> made;
    return *made.emplace_back(std::make_unique<FaultyWorkload>(workload));
}

}  // namespace
}  // namespace kiln::test

// In place of the C library's.
extern "C" int fsync(int file) {
    (void)::usleep(static_cast<useconds_t>(1000 * kiln::test::number_from("KILN_SYNC_MS", 0)));
    return static_cast<int>(::syscall(SYS_fsync, file));
}

int main(int argument_count, char** arguments) {
    kiln::app::wrap_workloads(kiln::test::make_faulty);
    return kiln::app::run_program(argument_count, arguments);
}
