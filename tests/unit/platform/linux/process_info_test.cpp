#include "platform/linux/process_info.hpp"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/linux/mapping.hpp"
#include "tests/support/child.hpp"
#include "tests/support/temp_directory.hpp"

namespace kiln::platform {
namespace {

constexpr std::uint64_t mib = 1u << 20;

TEST(ProcessInfo, sees_memory_come_and_go) {
    const ProcessMemory before = read_process_memory().value();
    EXPECT_GT(before.resident_bytes, 0u);
    EXPECT_GE(before.peak_resident_bytes, before.resident_bytes);
    EXPECT_GT(before.minor_faults, 0u);

    Mapping mapping;
    ASSERT_TRUE(mapping.map(64 * mib));
    const ProcessMemory during = read_process_memory().value();
    EXPECT_GE(during.resident_bytes, before.resident_bytes + 60 * mib);
    EXPECT_GE(during.minor_faults, before.minor_faults);

    mapping.unmap();
    const ProcessMemory after = read_process_memory().value();
    EXPECT_LE(after.resident_bytes + 60 * mib, during.resident_bytes);
    EXPECT_GE(after.peak_resident_bytes + mib, during.resident_bytes);
}

TEST(ProcessInfo, huge_pages_are_part_of_what_is_resident) {
    Mapping mapping;
    ASSERT_TRUE(mapping.map(16 * mib));
    const Result<std::uint64_t> huge = read_huge_page_bytes();
    ASSERT_TRUE(huge);
    EXPECT_LE(huge.value(), read_process_memory().value().resident_bytes);
    EXPECT_EQ(huge.value() % 4096, 0u);
}

TEST(ProcessInfo, tells_apart_what_is_private_what_is_of_files_and_what_is_shared) {
    const ProcessMemory before = read_process_memory().value();
    EXPECT_EQ(before.resident_bytes,
              before.anonymous_bytes + before.file_bytes + before.shared_bytes);
    EXPECT_GT(before.file_bytes, 0u);
    Mapping mapping;
    ASSERT_TRUE(mapping.map(32 * mib));
    const ProcessMemory with_private = read_process_memory().value();
    EXPECT_GE(with_private.anonymous_bytes, before.anonymous_bytes + 30 * mib);
    EXPECT_LT(with_private.shared_bytes, before.shared_bytes + mib);

    void* const shared =
        ::mmap(nullptr, 32 * mib, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(shared, MAP_FAILED);
    std::memset(shared, 1, 32 * mib);
    const ProcessMemory with_shared = read_process_memory().value();
    EXPECT_GE(with_shared.shared_bytes, before.shared_bytes + 30 * mib);
    EXPECT_LE(with_shared.anonymous_bytes, with_private.anonymous_bytes + mib);
    ::munmap(shared, 32 * mib);
}

// A child that holds 64 MiB until it is killed. Its name is one that a careless parser trips over.
class Holder {
  public:
    Holder() {
        int ends[2];
        CHECK(::pipe(ends) == 0);
        child_ = test::start_child([&] {
            ::prctl(PR_SET_NAME, ") R 1 (x y");
            Mapping mapping;
            CHECK(mapping.map(64 * mib));
            CHECK(::write(ends[1], "x", 1) == 1);
            for (;;)
                ::pause();
            return 0;
        });
        char ready = 0;
        CHECK(::read(ends[0], &ready, 1) == 1);
        ::close(ends[0]);
        ::close(ends[1]);
    }
    ~Holder() {
        ::kill(child_, SIGKILL);
        test::wait_for(child_);
    }
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;

    pid_t process() const { return child_; }

  private:
    pid_t child_ = -1;
};

TEST(ProcessInfo, sees_another_process) {
    const Holder holder;
    const Result<ProcessMemory> memory = read_process_memory(holder.process());
    ASSERT_TRUE(memory);
    EXPECT_GE(memory.value().anonymous_bytes, 64 * mib);
    EXPECT_GE(memory.value().peak_resident_bytes, memory.value().resident_bytes);
    // At least one a huge page, and no number of another column.
    EXPECT_GE(memory.value().minor_faults, 32u);
    EXPECT_LT(memory.value().minor_faults, 200'000u);
    EXPECT_LT(memory.value().major_faults, 10'000u);
    const Result<std::uint64_t> proportional = read_proportional_bytes(holder.process());
    ASSERT_TRUE(proportional);
    EXPECT_GE(proportional.value(), 64 * mib);
    EXPECT_LE(proportional.value(), memory.value().resident_bytes + mib);
    const Result<std::uint64_t> huge = read_huge_page_bytes(holder.process());
    ASSERT_TRUE(huge);
    EXPECT_LE(huge.value(), memory.value().resident_bytes);
}

TEST(ProcessInfo, says_that_a_process_or_a_thread_is_not_there) {
    const pid_t gone = test::start_child([] { return 0; });
    test::wait_for(gone);
    EXPECT_EQ(read_process_memory(gone).error().code, ErrorCode::not_found);
    EXPECT_EQ(read_huge_page_bytes(gone).error().code, ErrorCode::not_found);
    EXPECT_EQ(read_proportional_bytes(gone).error().code, ErrorCode::not_found);
    EXPECT_EQ(read_thread_time(gone, gone).error().code, ErrorCode::not_found);
    EXPECT_EQ(read_thread_time(::getpid(), gone).error().code, ErrorCode::not_found);
}

TEST(ProcessInfo, tells_a_thread_that_loops_from_one_that_waits) {
    const Holder waiting;
    const ThreadTime before = read_thread_time(waiting.process(), waiting.process()).value();
    std::atomic<bool> stop{false};
    std::atomic<int> thread{0};
    std::thread looping([&] {
        thread.store(::gettid());
        thread.notify_all();
        while (!stop.load(std::memory_order_relaxed)) {
        }
    });
    thread.wait(0);
    const ThreadTime start = read_thread_time(own_process, thread).value();
    EXPECT_TRUE(start.is_runnable);
    // Ends when the figure grows; only a figure that does not runs into the time limit.
    while (read_thread_time(::getpid(), thread).value().cpu_ns < start.cpu_ns + 50'000'000)
        ::usleep(1'000);
    stop.store(true);
    looping.join();
    const ThreadTime after = read_thread_time(waiting.process(), waiting.process()).value();
    EXPECT_LE(after.cpu_ns, before.cpu_ns + 20'000'000);
    EXPECT_FALSE(after.is_runnable);
}

TEST(ProcessInfo, tells_a_thread_that_is_stopped) {
    const Holder held;
    EXPECT_FALSE(read_thread_time(held.process(), held.process()).value().is_stopped);
    ASSERT_EQ(::kill(held.process(), SIGSTOP), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(held.process(), &status, WUNTRACED), held.process());
    ASSERT_TRUE(WIFSTOPPED(status));
    EXPECT_TRUE(read_thread_time(held.process(), held.process()).value().is_stopped);
    EXPECT_FALSE(read_thread_time(held.process(), held.process()).value().is_runnable);
}

TEST(ProcessInfo, reads_the_figures_of_its_control_group) {
    const test::TempDirectory root;
    const std::string group = root / "kiln.slice/a b";
    std::filesystem::create_directories(group);
    const auto write = [](const std::string& path, const char* text) {
        std::ofstream(path) << text;
    };
    const std::string membership = root / "cgroup";
    const auto read = [&] { return read_cgroup_memory(membership.c_str(), root.path().c_str()); };
    write(membership, "10:memory:/other\n0::/kiln.slice/a b\n");
    EXPECT_EQ(read().error().code, ErrorCode::not_found);  // as for a group without the controller
    write(group + "/memory.current", "412000256\n");
    write(group + "/memory.max", "max\n");
    ASSERT_TRUE(read());
    EXPECT_EQ(read().value().current_bytes, 412'000'256u);
    EXPECT_EQ(read().value().limit_bytes, 0u);
    EXPECT_EQ(read().value().peak_bytes, 0u);
    write(group + "/memory.max", "734003200\n");
    write(group + "/memory.peak", "600000512\n");
    EXPECT_EQ(read().value().limit_bytes, 734'003'200u);
    EXPECT_EQ(read().value().peak_bytes, 600'000'512u);

    write(group + "/memory.current", "many\n");
    EXPECT_FALSE(read());
    write(membership, ("0::/" + std::string(5'000, 'x') + "\n").c_str());
    EXPECT_FALSE(read());
    write(membership, "10:memory:/other\n");
    EXPECT_FALSE(read());
    write(membership, "");
    EXPECT_FALSE(read());
    std::filesystem::remove(membership);
    EXPECT_FALSE(read());
}

TEST(ProcessInfo, agrees_with_the_kernel_about_the_machine) {
    std::ifstream file("/proc/meminfo");
    std::string word;
    std::uint64_t kilobytes = 0;
    file >> word >> kilobytes;
    ASSERT_EQ(word, "MemTotal:");
    EXPECT_EQ(read_machine_memory_bytes().value(), kilobytes * 1024);
}

TEST(ProcessInfo, counts_the_cpus_it_may_use) {
    EXPECT_GE(allowed_cpu_count(), 1u);
    EXPECT_EQ(test::run_child([] {
                  cpu_set_t allowed;
                  if (::sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
                      return 1;
                  unsigned first = 0;
                  while (!CPU_ISSET(first, &allowed))
                      ++first;
                  CPU_ZERO(&allowed);
                  CPU_SET(first, &allowed);
                  if (::sched_setaffinity(0, sizeof(allowed), &allowed) != 0)
                      return 2;
                  return allowed_cpu_count() == 1 ? 0 : 3;
              }),
              0);
}

TEST(ProcessInfo, names_the_cpu_in_whatever_room_there_is) {
    char name[128];
    read_cpu_model(name);
    EXPECT_GT(std::strlen(name), 0u);
    EXPECT_EQ(std::strchr(name, '\n'), nullptr);
    char cut[4];
    std::memset(cut, 'x', sizeof(cut));
    read_cpu_model(cut);
    EXPECT_EQ(std::string(cut), std::string(name).substr(0, 3));
    read_cpu_model({});
}

}  // namespace
}  // namespace kiln::platform
