// Only this file and app/flags/*.cpp include CLI11, which takes long to compile.
#include "app/command_line.hpp"

#include <algorithm>
#include <map>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/failure.hpp"
#include "app/flags/bench_flags.hpp"
#include "app/flags/control_flags.hpp"
#include "app/flags/debug_flags.hpp"
#include "app/flags/limit_flags.hpp"
#include "app/flags/match_flags.hpp"
#include "app/flags/monitor_flags.hpp"
#include "app/flags/play_flags.hpp"
#include "app/flags/position_flags.hpp"
#include "app/flags/report_flags.hpp"
#include "app/flags/router_flags.hpp"
#include "app/flags/whole.hpp"
#include "app/settings_file.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

// The run's settings as flags of one command.
class RunFlags {
  public:
    void add_to(CLI::App& command) {
        command_ = &command;
        command.add_option("--config", config_, "TOML file with any of these settings; flags win")
            ->type_name("FILE");
        for (const Setting& setting : all_settings())
            if (is_given_to_train(setting))
                add(setting);
    }

    RunOptions options() const {
        RunOptions options;
        options.config_path = config_;
        if (!config_.empty())
            options.from_file = read_settings_file(config_);
        for (const Setting& setting : all_settings()) {
            const std::string flag = fmt::format("--{}", setting.name);
            if (!is_given_to_train(setting) || command_->count(flag) == 0)
                continue;
            const bool is_switch = std::holds_alternative<Switch>(setting.allowed);
            options.from_flags.push_back(
                {&setting, is_switch ? "true" : values_.at(setting.name), flag, ExitCode::usage});
        }
        return options;
    }

  private:
    void add(const Setting& setting) {
        const std::string flag = fmt::format("--{}", setting.name);
        if (std::holds_alternative<Switch>(setting.allowed)) {
            command_->add_flag(flag, setting.help);
            return;
        }
        const std::string standard =
            setting.standard != nullptr ? setting.standard : format_value(setting, RunSettings());
        command_
            ->add_option(flag, values_[setting.name],
                         fmt::format("{} [{}]", setting.help, standard))
            ->type_name(setting.operand);
    }

    CLI::App* command_ = nullptr;
    std::string config_;
    std::map<std::string, std::string> values_;  // stable addresses
};

class EvaluateFlags {
  public:
    void add_to(CLI::App& command) {
        auto* model = command.add_option("--model", options_.model.path,
                                         "checkpoint, or state directory (its newest)");
        model->type_name("PATH");
        command.add_flag("--untrained", options_.model.is_untrained, "play with neutral weights")
            ->excludes(model);
        command.add_option("--opponent", opponent_, "random or corner [random]")->type_name("NAME");
        command.add_option("--games", games_, "an even number [400]")->type_name("GAMES");
        limits_.add_to(command, 1);
        command.add_option("--opening-plies", opening_, "random plies before the match [6]")
            ->type_name("PLIES");
        command.add_option("--seed", seed_, "of openings and opponent [1]")->type_name("NUMBER");
        command.add_option("--workers", workers_, "threads [the CPUs allowed, at most 64]")
            ->type_name("N");
        command.add_option("--memory", memory_, "budget [600MB]")->type_name("SIZE");
        command.add_flag("--json", options_.json, "print the result as JSON");
    }

    EvaluateOptions options() {
        if (options_.model.path.empty() && !options_.model.is_untrained)
            throw Failure(ExitCode::usage,
                          "evaluate: no model; give --model PATH (a checkpoint or a state "
                          "directory) or --untrained");
        if (opponent_ != "random" && opponent_ != "corner")
            throw Failure(ExitCode::usage,
                          fmt::format("--opponent: '{}' is not allowed; it takes random or corner",
                                      opponent_));
        options_.opponent =
            opponent_ == "random" ? othello::Opponent::random : othello::Opponent::corner_edge;
        options_.games = whole("--games", games_, 2, 10'000'000);
        options_.limits = limits_.limits();
        options_.opening_plies = static_cast<int>(whole("--opening-plies", opening_, 0, 50));
        options_.seed = whole("--seed", seed_, 0, UINT64_MAX);
        if (!workers_.empty())
            options_.workers = whole("--workers", workers_, 1, 64);
        const auto memory = parse_bytes(memory_);
        if (!memory || *memory == 0)
            throw Failure(ExitCode::usage,
                          fmt::format("--memory: '{}' is not allowed; it takes a size like 600MB, "
                                      "2GiB or a number of bytes",
                                      memory_));
        options_.memory_bytes = *memory;
        return options_;
    }

