// What the training half tells the other half: fixed-size messages through a ring.
//
// An event never carries pointers, so the ring can lie in memory that two processes share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "core/base/error.hpp"

namespace kiln {

enum class EventKind : std::uint32_t {
    checkpoint_saved = 1,   // payload CheckpointSaved
    checkpoint_failed = 2,  // payload CheckpointFailed
    values_healed = 3,      // payload ValuesHealed
    ticket_abandoned = 4,   // payload TicketAbandoned
    ticket_skipped = 5,     // payload TicketSkipped
    workload = 100,         // 100 and up: the workload's own reports, see its report header
};

struct Event {
    static constexpr std::size_t payload_capacity = 112;

    EventKind kind{};
    std::uint32_t reserved = 0;
    std::uint64_t games = 0;  // games absorbed when it happened
    std::byte payload[payload_capacity] = {};

    template <typename T>
    static Event make(EventKind kind, std::uint64_t games, const T& payload) {
        static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= payload_capacity);
        Event event;
        event.kind = kind;
        event.games = games;
        std::memcpy(event.payload, &payload, sizeof(T));
        return event;
    }

    template <typename T>
    T as() const {
        static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= payload_capacity);
        T value;
        std::memcpy(&value, payload, sizeof(T));
        return value;
    }
};
static_assert(sizeof(Event) == 128);

struct CheckpointSaved {
    std::uint64_t generation;
    std::uint64_t bytes;
    std::uint64_t duration_ns;  // from begin to durable
    std::uint64_t pause_ns;     // of which workers waited beyond the end of their epoch
};

struct CheckpointFailed {
    std::uint64_t generation;
    Error error;
};

struct ValuesHealed {
    std::uint64_t values;  // that were not finite or out of range and were put back to neutral
};

// A ticket was given up in the middle and begins again; the second time it is left out.
struct TicketAbandoned {
    std::uint64_t ticket;
    std::uint64_t duration_ns;  // from its beginning
    std::uint32_t worker;
    std::uint32_t attempt;  // 1 or 2
};

// A ticket is on the skip list from now on.
struct TicketSkipped {
    std::uint64_t ticket;
    std::uint64_t skipped;  // tickets on the list
};

// Where events go. Called by the session's thread only, between the phases of an epoch.
class EventSink {
  public:
    virtual void emit(const Event& event) = 0;

  protected:
    ~EventSink() = default;
};

}  // namespace kiln
