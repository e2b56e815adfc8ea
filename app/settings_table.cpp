// The table itself: see settings.hpp. Within a group in the order in which --help lists them.
#include <array>

#include "app/settings.hpp"

namespace kiln::app {
namespace {

constexpr std::array<const char*, 2> workloads = {"othello", "null"};
constexpr std::array<const char*, 2> update_targets = {"leaf", "root"};
constexpr std::array<const char*, 3> on_corrupt = {"stop", "previous", "fresh"};
constexpr std::array<const char*, 3> controls = {"none", "frozen", "shuffled"};

constexpr std::array<const char*, 4> log_levels = {"debug", "info", "warning", "error"};

constexpr std::uint64_t games_limit = 1'000'000'000'000;
// An epoch's errors of one weight are summed in 32 bits: see ErrorSum in core/othello/learner.hpp.
constexpr std::uint64_t epoch_limit = 4096;
constexpr std::uint64_t mebibyte = 1u << 20;

constexpr bool othello_only = true;
constexpr bool any_workload = false;

const std::array settings = {
    Setting{"workload", "NAME", Choice{workloads}, Kept::in_checkpoint, any_workload,
            [](RunSettings& run) -> Field { return &run.workload; }, nullptr,
            "what to train; null learns nothing and exercises the machinery"},
    Setting{"games", "GAMES", WholeNumber{1, games_limit}, Kept::in_checkpoint, any_workload,
            [](RunSettings& run) -> Field { return &run.othello.target_games; }, nullptr,
            "target; the schedules run over this many games"},
    Setting{"seed", "NUMBER", WholeNumber{0, UINT64_MAX}, Kept::in_checkpoint, any_workload,
            [](RunSettings& run) -> Field { return &run.othello.seed; }, nullptr,
            "everything random follows from it"},
    Setting{"epoch-games", "GAMES", WholeNumber{1, epoch_limit}, Kept::in_checkpoint, any_workload,
            [](RunSettings& run) -> Field { return &run.session.epoch_games; }, nullptr,
            "games played on the same weights before learning from them"},

    Setting{"depth", "PLIES", WholeNumber{1, 60}, Kept::in_checkpoint, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.depth; }, nullptr,
            "search depth a move (or give --nodes or --time-ms instead)"},
    Setting{"nodes", "NODES", WholeNumber{1, 1'000'000'000'000}, Kept::in_checkpoint, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.nodes; }, "none",
            "search limit a move in positions visited"},
    Setting{"time-ms", "MS", WholeNumber{1, 3'600'000, 1'000'000}, Kept::in_checkpoint,
            othello_only, [](RunSettings& run) -> Field { return &run.othello.time_ns; }, "none",
            "search limit a move in milliseconds; such a run cannot be reproduced"},
    Setting{"exact-empties", "SQUARES", WholeNumber{0, 30}, Kept::in_checkpoint, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.exact_empties; }, nullptr,
            "games are played out perfectly from this many empty squares on"},
    Setting{"selectivity", "LEVEL", WholeNumber{0, 4}, Kept::in_checkpoint, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.selectivity; }, nullptr,
            "forward pruning in deep searches: 0 none, 1 cautious, 4 bold"},
    Setting{"deep-from", "SHARE", RealNumber{0, 1}, Kept::in_checkpoint, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.deep_from; }, "never",
            "share of the target from which on games are searched deeper"},
    Setting{"deep-depth", "PLIES", WholeNumber{1, 60}, Kept::in_checkpoint, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.deep_depth; }, nullptr,
            "search depth a move from --deep-from on"},
    Setting{"deep-exact-empties", "SQUARES", WholeNumber{0, 30}, Kept::in_checkpoint, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.deep_exact_empties; }, nullptr,
            "perfect play from this many empty squares on, from --deep-from on"},
    Setting{"random-plies", "PLIES", WholeNumber{0, 50}, Kept::in_checkpoint, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.random_plies_max; }, nullptr,
            "a game opens with 0 to this many random plies"},

    Setting{"epsilon", "A[,B[,C]]", EpsilonSchedule{}, Kept::nowhere, othello_only,
            [](RunSettings& run) -> Field { return &run.othello; }, nullptr,
            "short for the three below; one left out repeats the one before"},
    Setting{"epsilon-early", "SHARE", RealNumber{0, 1}, Kept::in_checkpoint, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.epsilon_early; }, nullptr,
            "share of random moves at first"},
    Setting{"epsilon-middle", "SHARE", RealNumber{0, 1}, Kept::in_checkpoint, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.epsilon_middle; }, nullptr,
            "share of random moves from --middle-from on"},
    Setting{"epsilon-late", "SHARE", RealNumber{0, 1}, Kept::in_checkpoint, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.epsilon_late; }, nullptr,
            "share of random moves from --late-from on"},
    Setting{"middle-from", "SHARE", RealNumber{0, 1}, Kept::in_checkpoint, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.middle_from; }, nullptr,
            "share of the target at which the middle part begins"},
    Setting{"late-from", "SHARE", RealNumber{0, 1}, Kept::in_checkpoint, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.late_from; }, nullptr,
            "share of the target at which the late part begins"},
    Setting{"epsilon-solved", "SHARE", RealNumber{0, 1}, Kept::in_checkpoint, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.epsilon_solved; }, nullptr,
            "share of random moves where the position is solved exactly"},
    Setting{"sparring", "SHARE", RealNumber{0, 1}, Kept::in_checkpoint, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.sparring; }, nullptr,
            "share of games in which one player moves at random throughout"},

    Setting{"lambda", "SHARE", RealNumber{0, 1}, Kept::in_checkpoint, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.lambda; }, nullptr,
            "weight of what comes later in a game against the next value"},
    Setting{"learning-rate", "DISCS", RealNumber{0, 16}, Kept::in_checkpoint, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.learning_rate; }, nullptr,
            "step of a weight and update at the start"},
    Setting{"learning-rate-final", "DISCS", RealNumber{0, 16}, Kept::in_checkpoint, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.learning_rate_final; }, nullptr,
            "step at the target; linear in between"},
    Setting{"weight-decay", "SHARE", RealNumber{0, 1}, Kept::in_checkpoint, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.weight_decay; }, nullptr,
            "share of a weight that each update takes away, times the rate in discs"},
    Setting{"error-clip", "DISCS", RealNumber{0.01, 64}, Kept::in_checkpoint, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.error_clip_discs; }, nullptr,
            "larger errors count as this"},
    Setting{"update-target", "WHERE", Choice{update_targets}, Kept::in_checkpoint, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.update_target; }, nullptr,
            "the position an error is charged to: the end of the expected line, or its start"},
    Setting{"control", "KIND", Choice{controls}, Kept::in_checkpoint, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.control; }, nullptr,
            "runs that must not learn: weights frozen, or results shuffled"},
    Setting{"table-mib", "MIB", WholeNumber{1, 1u << 20, mebibyte}, Kept::nowhere, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.table_bytes; }, nullptr,
            "transposition table a worker; shrinks by itself to fit the budget"},
    Setting{"table-bytes", "BYTES", WholeNumber{64, std::uint64_t{1} << 50},
            Kept::in_checkpoint_only, othello_only,
            [](RunSettings& run) -> Field { return &run.othello.table_bytes; }, nullptr,
            "transposition table a worker, as granted"},
    Setting{"pattern-shapes", "NAME", FreeText{}, Kept::in_checkpoint_only, othello_only,
            [](RunSettings& run) -> Field { return &run.pattern_shapes; }, nullptr,
            "the set of shapes that the weights belong to"},

    Setting{"state", "DIR", FreeText{}, Kept::nowhere, any_workload,
            [](RunSettings& run) -> Field { return &run.state; }, nullptr,
            "directory of the checkpoints; made if missing"},
    Setting{"resume", "", Switch{}, Kept::nowhere, any_workload,
            [](RunSettings& run) -> Field { return &run.resume; }, nullptr,
            "go on from the newest checkpoint in the state directory, if there is one"},
    Setting{"on-corrupt", "WHAT", Choice{on_corrupt}, Kept::nowhere, any_workload,
            [](RunSettings& run) -> Field { return &run.on_corrupt; }, nullptr,
            "when the newest checkpoint is damaged: stop, go on from the previous one, or from "
            "nothing"},
    Setting{"stop-after", "GAMES", WholeNumber{0, games_limit}, Kept::nowhere, any_workload,
            [](RunSettings& run) -> Field { return &run.session.stop_after_games; }, "never",
            "save and end at this many games, before the target"},
    Setting{"checkpoint-every", "GAMES", WholeNumber{0, games_limit}, Kept::nowhere, any_workload,
            [](RunSettings& run) -> Field { return &run.session.checkpoint_every_games; },
            "a fifth of --games", "games between checkpoints; 0: only at the end"},
    Setting{"keep", "N", WholeNumber{1, 200}, Kept::nowhere, any_workload,
            [](RunSettings& run) -> Field { return &run.session.keep_checkpoints; }, nullptr,
            "checkpoints to keep; the oldest go"},
    Setting{"compress", "", Switch{}, Kept::nowhere, any_workload,
            [](RunSettings& run) -> Field { return &run.session.compress; }, nullptr,
            "write checkpoints compressed; any can be resumed from"},
    Setting{"trials-every", "GAMES", WholeNumber{0, games_limit}, Kept::nowhere, othello_only,
            [](RunSettings& run) -> Field { return &run.session.trials_every_games; },
            "a twentieth of --games, 500 to 10000",
            "games between measurements of strength; 0: never"},

    Setting{"workers", "N", WholeNumber{1, 64}, Kept::nowhere, any_workload,
            [](RunSettings& run) -> Field { return &run.workers; }, "the CPUs allowed, at most 64",
            "threads that play and learn; the result does not depend on it"},
    Setting{"memory", "SIZE", ByteCount{1'000'000, std::uint64_t{1} << 50}, Kept::nowhere,
            any_workload, [](RunSettings& run) -> Field { return &run.memory_bytes; }, "600MB",
            "budget for everything: 600MB, 2GiB, or bytes"},
    Setting{"ticket-limit", "SECONDS", WholeNumber{0, 1'000'000, 1'000'000'000}, Kept::nowhere,
            any_workload, [](RunSettings& run) -> Field { return &run.ticket_limit_ns; }, nullptr,
            "a game that takes longer is given up, the second time left out; 0: never"},
    Setting{"lockdown", "", Switch{}, Kept::nowhere, any_workload,
            [](RunSettings& run) -> Field { return &run.lockdown; }, nullptr,
            "once memory is sealed, let the kernel end the trainer at any call for more"},
    Setting{"no-pin", "", Switch{}, Kept::nowhere, any_workload,
            [](RunSettings& run) -> Field { return &run.no_pin; }, nullptr,
            "do not tie workers to processors"},
    Setting{"log-level", "LEVEL", Choice{log_levels}, Kept::nowhere, any_workload,
            [](RunSettings& run) -> Field { return &run.log_level; }, nullptr,
            "least severity that goes to the log: debug, info, warning or error"},
    Setting{"metrics", "ADDR:PORT", ListenAddress{}, Kept::nowhere, any_workload,
            [](RunSettings& run) -> Field { return &run.metrics; }, nullptr,
            "serve figures for Prometheus at http://ADDR:PORT/metrics; a port alone is on this "
            "machine only"},
    Setting{"metrics-textfile", "FILE", MetricsFile{}, Kept::nowhere, any_workload,
            [](RunSettings& run) -> Field { return &run.metrics_textfile; }, nullptr,
            "write the same figures to a .prom file every 15 s, for node_exporter"},
    Setting{"quiet", "", Switch{}, Kept::nowhere, any_workload,
            [](RunSettings& run) -> Field { return &run.quiet; }, nullptr,
            "no progress, only warnings and the final report"},
    Setting{"verbose", "", Switch{}, Kept::nowhere, any_workload,
            [](RunSettings& run) -> Field { return &run.verbose; }, nullptr,
            "print the statistics of every 100 games"},
};

}  // namespace

std::span<const Setting> all_settings() {
    return settings;
}

}  // namespace kiln::app