  private:
    EvaluateOptions options_;
    LimitFlags limits_;
    std::string opponent_ = "random";
    std::string games_ = "400";
    std::string opening_ = "6";
    std::string seed_ = "1";
    std::string workers_;
    std::string memory_ = "600MB";
};

constexpr const char* train_examples = R"(Examples:
  kiln train --games 20000 --state state/first
  kiln train --games 100000 --depth 4 --workers 4 --state state/deep
  kiln train --config run.toml --resume --learning-rate 0.02
Ctrl-C saves and ends; --resume goes on from there.)";
constexpr const char* memory_examples = R"(Examples:
  kiln memory --plan
  kiln memory --plan --memory 400MB --workers 4 --table-mib 64
  kiln memory --state state/first
Without --plan: the run in --state, with what each region uses.)";
constexpr const char* evaluate_examples = R"(Examples:
  kiln evaluate --model state/first --opponent random --games 400 --depth 1
  kiln evaluate --model state/first/game-000000020000.ckpt --opponent corner --nodes 2000
  kiln evaluate --untrained --opponent corner --json)";
constexpr const char* bench_examples = R"(Examples:
  kiln bench
  kiln bench --filter self-play --model state/first
  kiln bench --directory /mnt/card
  kiln bench --json > report.json
  kiln bench --save-baseline before.json
  kiln bench --compare before.json --threshold 10
  kiln bench --signature
Ctrl-C ends it with the figures that are complete.)";

constexpr const char* perft_examples = R"(Examples:
  kiln perft 9
  kiln perft 6 --board "---------------------------OX------XO--------------------------- X")";
constexpr const char* board_examples = R"(Examples:
  kiln board
  kiln board start --moves f5d6c3
  kiln board start --moves f5d6c3 --model state/first --depth 8)";
constexpr const char* checkpoint_examples = R"(Examples:
  kiln checkpoint list state/first
  kiln checkpoint verify state/first
  kiln checkpoint inspect state/first/game-000000020000.ckpt
  kiln checkpoint diff state/first/game-000000016000.ckpt state/first/game-000000020000.ckpt)";
constexpr const char* debug_examples = R"(Examples:
  kiln debug patterns start --moves f5d6 --model state/first
  kiln debug trace --model state/first
  kiln debug csv --model state/first --touched > weights.csv
`kiln debug COMMAND --help` tells more about each.)";
constexpr const char* kiln_examples = R"(Examples:
  kiln train --games 20000 --state state/first
  kiln evaluate --model state/first --opponent corner --games 400
`kiln COMMAND --help` tells more about each.

Exit codes: 0 done, or stopped and saved; 1 a figure regressed (bench --compare); 2 wrong flag or
value; 65 damaged or foreign checkpoint, or wrong positions; 66 no such file; 69 nobody is training
there; 70 a bug in Kiln; 71 no memory or threads from the system; 73 the state directory cannot be
made, holds a run or is in use; 74 reading or writing failed; 75 the run did not answer or cannot do
that now; 77 not permitted; 78 wrong configuration file or too small a budget.)";

std::string one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

// The whole command line. Members outlive parse(), because CLI11 keeps references to them.
class CommandLine {
  public:
    CommandLine() {
        app_.set_version_flag("--version", "kiln " KILN_VERSION);
        app_.require_subcommand(1);
        app_.footer(kiln_examples);
        train_flags_.add_to(
            *command("train", "train by self-play, with checkpoints", train_examples));
        add_evaluate_and_boards();
        position_flags_.add_to(app_);
        play_flags_.add_to(app_);
        router_flags_.add_to(app_);
        auto* memory = command("memory", "show what a run will use, or uses", memory_examples);
        auto* plan = memory->add_flag("--plan", is_plan_, "print the table of regions");
        memory_flags_.add_to(*memory);
        control_flags_.add_to(app_);
        control_flags_.add_to_memory(*memory, plan);
        monitor_flags_.add_to(
            *command("monitor", "watch a run on a full screen", MonitorFlags::examples));
        report_flags_.add_to(
            *command("report", "one page about a run, as text or HTML", ReportFlags::examples));
        add_checkpoint();
        debug_flags_.add_to(
            *command("debug", "look into a model and into single games", debug_examples));
        auto* help = command("help", "print this, or the help of a command",
                             "Examples:\n  kiln help\n  kiln help train");
        help->add_option("command", help_about_, "the command")->type_name("COMMAND");
    }

