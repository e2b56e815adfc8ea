// Console: lines for people, and on a terminal one line that is redrawn in place.
//
// Without a terminal there are no escape codes and the live line does not exist. Where the stream
// leads to the systemd journal, lines begin with their priority and log entries become entries of
// the journal, with their fields. Output that cannot be written is dropped: a vanished reader or a
// full disk behind a log must not end a training run. One thread.
#pragma once

#include <cstdio>
#include <string>

#include "app/log_entry.hpp"

namespace kiln::app {

class Console {
  public:
    explicit Console(std::FILE* stream);
    ~Console() { end_live(); }
    Console(const Console&) = delete;
    Console& operator=(const Console&) = delete;

    bool is_terminal() const { return is_terminal_; }
    bool is_journal() const { return is_journal_; }

    // A line, or several, that stay.
    void print(const std::string& text);
    // An entry's text, as a warning if it is one.
    void tell(const LogEntry& entry);
    // On a terminal: the line at the bottom, cut to the width of the window.
    void live(const std::string& text);
    // Leaves the live line standing and goes on below it.
    void end_live();
    // Takes the live line away.
    void erase_live();

  private:
    void write(const std::string& text);

    std::FILE* stream_;
    bool is_terminal_;
    bool is_journal_;
    bool is_live_ = false;
};

// "kiln: warning: ..." on standard error.
void print_warning(Console& console, const std::string& text);
// "kiln: ..." there: the last words of a command that failed.
void print_complaint(const std::string& text);

}  // namespace kiln::app
