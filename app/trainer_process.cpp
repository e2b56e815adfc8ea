#include "app/trainer_process.hpp"

#include <charconv>
#include <cstring>
#include <memory>
#include <string_view>
#include <thread>

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include "app/failure.hpp"
#include "app/settings.hpp"
#include "app/shared_page.hpp"
#include "app/state_directory.hpp"
#include "app/trainer.hpp"
#include "platform/linux/child_process.hpp"
#include "platform/linux/cold_heap.hpp"
#include "platform/linux/last_words.hpp"
#include "platform/linux/lockdown.hpp"
#include "platform/linux/prefault.hpp"
#include "platform/linux/process_info.hpp"
#include "platform/linux/shared_memory.hpp"

namespace kiln::app {
namespace {

constexpr const char* trainer_word = "trainer";
constexpr auto poll_interval = std::chrono::milliseconds(20);
constexpr int polls_per_report = 50;

bool parse_number(const char* text, int& number) {
    const char* const end = text + std::strlen(text);
    const auto [stop, error] = std::from_chars(text, end, number);
    return error == std::errc() && stop == end;
}

void prepare(Trainer& trainer, const LaunchOrder& order, StateDirectory& directory) {
    trainer.allocate();
    if (!order.is_resuming) {
        trainer.start_fresh();
    } else {
        const OpenCheckpoint checkpoint =
            open_checkpoint(directory, checkpoint_file_name(order.games));
        if (const Status restored = trainer.restore(*checkpoint.reader); !restored)
            refuse(restored.error(), directory, checkpoint);
        checkpoint.reader->close();
    }
    if (const Status skipped = trainer.skip({order.skips, order.skip_count}); !skipped)
        throw Failure(ExitCode::internal, describe(skipped.error().code));
}

void report_stacks(const Trainer& trainer, TrainerReport& report) {
    report.worker_stack_peak_bytes.store(trainer.worker_stack_peak_bytes(),
                                         std::memory_order_relaxed);
    report.session_stack_peak_bytes.store(trainer.session_stack_peak_bytes(),
                                          std::memory_order_relaxed);
}

// From here on: no heap, no page that is not there yet and, if asked for, no way to get any.
void seal(const Trainer& trainer, TrainerReport& report) {
    if (const Status present = platform::prefault_process(trainer.memory()); !present)
        throw Failure(ExitCode::system_refuses,
                      fmt::format("the trainer's pages cannot be made present: {}",
                                  describe_error(present.error())));
    if (trainer.settings().lockdown)
        if (const Status locked = platform::lock_down(); !locked)
            throw Failure(ExitCode::system_refuses,
                          "--lockdown: this kernel has no system call "
                          "filters; leave the flag out");
    platform::close_cold_heap();
    const auto memory = platform::read_process_memory();
    if (!memory)
        return;
    report.minor_faults_at_seal = memory.value().minor_faults;
    report.major_faults_at_seal = memory.value().major_faults;
    const std::uint64_t beside = trainer.plan().arena_bytes + sizeof(SharedPage);
    report.program_bytes_at_seal =
        memory.value().resident_bytes - std::min(memory.value().resident_bytes, beside);
}

ExitCode fail(TrainerReport& report, const char* line, ExitCode exit_code) {
    report.has_failed = true;
    const std::size_t length = std::min(std::strlen(line), TrainerReport::failure_capacity - 1);
    std::memcpy(report.failure, line, length);
    report.failure[length] = '\0';
    return exit_code;
}

ExitCode train(SharedPage& page, int directory_descriptor) {
    TrainerReport& report = page.report;
    RunSettings settings = from_launch_text(page.order.settings);
    settings.state = page.order.state;
    StateDirectory directory(settings.state);
    directory.adopt(directory_descriptor);
    page.status.session.begin(Phase::loading, 0, platform::MonotonicClock().now_ns());
    Trainer trainer(settings);
    prepare(trainer, page.order, directory);

    trainer.launch(page.status);
    report_stacks(trainer, report);  // used once before the seal
    seal(trainer, report);
    trainer.start(directory.store(), page.status);
    report.stage.store(TrainerStage::training, std::memory_order_release);
    for (int polls = 1; !trainer.is_done(); ++polls) {
        std::this_thread::sleep_for(poll_interval);
        if (polls % polls_per_report == 0)
            report_stacks(trainer, report);
    }
    report_stacks(trainer, report);
    if (const auto memory = platform::read_process_memory(); memory) {
        report.minor_faults_at_end = memory.value().minor_faults;
        report.peak_resident_bytes = memory.value().peak_resident_bytes;
    }
    if (trainer.result())
        report.is_at_target = trainer.result().value() == SessionEnd::target_reached;
    else
        report.error = trainer.result().error();
    report.stage.store(TrainerStage::ended, std::memory_order_release);
    // Not by returning: what is sealed is not taken apart, the kernel does that.
    ::_exit(static_cast<int>(trainer.result() ? ExitCode::ok : ExitCode::io_failed));
}

}  // namespace

std::vector<std::string> trainer_arguments(const TrainerProcessOptions& options) {
    return {"kiln", trainer_word, fmt::format("{}", options.page),
            fmt::format("{}", options.directory), fmt::format("{}", options.supervisor)};
}

bool is_trainer_process(int argument_count, const char* const* arguments,
                        TrainerProcessOptions& options) {
    return argument_count == 5 && std::string_view(arguments[1]) == trainer_word &&
           parse_number(arguments[2], options.page) &&
           parse_number(arguments[3], options.directory) &&
           parse_number(arguments[4], options.supervisor);
}

ExitCode run_trainer_process(const TrainerProcessOptions& options) {
    // exec keeps the request to die with the parent, but it may have died just before.
    if (!platform::die_with_parent(options.supervisor))
        return ExitCode::internal;
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE})
        (void)::signal(number, SIG_IGN);
    platform::SharedMemory memory;
    if (!memory.adopt(options.page, sizeof(SharedPage)))
        throw Failure(ExitCode::usage, "trainer: it is started by `kiln train`, not by hand");
    SharedPage& page = *reinterpret_cast<SharedPage*>(memory.span().data());
    platform::install_last_words(page.words);
    platform::use_signal_stack();
    try {
        return train(page, options.directory);
    } catch (const DamagedCheckpoint& damage) {
        page.report.is_checkpoint_damaged = true;
        return fail(page.report, damage.what(), ExitCode::bad_data);
    } catch (const Failure& failure) {
        return fail(page.report, failure.what(), failure.exit_code());
    } catch (const std::bad_alloc&) {
        return fail(page.report, "the system grants no more memory", ExitCode::system_refuses);
    } catch (const std::exception& error) {
        return fail(page.report, error.what(), ExitCode::internal);
    }
}

}  // namespace kiln::app