    Command parse(int argument_count, const char* const* arguments) {
        try {
            app_.parse(argument_count, arguments);
        } catch (const CLI::CallForVersion&) {
            return PrintCommand{"kiln " KILN_VERSION "\n"};
        } catch (const CLI::CallForHelp&) {
            return PrintCommand{help_of(chosen())};
        } catch (const CLI::ParseError& error) {
            throw misuse(error);
        }
        return selected();
    }

  private:
    CLI::App* command(const std::string& name, const std::string& what, const char* examples) {
        return add_to(app_, name, what, examples);
    }

    static CLI::App* add_to(CLI::App& parent, const std::string& name, const std::string& what,
                            const char* examples) {
        auto* added = parent.add_subcommand(name, what);
        added->footer(examples);
        return added;
    }

    void add_evaluate_and_boards() {
        evaluate_flags_.add_to(
            *command("evaluate", "play a model against a fixed opponent", evaluate_examples));
        match_flags_.add_to(
            *command("match", "play two models against each other", MatchFlags::examples));
        bench_flags_.add_to(*command(
            "bench", "measure speed, memory and saves against their targets", bench_examples));
        auto* perft = command("perft", "count the leaves of the game tree", perft_examples);
        perft->add_option("depth", perft_depth_, "plies, 0 to 60")->required()->type_name("DEPTH");
        perft->add_option("--board", perft_.board, "64 cells, side to move [start]")
            ->type_name("TEXT");
        auto* board =
            command("board", "draw a position and what the model thinks of it", board_examples);
        board->add_option("board", board_.board, "64 cells a1 to h8, side to move [start]")
            ->type_name("TEXT");
        board->add_option("--moves", board_.moves, "played from there, like f5d6c3")
            ->type_name("LIST");
        board->add_option("--model", board_model_, "checkpoint or state directory")
            ->type_name("PATH");
        board_limits_.add_to(*board, 6);
    }

    void add_checkpoint() {
        auto* checkpoint =
            command("checkpoint", "list, check or look into checkpoints", checkpoint_examples);
        checkpoint->require_subcommand(1);
        const auto add = [&](const char* name, const char* what, const char* operand) {
            add_to(*checkpoint, name, what, checkpoint_examples)
                ->add_option("path", checkpoint_.path, operand)
                ->required()
                ->type_name("PATH");
        };
        add("list", "the checkpoints of a directory, newest first", "state directory");
        add("verify", "check every byte", "checkpoint, or state directory for all in it");
        add("inspect", "sections, types, counts and settings", "checkpoint, or state directory");
        auto* diff = add_to(*checkpoint, "diff", "what differs between two checkpoints",
                            checkpoint_examples);
        diff->add_option("before", checkpoint_.path, "checkpoint, or state directory")
            ->required()
            ->type_name("PATH");
        diff->add_option("after", checkpoint_.other, "checkpoint, or state directory")
            ->required()
            ->type_name("PATH");
        diff->add_option("--top", checkpoint_top_, "largest changes to list [10]")->type_name("N");
        diff->add_flag("--json", checkpoint_.json, "print the result as JSON");
    }

    // What CLI11 found wrong, in Kiln's words where its own are no help.
    Failure misuse(const CLI::ParseError& error) const {
        const CLI::App& at = chosen();
        const std::string name = full_name(at);
        const std::vector<std::string> rest = at.remaining();
        const bool is_extra = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
        std::vector<std::string> known;
        for (const CLI::App* command : at.get_subcommands(any_command))
            known.push_back(command->get_name());
        const bool lacks_command = !known.empty();
        if (!lacks_command && !is_extra)
            return Failure(ExitCode::usage, fmt::format("{}; `{} --help` tells what is allowed",
                                                        one_line(error.what()), name));
        const std::string label = &at == &app_ ? "" : at.get_name() + ": ";
        if (rest.empty())
            return Failure(ExitCode::usage,
                           fmt::format("{}which command? One of {}; `{} --help` tells more", label,
                                       fmt::join(known, ", "), name));
        for (const CLI::Option* option : at.get_options())
            known.push_back(option->get_name());
        const std::string_view nearest = nearest_name(rest.front(), known);
        return Failure(
            ExitCode::usage,
            fmt::format("{}there is no {} '{}'; {}`{} --help` lists what there is", label,
                        lacks_command ? "command" : "flag or argument", rest.front(),
                        nearest.empty() ? "" : fmt::format("did you mean '{}'? ", nearest), name));
    }

