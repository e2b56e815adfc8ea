// SkipList: the tickets a run leaves out, because playing them fails again and again.
//
// It is part of the training state: a ticket that is left out decides the result as much as one
// that is played. Fixed size, in ascending order, plain data.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

namespace kiln {

struct SkipList {
    static constexpr std::uint64_t capacity = 256;

    std::uint64_t count = 0;
    std::uint64_t tickets[capacity] = {};

    std::span<const std::uint64_t> all() const { return {tickets, count}; }
    bool contains(std::uint64_t ticket) const {
        return std::binary_search(tickets, tickets + count, ticket);
    }
    // True when the ticket is on the list afterwards; false when there is no room for it.
    bool add(std::uint64_t ticket) {
        std::uint64_t* const end = tickets + count;
        std::uint64_t* const place = std::lower_bound(tickets, end, ticket);
        if (place != end && *place == ticket)
            return true;
        if (count == capacity)
            return false;
        std::copy_backward(place, end, end + 1);
        *place = ticket;
        ++count;
        return true;
    }
    // What a file said is true: in order and no longer than the list.
    bool is_valid() const {
        return count <= capacity &&
               std::adjacent_find(tickets, tickets + count, [](std::uint64_t a, std::uint64_t b) {
                   return a >= b;
               }) == tickets + count;
    }
};

}  // namespace kiln
