#include "app/commands/play.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "app/failure.hpp"
#include "app/play/engine.hpp"
#include "app/play/gtp.hpp"
#include "app/play/line_inbox.hpp"
#include "app/play/nboard.hpp"
#include "app/play/terminal.hpp"
#include "platform/linux/clock.hpp"
#include "platform/linux/signals.hpp"

namespace kiln::app {
namespace {

constexpr int poll_ms = 100;
constexpr std::uint64_t memory_bytes = 600'000'000;  // the table's size is fixed: it is less

// Whoever read our answers is gone or stopped reading, which is how a board or a match runner may
// end a game.
struct ReaderIsGone {};

// Standard output, at once and unbuffered: the other side waits for it. Whoever does not read must
// not keep a signal from ending the program, so that it never waits in a write.
class Output {
  public:
    explicit Output(const LineInbox& inbox) : inbox_(inbox) {}

    void write(std::string_view text) {
        while (!text.empty()) {
            wait_for_room();
            const ssize_t count =
                ::write(STDOUT_FILENO, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
            if (count >= 0)
                text.remove_prefix(static_cast<std::size_t>(count));
            else if (errno == EPIPE)
                throw ReaderIsGone();
            else if (errno != EINTR && errno != EAGAIN)
                throw Failure(ExitCode::io_failed,
                              fmt::format("standard output: {}; make room there, or give another",
                                          std::strerror(errno)));
        }
    }

    void say(std::string_view line) { write(std::string(line) + '\n'); }

  private:
    // For as much as PIPE_BUF: poll(2) promises that of a pipe.
    void wait_for_room() const {
        pollfd room = {STDOUT_FILENO, POLLOUT, 0};
        while (::poll(&room, 1, poll_ms) <= 0)
            if (inbox_.is_abandoned())
                throw ReaderIsGone();
    }

    const LineInbox& inbox_;
};

void complain(std::string_view line) {
    fmt::print(stderr, "kiln: {}\n", line);
}

// Before anything is opened, which would get the number of a closed one and be taken for it.
void check_is_open(int descriptor, const char* name) {
    if (::fcntl(descriptor, F_GETFD) < 0)
        throw Failure(ExitCode::io_failed,
                      fmt::format("{} is closed; play needs it for the dialogue", name));
}

LineInbox::IsUrgent urgency_of(PlayProtocol protocol) {
    switch (protocol) {
        case PlayProtocol::nboard:
            return NboardDialogue::is_urgent;
        case PlayProtocol::gtp:
            return GtpDialogue::is_urgent;
        default:
            return nullptr;
    }
}

std::unique_ptr<Dialogue> dialogue_of(const PlayOptions& options, Engine& engine, Output& output) {
    const LineSink say = [&output](std::string_view line) { output.say(line); };
    switch (options.protocol) {
        case PlayProtocol::nboard:
            return std::make_unique<NboardDialogue>(engine, options.limits.usual, say, complain);
        case PlayProtocol::gtp:
            return std::make_unique<GtpDialogue>(engine, options.limits, say);
        default:
            return std::make_unique<TerminalDialogue>(engine, options.limits.usual, options.person,
                                                      say);
    }
}

void hold(Dialogue& dialogue, LineInbox& inbox, Output& output) {
    const bool has_prompt = ::isatty(STDIN_FILENO) == 1;
    dialogue.begin();
    for (;;) {
        if (has_prompt)
            output.write(dialogue.prompt());
        const std::optional<std::string> line = inbox.next();
        if (!line) {
            if (has_prompt)
                output.say("");  // below the prompt
            return dialogue.abandon();
        }
        if (!dialogue.answer(*line))
            return;
    }
}

}  // namespace

ExitCode run_play(const PlayOptions& options) {
    check_is_open(STDIN_FILENO, "standard input");
    check_is_open(STDOUT_FILENO, "standard output");
    PlayingModel model(options.model, 1, memory_bytes);
    platform::MonotonicClock clock;
    LineInbox inbox(STDIN_FILENO, STDOUT_FILENO, urgency_of(options.protocol));
    (void)platform::install_stop_signals(inbox.interrupted());  // cannot fail for these signals
    Output output(inbox);
    Engine engine(model.searcher(0), clock, inbox.stop());
    const std::unique_ptr<Dialogue> dialogue = dialogue_of(options, engine, output);
    try {
        hold(*dialogue, inbox, output);
    } catch (const ReaderIsGone&) {
        // There is nobody to tell.
    }
    platform::restore_stop_signals();
    return ExitCode::ok;
}

}  // namespace kiln::app
