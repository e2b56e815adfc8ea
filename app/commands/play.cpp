#include "app/commands/play.hpp"

#include <cerrno>
#include <cstring>
#include <memory>

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

constexpr std::uint64_t memory_bytes = 600'000'000;  // the table's size is fixed: it is less

// Whoever read our answers is gone, which is how a board or a match runner may end a game.
struct ReaderIsGone {};

// At once and unbuffered: the other side waits for it.
void write_all(std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::write(STDOUT_FILENO, text.data(), text.size());
        if (count >= 0) {
            text.remove_prefix(static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) {
            pollfd room = {STDOUT_FILENO, POLLOUT, 0};
            (void)::poll(&room, 1, -1);
        } else if (errno == EPIPE) {
            throw ReaderIsGone();
        } else if (errno != EINTR) {
            throw Failure(ExitCode::io_failed,
                          fmt::format("standard output: {}; make room there, or give another",
                                      std::strerror(errno)));
        }
    }
}

void say(std::string_view line) {
    write_all(std::string(line) + '\n');
}

void complain(std::string_view line) {
    fmt::print(stderr, "kiln: {}\n", line);
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

std::unique_ptr<Dialogue> dialogue_of(const PlayOptions& options, Engine& engine) {
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

void hold(Dialogue& dialogue, LineInbox& inbox) {
    const bool has_prompt = ::isatty(STDIN_FILENO) == 1;
    dialogue.begin();
    for (;;) {
        if (has_prompt)
            write_all(dialogue.prompt());
        const std::optional<std::string> line = inbox.next();
        if (!line) {
            if (has_prompt)
                say("");  // below the prompt
            return dialogue.abandon();
        }
        if (!dialogue.answer(*line))
            return;
    }
}

}  // namespace

ExitCode run_play(const PlayOptions& options) {
    PlayingModel model(options.model, 1, memory_bytes);
    platform::MonotonicClock clock;
    LineInbox inbox(STDIN_FILENO, STDOUT_FILENO, urgency_of(options.protocol));
    (void)platform::install_stop_signals(inbox.interrupted());  // cannot fail for these signals
    Engine engine(model.searcher(0), clock, inbox.stop());
    const std::unique_ptr<Dialogue> dialogue = dialogue_of(options, engine);
    try {
        hold(*dialogue, inbox);
    } catch (const ReaderIsGone&) {
        // There is nobody to tell.
    }
    platform::restore_stop_signals();
    return ExitCode::ok;
}

}  // namespace kiln::app
