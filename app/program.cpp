// What was asked, done; what went wrong, in one line with an exit code.
#include "app/program.hpp"

#include <cstdio>
#include <exception>
#include <new>
#include <system_error>
#include <variant>

#include <fmt/format.h>
#include <signal.h>

#include "app/command_line.hpp"
#include "app/console.hpp"
#include "app/failure.hpp"
#include "app/trainer_process.hpp"
#include "platform/linux/check_report.hpp"

namespace kiln::app {
namespace {

struct Dispatch {
    ExitCode operator()(const PrintCommand& command) const {
        fmt::print("{}", command.text);
        return ExitCode::ok;
    }
    ExitCode operator()(const TrainCommand& command) const { return run_train(command.options); }
    ExitCode operator()(const MemoryPlanCommand& command) const {
        return run_memory_plan(command.options);
    }
    ExitCode operator()(const EvaluateOptions& options) const { return run_evaluate(options); }
    ExitCode operator()(const SolveOptions& options) const { return run_solve(options); }
    ExitCode operator()(const PositionsOptions& options) const { return run_positions(options); }
    ExitCode operator()(const MatchOptions& options) const { return run_match(options); }
    ExitCode operator()(const BenchOptions& options) const { return run_bench(options); }
    ExitCode operator()(const PerftOptions& options) const { return run_perft(options); }
    ExitCode operator()(const BoardOptions& options) const { return run_board(options); }
    ExitCode operator()(const CheckpointOptions& options) const { return run_checkpoint(options); }
    ExitCode operator()(const ControlOptions& options) const { return run_control(options); }
    ExitCode operator()(const MonitorOptions& options) const { return run_monitor(options); }
    ExitCode operator()(const ReportOptions& options) const { return run_report(options); }
    ExitCode operator()(const DebugOptions& options) const { return run_debug(options); }
    ExitCode operator()(const PlayOptions& options) const { return run_play(options); }
    ExitCode operator()(const RouterOptions& options) const { return run_router(options); }
};

ExitCode complain(const char* line, ExitCode exit_code) {
    std::fflush(stdout);
    print_complaint(line);
    return exit_code;
}

ExitCode run(int argument_count, const char* const* arguments) {
    try {
        TrainerProcessOptions trainer;
        if (is_trainer_process(argument_count, arguments, trainer))
            return run_trainer_process(trainer);
        const ExitCode exit_code =
            std::visit(Dispatch{}, parse_command_line(argument_count, arguments));
        if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
            return complain("the result cannot be written to standard output; make room there",
                            ExitCode::io_failed);
        return exit_code;
    } catch (const Failure& failure) {
        return complain(failure.what(), failure.exit_code());
    } catch (const std::bad_alloc&) {
        return complain(
            "settings, files and results together need more than the 33.6 MB that are "
            "set aside for them; give less at once",
            ExitCode::system_refuses);
    } catch (const std::system_error& error) {
        return complain(error.what(), ExitCode::io_failed);
    } catch (const std::exception& error) {
        return complain(error.what(), ExitCode::internal);
    }
}

}  // namespace

int run_program(int argument_count, const char* const* arguments) {
    platform::install_check_report();
    // A limit on file sizes is an error of the write, not the end of the program.
    (void)::signal(SIGXFSZ, SIG_IGN);
    return static_cast<int>(run(argument_count, arguments));
}

}  // namespace kiln::app
