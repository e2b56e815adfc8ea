// The settings of a run: one table, used three times.
//
// The command line, the configuration file (settings_file.hpp) and the text in a checkpoint all
// name the same settings, check them by the same ranges and print them in the same way, because all
// of them go through this table. A setting is one row: its name, what it may be, where its value
// lives.
//
// Values given by a person are Assignments: text with its origin ("--depth", "run.toml:12"), so
// that a complaint can say where the wrong value stands. They are applied in order, the later one
// wins. Failures are thrown (app/failure.hpp). Cold half only.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/othello/settings.hpp"
#include "core/router/settings.hpp"
#include "core/train/session.hpp"

#include "app/exit_code.hpp"

namespace kiln::app {

// Stands for "decide from the other settings": see Trainer.
constexpr std::uint64_t automatic = UINT64_MAX;

// What to do about a newest checkpoint that is damaged.
enum class OnCorrupt : std::uint32_t { stop = 0, previous = 1, fresh = 2 };

struct RunSettings {
    std::string workload = "othello";
    // Its target and seed are also those of the run.
    othello::OthelloSettings othello;
    router::RouterSettings router;
    std::string router_data = "none";  // checksum of what a router learns from
    SessionSettings session = {.checkpoint_every_games = automatic,
                               .trials_every_games = automatic};
    std::uint32_t workers = 0;  // 0: one for every CPU the process may use, at most 64
    std::uint64_t memory_bytes = 600'000'000;
    std::string state = "state";
    std::string pattern_shapes = shape_set_name();  // what the weights mean
    OnCorrupt on_corrupt = OnCorrupt::stop;
    std::uint64_t ticket_limit_ns = 600'000'000'000;  // for one game; 0: none
    std::string log_level = "info";
    std::string metrics = "none";           // or as NetworkAddress::text() has it
    std::string metrics_textfile = "none";  // or a path
    bool resume = false;
    bool lockdown = false;
    bool no_pin = false;
    bool quiet = false;
    bool verbose = false;

    static std::string shape_set_name();
};

// What a run of that workload counts: "game", or "ticket" of a router's samples.
const char* unit_of(std::string_view workload);
// "game 1,234".
std::string place_text(const RunSettings& settings, std::uint64_t games);

// What a setting may be.
struct WholeNumber {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::uint64_t scale = 1;  // the field holds value * scale
};
struct RealNumber {
    double low = 0;
    double high = 0;
};
struct ByteCount {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
};
struct Choice {
    std::span<const char* const> names;  // for an enumeration: in the order of its values
};
struct Switch {};
struct FreeText {};
struct ListenAddress {};    // see network_address.hpp; or none
struct MetricsFile {};      // a line, a path that ends as node_exporter wants; or none
struct EpsilonSchedule {};  // A[,B[,C]]: early, middle, late; one left out repeats the one before
using Allowed = std::variant<WholeNumber, RealNumber, ByteCount, Choice, Switch, FreeText,
                             ListenAddress, MetricsFile, EpsilonSchedule>;

using Field = std::variant<std::uint64_t*, std::uint32_t*, int*, double*, bool*, std::string*,
                           othello::UpdateTarget*, othello::LearningControl*, OnCorrupt*,
                           othello::OthelloSettings*, router::Clipping*, router::LossKind*>;

enum class Kept {
    nowhere,            // does not decide the result
    in_checkpoint,      // does
    in_checkpoint_only  // does, and nobody types it
};

// To which workload a setting means something.
enum class Scope { any, othello, router };

struct Setting {
    const char* name;     // "learning-rate": the flag is --learning-rate
    const char* operand;  // "DISCS"; empty for a switch
    Allowed allowed;
    Kept kept;
    Scope scope;
    Field (*field)(RunSettings&);
    const char* standard;  // the default in words; nullptr: as RunSettings has it
    const char* help;
};

std::span<const Setting> all_settings();
const Setting* find_setting(std::string_view name);  // nullptr if absent
bool means_something(const Setting& setting, std::string_view workload);
// Whether it is given to `kiln train`, as a flag or in a file. A router's have `router train`,
// which reads its data first.
bool is_given_to_train(const Setting& setting);

// A value as it would be typed. allowed_values: "a whole number from 1 to 60".
std::string format_value(const Setting& setting, const RunSettings& settings);
std::string allowed_values(const Setting& setting);

struct Assignment {
    const Setting* setting;
    std::string text;  // for a switch "true" or "false"
    std::string origin;
    ExitCode if_wrong;
};

// The settings after all assignments. Throws for values that are not allowed, for two different
// search limits from one source, and for values that do not go together. `source` is one command
// line or one file.
RunSettings assign_all(RunSettings settings, std::span<const Assignment> source);

// The text kept in a checkpoint: the settings that decide the result, a line each. Equal settings
// have equal texts.
std::string to_text(const RunSettings& settings);
// From such a text; settings it does not mention keep their default. Throws bad_data; `origin`
// names the checkpoint.
RunSettings from_text(std::string_view text, const std::string& origin);

// Every setting, a line each, for another process of this program; `state` excepted, which need not
// be one line. Equal settings have equal texts. Nothing automatic is left.
std::string launch_text(const RunSettings& settings);
RunSettings from_launch_text(std::string_view text);

// "learning-rate 0.05 -> 0.02" for every setting that decides the result and differs.
std::vector<std::string> differences(const RunSettings& before, const RunSettings& after);

}  // namespace kiln::app
