// SharedPage: the one block of memory that supervisor and trainer share.
//
//   order   what the supervisor wants, written before the trainer starts
//   status  everything that changes while training (core/train/status_page.hpp)
//   report  what the trainer says about itself and its end
//   words   what it could still say when it ends by a fault
//
// Both are the same executable, so the layout needs no version.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/base/error.hpp"
#include "core/train/status_page.hpp"

#include "platform/linux/last_words.hpp"

namespace kiln::app {

struct LaunchOrder {
    static constexpr std::size_t settings_capacity = 8192;
    static constexpr std::uint32_t skip_capacity = 64;

    static constexpr std::size_t state_capacity = 4096;

    char settings[settings_capacity] = {};  // launch_text() of the run's settings
    char state[state_capacity] = {};        // its directory, as the user wrote it
    bool is_resuming = false;               // from the checkpoint of that many games
    std::uint64_t games = 0;
    std::uint32_t skip_count = 0;  // tickets to leave out from now on
    std::uint64_t skips[skip_capacity] = {};
};

enum class TrainerStage : std::uint32_t { starting = 0, training = 1, ended = 2 };

struct TrainerReport {
    static constexpr std::size_t failure_capacity = 1024;

    std::atomic<TrainerStage> stage{TrainerStage::starting};

    // Once training: what the process did before its memory was sealed.
    std::uint64_t minor_faults_at_seal = 0;
    std::uint64_t major_faults_at_seal = 0;
    std::uint64_t program_bytes_at_seal = 0;  // resident beside the arena and the page

    // Brought up to date about once a second.
    std::atomic<std::uint64_t> worker_stack_peak_bytes{0};  // of the fullest one
    std::atomic<std::uint64_t> session_stack_peak_bytes{0};

    // Once ended.
    bool has_failed = false;  // to start: `failure` is the line for the user
    char failure[failure_capacity] = {};
    bool is_checkpoint_damaged = false;  // the failure is that of the checkpoint it was to load
    std::uint64_t minor_faults_at_end = 0;
    std::uint64_t peak_resident_bytes = 0;
    Error error;  // of the run: its final state is not saved
    bool is_at_target = false;
};

struct SharedPage {
    LaunchOrder order;
    StatusPage status;
    TrainerReport report;
    platform::LastWords words;
};

}  // namespace kiln::app
