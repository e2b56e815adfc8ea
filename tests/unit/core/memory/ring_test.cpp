#include "core/memory/ring.hpp"

#include <thread>

#include <gtest/gtest.h>

namespace kiln {
namespace {

TEST(Ring, gives_elements_back_in_the_order_they_came) {
    Ring<std::uint32_t, 8> ring;
    std::uint32_t expected = 0;
    std::uint32_t element = 0;
    for (std::uint32_t next = 0; next < 1'000;) {
        for (int i = 0; i < 5; ++i)
            ASSERT_TRUE(ring.push(next++));
        EXPECT_EQ(ring.used(), 5u);
        for (int i = 0; i < 5; ++i) {
            ASSERT_TRUE(ring.pop(element));
            ASSERT_EQ(element, expected++);
        }
    }
    EXPECT_FALSE(ring.pop(element));
    EXPECT_EQ(ring.peak(), 5u);
    EXPECT_EQ(ring.dropped(), 0u);
}

TEST(Ring, drops_and_counts_what_does_not_fit) {
    Ring<int, 4> ring;
    for (int i = 0; i < 4; ++i)
        EXPECT_TRUE(ring.push(i));
    EXPECT_FALSE(ring.push(4));
    EXPECT_FALSE(ring.push(5));
    EXPECT_EQ(ring.dropped(), 2u);
    EXPECT_EQ(ring.used(), ring.capacity());
    int element = -1;
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(ring.pop(element));
        EXPECT_EQ(element, i);
    }
    EXPECT_TRUE(ring.push(6));
    ASSERT_TRUE(ring.pop(element));
    EXPECT_EQ(element, 6);
}

struct Message {
    std::uint64_t number;
    std::uint64_t twice[7];
};

TEST(Ring, carries_whole_elements_from_one_thread_to_another) {
    constexpr std::uint64_t count = 50'000;
    static Ring<Message, 16> ring;
    std::atomic<bool> finished{false};
    std::thread producer([&] {
        for (std::uint64_t number = 1; number <= count; ++number) {
            Message message{number, {}};
            for (std::uint64_t& copy : message.twice)
                copy = 2 * number;
            ring.push(message);
            if (number % 64 == 0)
                std::this_thread::yield();
        }
        finished.store(true, std::memory_order_release);
    });

    std::uint64_t received = 0;
    std::uint64_t last = 0;
    bool is_whole = true;
    for (bool is_last_look = false;;) {
        Message message;
        if (!ring.pop(message)) {
            if (is_last_look)
                break;
            is_last_look = finished.load(std::memory_order_acquire);
            std::this_thread::yield();
            continue;
        }
        is_whole = is_whole && message.number > last;
        for (const std::uint64_t copy : message.twice)
            is_whole = is_whole && copy == 2 * message.number;
        last = message.number;
        ++received;
    }
    producer.join();
    EXPECT_TRUE(is_whole);
    EXPECT_EQ(received + ring.dropped(), count);
    EXPECT_LE(ring.peak(), 16u);
}

}  // namespace
}  // namespace kiln