    static bool any_command(const CLI::App*) { return true; }

    // The innermost command that was named.
    const CLI::App& chosen() const {
        const CLI::App* at = &app_;
        for (auto inner = at->get_subcommands(); !inner.empty(); inner = at->get_subcommands())
            at = inner.front();
        return *at;
    }

    static std::string full_name(const CLI::App& command) {
        std::string name = command.get_name();
        for (const CLI::App* at = command.get_parent(); at != nullptr; at = at->get_parent())
            name.insert(0, at->get_name() + " ");
        return name;
    }

    static std::string help_of(const CLI::App& command) {
        // Not command.help(): it answers for the command that was parsed, whichever it is asked of.
        return command.get_formatter()->make_help(&command, full_name(command),
                                                  CLI::AppFormatMode::Normal);
    }

    Command selected() {
        const std::string name = full_name(chosen());
        if (name == "kiln train")
            return TrainCommand{train_flags_.options()};
        if (name == "kiln memory" && is_plan_)
            return MemoryPlanCommand{memory_flags_.options()};
        if (name == "kiln memory")
            return control_flags_.memory_options(memory_flags_.options());
        if (name == "kiln evaluate")
            return evaluate_flags_.options();
        if (name == "kiln solve")
            return position_flags_.solve_options();
        if (name == "kiln positions")
            return position_flags_.positions_options();
        if (name == "kiln match")
            return match_flags_.options();
        if (name == "kiln play")
            return play_flags_.options();
        if (name == "kiln bench")
            return bench_flags_.options();
        if (name == "kiln monitor")
            return monitor_flags_.options();
        if (name == "kiln report")
            return report_flags_.options();
        if (name == "kiln perft") {
            perft_.depth = whole("DEPTH", perft_depth_, 0, 60);
            return perft_;
        }
        if (name == "kiln board") {
            if (!board_model_.empty())
                board_.model = ModelSource{.path = board_model_};
            board_.limits = board_limits_.limits();
            return board_;
        }
        if (name == "kiln help")
            return PrintCommand{help_about_.empty() ? help_of(app_) : help_about(help_about_)};
        if (name.starts_with("kiln router "))
            return router_flags_.options(chosen().get_name());
        if (const auto options = control_flags_.options(name))
            return *options;
        const std::string& action = chosen().get_name();
        if (name.starts_with("kiln debug "))
            return debug_flags_.options(action);
        checkpoint_.top = whole("--top", checkpoint_top_, 0, 1000);
        checkpoint_.action = action == "list"     ? CheckpointAction::list
                             : action == "verify" ? CheckpointAction::verify
                             : action == "diff"   ? CheckpointAction::diff
                                                  : CheckpointAction::inspect;
        return checkpoint_;
    }

    std::string help_about(const std::string& name) const {
        for (const CLI::App* command : app_.get_subcommands(any_command))
            if (command->get_name() == name)
                return help_of(*command);
        throw Failure(ExitCode::usage,
                      fmt::format("help: there is no command '{}'; `kiln help` lists them", name));
    }

    CLI::App app_{"Kiln: a fixed-memory training appliance", "kiln"};
    RunFlags train_flags_;
    RunFlags memory_flags_;
    ControlFlags control_flags_;
    MonitorFlags monitor_flags_;
    ReportFlags report_flags_;
    bool is_plan_ = false;
    EvaluateFlags evaluate_flags_;
    PositionFlags position_flags_;
    MatchFlags match_flags_;
    BenchFlags bench_flags_;
    PlayFlags play_flags_;
    RouterFlags router_flags_;
    PerftOptions perft_;
    std::string perft_depth_;
    BoardOptions board_;
    std::string board_model_;
    LimitFlags board_limits_;
    CheckpointOptions checkpoint_;
    std::string checkpoint_top_ = "10";
    DebugFlags debug_flags_;
    std::string help_about_;
};

}  // namespace

Command parse_command_line(int argument_count, const char* const* arguments) {
    const auto line = std::make_unique<CommandLine>();
    return line->parse(argument_count, arguments);
}

}  // namespace kiln::app
