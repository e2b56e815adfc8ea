// StatusPage: everything that the training half and the half that talks to people share while
// training.
//
// This is the complete list of memory that both sides touch at the same time. The training half
// writes counters and events; the other half writes the command. It is laid out so that it can move
// to memory shared by two processes: no pointers, except the ring's view of its slots.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/memory/ring.hpp"
#include "core/train/event.hpp"

namespace kiln {

struct StatusPage {
    // Written by the other half.
    std::atomic<bool> stop{false};            // end the run: give up games in play, save, return
    std::atomic<bool> save_requested{false};  // save at the next epoch boundary; cleared when begun

    // Written by the training half.
    std::atomic<std::uint64_t> games_absorbed{0};
    std::atomic<std::uint64_t> games_played{0};  // runs ahead of games_absorbed within an epoch
    Ring<Event> events;                          // training half -> other half
};

}  // namespace kiln
