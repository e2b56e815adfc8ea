#include "app/console.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <stdio_ext.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/journal_entry.hpp"
#include "platform/linux/journal.hpp"

namespace kiln::app {
namespace {

constexpr const char* erase_line = "\r\x1b[K";
constexpr std::size_t usual_width = 80;

bool can_redraw(std::FILE* stream) {
    const char* const kind = std::getenv("TERM");
    return ::isatty(::fileno(stream)) == 1 && kind != nullptr && std::strcmp(kind, "dumb") != 0;
}

std::size_t width_of(std::FILE* stream) {
    winsize size{};
    if (::ioctl(::fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return usual_width;
    return size.ws_col;
}

// Every line with its priority in front, as the journal reads streams.
std::string with_priority(Severity severity, const std::string& text) {
    const std::string mark = {'<', journal_priority(severity), '>'};
    std::string marked = mark;
    for (const char letter : text) {
        marked += letter;
        if (letter == '\n')
            marked += mark;
    }
    return marked;
}

void print_error(Severity severity, const char* start, const std::string& text) {
    if (platform::is_journal(STDERR_FILENO))
        (void)std::fprintf(stderr, "%s\n", with_priority(severity, text).c_str());
    else
        (void)std::fprintf(stderr, "%s%s\n", start, text.c_str());
}

}  // namespace

Console::Console(std::FILE* stream)
    : stream_(stream),
      is_terminal_(can_redraw(stream)),
      is_journal_(platform::is_journal(::fileno(stream))) {}

void Console::write(const std::string& text) {
    (void)std::fwrite(text.data(), 1, text.size(), stream_);
    if (std::fflush(stream_) == 0 && std::ferror(stream_) == 0)
        return;
    ::__fpurge(stream_);  // or the next line would try to write this one again
    std::clearerr(stream_);
}

void Console::print(const std::string& text) {
    write((is_live_ ? erase_line : "") +
          (is_journal_ ? with_priority(Severity::info, text) : text) + "\n");
    is_live_ = false;
}

void Console::tell(const LogEntry& entry) {
    if (is_journal_ && platform::send_to_journal(journal_entry(entry)))
        return;
    if (entry.severity >= Severity::warning)
        print_warning(*this, entry.text);
    else
        print(entry.text);
}

void Console::live(const std::string& text) {
    if (!is_terminal_)
        return;
    // The last column stays free: some terminals wrap when it is filled. The text is ASCII.
    write(erase_line + text.substr(0, std::max<std::size_t>(width_of(stream_), 2) - 1));
    is_live_ = true;
}

void Console::end_live() {
    if (is_live_)
        write("\n");
    is_live_ = false;
}

void Console::erase_live() {
    if (is_live_)
        write(erase_line);
    is_live_ = false;
}

void print_warning(Console& console, const std::string& text) {
    console.end_live();
    print_error(Severity::warning, "kiln: warning: ", text);
}

void print_complaint(const std::string& text) {
    print_error(Severity::error, "kiln: ", text);
}

}  // namespace kiln::app
