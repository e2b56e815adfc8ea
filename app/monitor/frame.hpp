// What `kiln monitor` shows, as a canvas: a function of what is known and the size of the terminal.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/monitor/canvas.hpp"
#include "app/monitor/charts.hpp"
#include "app/run_history.hpp"
#include "app/run_snapshot.hpp"

namespace kiln::app {

constexpr int frame_width_min = 80;
constexpr int frame_height_min = 24;

struct CheckpointOnDisk {
    std::string name;
    std::uint64_t games = 0;
    std::uint64_t bytes = 0;
    double age_seconds = 0;
};

// Whether the run answers.
enum class Contact {
    asking,  // for the first time
    live,
    silent,  // it is there and has not answered for a while
    absent,  // nobody trains there; or the run cannot be reached, and why_not tells
};

struct MonitorView {
    std::string state_directory;
    double now = 0;  // seconds since 1970
    Contact contact = Contact::asking;
    std::string why_not;             // it is not live
    std::optional<RunSnapshot> run;  // as it answered last
    std::optional<MemorySnapshot> memory;
    const RunHistory* history = nullptr;
    bool is_reading_logs = false;
    std::string log_problem;
    std::vector<CheckpointOnDisk> checkpoints;  // newest first
    std::string checkpoint_problem;             // why they could not be listed
    std::vector<Dot> rates;                     // games/s by time, as this monitor saw them
    std::string question;                       // that waits for y or n
    std::string message;                        // of what was done last
    bool has_failed = false;                    // that
    bool is_help_open = false;
};

// What the run trains, as it answers or as its logs have it; else what is trained unless said
// otherwise.
std::string workload_of(const MonitorView& view);
inline bool is_router(const MonitorView& view) {
    return workload_of(view) == "router";
}
// What it counts: "game".
const char* unit_of(const MonitorView& view);
// How a router's training ended, if nobody goes on with it.
std::optional<TrainingEnd> end_of(const MonitorView& view);

// A terminal that is too small gets told so.
Canvas draw_frame(const MonitorView& view, int width, int height, const Look& look);

}  // namespace kiln::app
