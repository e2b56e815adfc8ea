#include "app/control_client.hpp"

#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/control_server.hpp"
#include "app/failure.hpp"
#include "platform/linux/clock.hpp"
#include "tests/support/child.hpp"
#include "tests/support/temp_directory.hpp"

namespace kiln::app {
namespace {

constexpr double patience_seconds = 60;  // no test waits as long

const Request status = {ControlCommand::status, "", ""};
const Request save = {ControlCommand::save, "", ""};
const Request stop = {ControlCommand::stop, "", ""};
const Request memory = {ControlCommand::memory, "", ""};

// `save` is never answered, `stop` ends the process, `memory` is a long answer.
class Handler final : public ControlHandler {
  public:
    std::optional<Json> answer(const Request& request, ControlTicket) override {
        switch (request.command) {
            case ControlCommand::save:
                return std::nullopt;
            case ControlCommand::stop:
                ::_exit(0);
            case ControlCommand::pause:
                throw Failure(ExitCode::io_failed, "no room\nfor it");
            case ControlCommand::resume:
                return Json{{"ok", false}, {"exit_code", 3}};
            case ControlCommand::memory:
                return Json{{"ok", true}, {"text", std::string(900'000, 'x')}};
            case ControlCommand::log_level:
                return Json{{"ok", true}, {"text", std::string(2 * reply_bytes_max, 'x')}};
            default:
                return Json{{"ok", true}, {"value", request.value}};
        }
    }
};

// A run that answers, in a process of its own.
class ServedRun {
  public:
    explicit ServedRun(const std::string& state) {
        server_.open(state);
        child_ = test::start_child([this] {
            Handler handler;
            platform::MonotonicClock clock;
            while (true) {
                pollfd readable = {server_.descriptor(), POLLIN, 0};
                (void)::poll(&readable, 1, 1000);
                server_.serve(handler, clock.now_ns());
            }
            return 0;
        });
    }
    ~ServedRun() {
        ::kill(child_, SIGKILL);
        (void)test::wait_for(child_);
    }
    ServedRun(const ServedRun&) = delete;
    ServedRun& operator=(const ServedRun&) = delete;

  private:
    ControlServer server_;
    pid_t child_ = -1;
};

struct Refusal {
    std::string line;
    ExitCode exit_code = ExitCode::ok;
};
Refusal refusal(const std::string& state, const Request& request,
                double patience = patience_seconds) {
    try {
        (void)ask_run(state, request, patience);
    } catch (const Failure& failure) {
        return {failure.what(), failure.exit_code()};
    }
    return {};
}

TEST(ControlClient, gets_the_answer_of_the_run) {
    const test::TempDirectory directory;
    const ServedRun run(directory.path());
    const auto reply =
        ask_run(directory.path(), {ControlCommand::set, "depth", "4"}, patience_seconds);
    ASSERT_TRUE(reply);
    EXPECT_EQ((*reply)["value"], "4");
    const auto long_reply = ask_run(directory.path(), memory, patience_seconds);
    ASSERT_TRUE(long_reply);
    EXPECT_EQ((*long_reply)["text"].get<std::string>().size(), 900'000u);
}

TEST(ControlClient, where_nobody_is_training_there_is_no_answer) {
    const test::TempDirectory directory;
    EXPECT_FALSE(ask_run(directory.path(), status, patience_seconds));
    std::ofstream(directory / control_socket_name) << "not a socket";
    EXPECT_FALSE(ask_run(directory.path(), status, patience_seconds));
    std::filesystem::remove(directory / control_socket_name);
    EXPECT_EQ(test::run_child([&] {
                  auto* const server = new ControlServer;  // dies without closing
                  server->open(directory.path());
                  return 0;
              }),
              0);
    EXPECT_FALSE(ask_run(directory.path(), status, patience_seconds));
    EXPECT_EQ(refusal(directory / "none", status).exit_code, ExitCode::no_input);
    EXPECT_EQ(refusal(directory / control_socket_name, status).exit_code, ExitCode::io_failed);
}

TEST(ControlClient, what_the_run_refuses_is_its_line_and_its_exit_code) {
    const test::TempDirectory directory;
    const ServedRun run(directory.path());
    const Refusal refused = refusal(directory.path(), {ControlCommand::pause, "", ""});
    EXPECT_EQ(refused.line, "no room for it");
    EXPECT_EQ(refused.exit_code, ExitCode::io_failed);
    const Refusal odd = refusal(directory.path(), {ControlCommand::resume, "", ""});
    EXPECT_EQ(odd.exit_code, ExitCode::try_again);
    EXPECT_EQ(odd.line, "the run refused, without a reason");
}

TEST(ControlClient, a_run_that_does_not_answer_in_time_is_given_up) {
    const test::TempDirectory directory;
    const ServedRun run(directory.path());
    const Refusal late = refusal(directory.path(), save, 0.05);
    EXPECT_EQ(late.exit_code, ExitCode::try_again);
    EXPECT_NE(late.line.find("did not answer within 50 ms"), std::string::npos) << late.line;
    // Nobody even accepts.
    const test::TempDirectory hung;
    ControlServer server;
    server.open(hung.path());
    EXPECT_EQ(refusal(hung.path(), status, 0.05).exit_code, ExitCode::try_again);
}

TEST(ControlClient, says_once_that_it_waits) {
    const test::TempDirectory directory;
    const ServedRun run(directory.path());
    int told = 0;
    const auto ask = [&](const Request& request, double patience) {
        try {
            (void)ask_run(directory.path(), request, patience, [&] { ++told; });
        } catch (const Failure&) {
            return false;
        }
        return true;
    };
    EXPECT_TRUE(ask(status, patience_seconds));
    EXPECT_EQ(told, 0);
    EXPECT_FALSE(ask(save, 1.2));
    EXPECT_EQ(told, 1);
}

TEST(ControlClient, a_run_that_ends_or_answers_nonsense_is_told_as_such) {
    const test::TempDirectory directory;
    const ServedRun run(directory.path());
    const Refusal huge = refusal(directory.path(), {ControlCommand::log_level, "", "debug"});
    EXPECT_EQ(huge.exit_code, ExitCode::try_again);
    const Refusal ended = refusal(directory.path(), stop);
    EXPECT_EQ(ended.exit_code, ExitCode::try_again);
    EXPECT_NE(ended.line.find("ended before it answered"), std::string::npos);
}

TEST(ControlClient, another_users_run_is_not_reached) {
    const test::TempDirectory directory;
    ControlServer server;
    server.open(directory.path());
    ::chmod(directory.path().c_str(), 0755);
    ::chmod((directory / control_socket_name).c_str(), 0);
    EXPECT_EQ(test::run_child([&] {
                  constexpr uid_t nobody = 65534;
                  if (::geteuid() == 0 && (::setgid(nobody) != 0 || ::setuid(nobody) != 0))
                      return 2;
                  return refusal(directory.path(), status).exit_code == ExitCode::permission ? 0
                                                                                             : 1;
              }),
              0);
}

TEST(PendingAnswer, comes_when_it_is_whole_and_nobody_waits_for_it) {
    const test::TempDirectory directory;
    const ServedRun run(directory.path());
    PendingAnswer answered(directory.path(), memory);
    PendingAnswer unanswered(directory.path(), save);
    std::optional<Json> answer;
    while (!answer) {
        pollfd readable = {answered.descriptor(), POLLIN, 0};
        ASSERT_EQ(::poll(&readable, 1, 60'000), 1);
        answer = answered.take();
    }
    EXPECT_EQ((*answer)["text"].get<std::string>().size(), 900'000u);
    EXPECT_FALSE(unanswered.is_absent());
    EXPECT_FALSE(unanswered.take());
    EXPECT_FALSE(unanswered.take());
}

TEST(PendingAnswer, does_not_wait_for_a_run_that_accepts_nobody) {
    const test::TempDirectory directory;
    ControlServer server;
    server.open(directory.path());
    std::vector<std::unique_ptr<PendingAnswer>> questions;
    EXPECT_THROW(
        {
            for (int i = 0; i < 1'000; ++i)
                questions.push_back(std::make_unique<PendingAnswer>(directory.path(), status));
        },
        Failure);
    EXPECT_FALSE(questions.empty());
}

TEST(PendingAnswer, where_nobody_is_training_there_will_be_none) {
    const test::TempDirectory directory;
    EXPECT_TRUE(PendingAnswer(directory.path(), status).is_absent());
    EXPECT_THROW(PendingAnswer(directory / "none", status), Failure);
}

}  // namespace
}  // namespace kiln::app
