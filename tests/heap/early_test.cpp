// The cold heap serves what is initialised before main(): the kiln program's operator new is it.
#include <gtest/gtest.h>

#include "platform/linux/cold_heap.hpp"

namespace kiln::platform {
namespace {

// Of the program's own object, so ahead of all that comes out of libraries.
void* const early = cold_allocate(100, 16);

TEST(ColdHeap, serves_what_is_initialised_before_it) {
    EXPECT_TRUE(is_in_cold_heap(early));
    cold_free(early);
}

}  // namespace
}  // namespace kiln::platform
