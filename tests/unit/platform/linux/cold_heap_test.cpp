#include "platform/linux/cold_heap.hpp"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <mutex>
#include <new>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "tests/support/check_death.hpp"
#include "tests/support/child.hpp"

namespace kiln::platform {
namespace {

constexpr std::size_t mib = 1u << 20;

// A region and its figures stay as long as the process. So these come first and begin one each in a
// process of their own; `work` returns the exit status.
void expect_zero_with_a_new_region(const std::function<int()>& work) {
    ASSERT_EQ(read_cold_heap().region_bytes, 0u) << "another test came first";
    EXPECT_EQ(test::run_child(work), 0);
}

int fill_and_empty(std::size_t bytes, std::size_t least_share_percent) {
    std::vector<void*> blocks(cold_heap_region_bytes / bytes);
    for (int round = 0; round < 3; ++round) {
        std::size_t count = 0;
        while (count < blocks.size() && (blocks[count] = cold_allocate(bytes, 16)) != nullptr)
            std::memset(blocks[count++], round, bytes);
        if (count * bytes * 100 < cold_heap_region_bytes * least_share_percent)
            return 1;
        if (cold_allocate(bytes, 16) != nullptr)
            return 2;
        const ColdHeapFigures full = read_cold_heap();
        if (full.used_bytes < count * bytes || full.present_bytes < full.used_bytes ||
            full.present_bytes > full.region_bytes)
            return 3;
        for (std::size_t i = 0; i < count; ++i)
            cold_free(blocks[i]);
        if (read_cold_heap().used_bytes != 0)
            return 4;
    }
    return 0;
}

TEST(ColdHeap, refuses_what_does_not_fit_and_takes_up_again_what_was_freed) {
    for (const std::size_t bytes : {std::size_t{64}, std::size_t{1'000}, mib, 3 * mib})
        expect_zero_with_a_new_region([=] { return fill_and_empty(bytes, 85); });
}

int count_and_scatter() {
    std::vector<void*> blocks(20'000);
    for (void*& block : blocks)
        std::memset(block = cold_allocate(96, 16), 1, 96);
    const ColdHeapFigures full = read_cold_heap();
    if (full.used_bytes != 20'000 * 96 || full.peak_used_bytes < full.used_bytes ||
        full.present_bytes < full.used_bytes || full.present_bytes > 3 * mib ||
        full.fragmentation() < 0 || full.fragmentation() > 0.05)
        return 2;
    for (std::size_t i = 0; i < blocks.size(); ++i)
        if (i % 10 != 0)
            cold_free(blocks[i]);
    const ColdHeapFigures sparse = read_cold_heap();
    if (sparse.used_bytes != 2'000 * 96 || sparse.peak_used_bytes != full.peak_used_bytes ||
        sparse.present_bytes != full.present_bytes || sparse.fragmentation() < 0.85 ||
        sparse.fragmentation() > 0.95)
        return 3;
    return 0;
}

TEST(ColdHeap, counts_what_is_used_what_it_cost_and_what_lies_idle) {
    expect_zero_with_a_new_region(count_and_scatter);
}

int outlive_the_starting_thread() {
    std::vector<void*> blocks(20'000);
    std::thread([&] {
        for (void*& block : blocks)
            block = cold_allocate(96, 16);
    }).join();
    const ColdHeapFigures left = read_cold_heap();
    if (left.used_bytes != 20'000 * 96 || left.held_bytes < left.used_bytes)
        return 1;
    for (void* const block : blocks)
        cold_free(block);
    return fill_and_empty(1'000, 85);
}

TEST(ColdHeap, outlives_the_thread_that_started_it) {
    expect_zero_with_a_new_region(outlive_the_starting_thread);
}

int start_where_nothing_can_be_mapped() {
    const rlimit none{0, 0};
    if (::setrlimit(RLIMIT_AS, &none) != 0)
        return 1;
    // Emulators take the limit and do not keep it: nothing can be refused there.
    if (::mmap(nullptr, mib, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        return 0;
    const Status started = start_cold_heap();
    if (started || started.error().code != ErrorCode::out_of_memory)
        return 2;
    return cold_allocate(8, 8) == nullptr ? 0 : 3;
}

TEST(ColdHeap, says_that_the_system_refuses_its_region) {
    expect_zero_with_a_new_region(start_where_nothing_can_be_mapped);
}

// The file of the library that a name leads to, for the program and for every library alike.
std::string library_of(const char* name) {
    void* const function = ::dlsym(RTLD_DEFAULT, name);
    Dl_info info{};
    if (function == nullptr || ::dladdr(function, &info) == 0)
        return "nowhere";
    return info.dli_fname;
}

TEST(ColdHeap, leaves_malloc_and_operator_new_to_others) {
    for (const char* name : {"malloc", "free", "calloc", "realloc", "posix_memalign", "_Znwm",
                             "_ZdlPv", "_ZnwmSt11align_val_t"})
        EXPECT_EQ(library_of(name).find("mimalloc"), std::string::npos)
            << name << " is of " << library_of(name);
    EXPECT_NE(library_of("mi_malloc").find("mimalloc"), std::string::npos);  // that it can be found

    ASSERT_TRUE(start_cold_heap());
    for (const std::size_t bytes : {1u, 100u, 100'000u, 2'000'000u}) {
        void* const memory = std::malloc(bytes);
        EXPECT_FALSE(is_in_cold_heap(memory)) << bytes;
        std::free(memory);
        void* const object = ::operator new(bytes);
        EXPECT_FALSE(is_in_cold_heap(object)) << bytes;
        ::operator delete(object);
    }
}

TEST(ColdHeap, gives_aligned_blocks_inside_its_region) {
    std::vector<void*> blocks;
    for (std::size_t alignment = 1; alignment <= 65'536; alignment *= 2)
        for (const std::size_t bytes : {0u, 1u, 24u, 1'000u, 70'000u, 300'000u}) {
            void* const block = cold_allocate(bytes, alignment);
            ASSERT_NE(block, nullptr) << bytes << " on " << alignment;
            EXPECT_TRUE(is_in_cold_heap(block));
            EXPECT_TRUE(is_in_cold_heap(static_cast<std::byte*>(block) + bytes));
            EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignment, 0u);
            std::memset(block, 0x5a, bytes);
            blocks.push_back(block);
        }
    for (std::size_t bytes = 1; bytes < 3'000; ++bytes) {
        blocks.push_back(cold_allocate(bytes, 16));
        ASSERT_EQ(reinterpret_cast<std::uintptr_t>(blocks.back()) % 16, 0u) << bytes;
    }
    for (void* const block : blocks)
        cold_free(block);
    cold_free(nullptr);
    EXPECT_EQ(cold_allocate(8, 1u << 20), nullptr);
    EXPECT_EQ(cold_allocate(~std::size_t{0}, 16), nullptr);
    EXPECT_EQ(cold_allocate(64 * mib, 16), nullptr);
}

TEST(ColdHeap, serves_several_threads_that_free_each_others_blocks) {
    constexpr int threads = 4;
    constexpr int rounds = 20'000;
    struct Block {
        unsigned char* bytes = nullptr;
        std::size_t size = 0;
        unsigned char mark = 0;
    };
    std::vector<Block> shared(256);
    std::mutex mutex;
    std::atomic<int> damaged{0};
    const auto work = [&](unsigned thread) {
        std::mt19937 random(thread);
        for (int round = 0; round < rounds; ++round) {
            Block mine{.size = random() % (random() % 64 == 0 ? 20'000 : 200) + 1,
                       .mark = static_cast<unsigned char>(random())};
            mine.bytes = static_cast<unsigned char*>(cold_allocate(mine.size, 16));
            if (mine.bytes == nullptr) {
                ++damaged;
                return;
            }
            std::memset(mine.bytes, mine.mark, mine.size);
            {
                const std::scoped_lock lock(mutex);
                std::swap(mine, shared[random() % shared.size()]);
            }
            for (std::size_t i = 0; i < mine.size; ++i)
                damaged += mine.bytes[i] != mine.mark;
            cold_free(mine.bytes);
        }
    };
    const std::uint64_t before = read_cold_heap().used_bytes;
    // Twice, so that threads come to a heap whose earlier threads have ended.
    for (int time = 0; time < 2; ++time) {
        std::vector<std::thread> team;
        for (unsigned thread = 0; thread < threads; ++thread)
            team.emplace_back(work, thread);
        for (std::thread& thread : team)
            thread.join();
    }
    for (const Block& block : shared)
        cold_free(block.bytes);
    EXPECT_EQ(damaged.load(), 0);
    EXPECT_EQ(read_cold_heap().used_bytes, before);
}

TEST(ColdHeap, misuse_is_a_programmer_error) {
    int outside = 0;
    EXPECT_CHECK_FAILS(cold_free(&outside), "lies_inside\\(block\\)");
    EXPECT_CHECK_FAILS(
        {
            close_cold_heap();
            (void)cold_allocate(8, 8);
        },
        "!is_closed");
}

}  // namespace
}  // namespace kiln::platform
