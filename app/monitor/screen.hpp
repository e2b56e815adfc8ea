// Screen: a canvas on a terminal, full-screen, with keys read as they are pressed.
//
// While it lives the terminal shows its other screen, without cursor, echo or line editing; the
// destructor gives everything back. So do faults (SIGSEGV, SIGABRT and the like), for which it
// installs handlers, and a second stop signal (platform/linux/signals.hpp); these two without the
// other screen's end if the terminal takes no output. A frame is one write of what has changed
// since the last one. There is one Screen at a time. One thread.
#pragma once

#include <optional>
#include <string>

#include <termios.h>

#include "app/monitor/canvas.hpp"

namespace kiln::app {

// From the environment: NO_COLOR, and the character set of LC_ALL, LC_CTYPE or LANG.
Look look_of_environment();
// Whether both ends are a terminal that can place its cursor.
bool can_show_screen(int output);

class Screen {
  public:
    struct Size {
        int width = 80;
        int height = 24;
    };

    // Descriptors stay the caller's. Keys are only read if `input` is a terminal too.
    Screen(int input, int output, const Look& look);
    ~Screen();
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;

    Size size() const;
    // False: the terminal is gone.
    bool show(const Canvas& canvas);
    // The next frame is drawn as a whole.
    void forget() { shown_ = Canvas(); }

    // Gives the terminal back, and takes it again.
    void leave();
    void enter();

  private:
    bool write(std::string_view text) const;

    int input_;
    int output_;
    Look look_;
    std::optional<termios> before_;  // how the terminal was, if keys are read
    bool is_entered_ = false;
    Canvas shown_;
};

// What brings a terminal that shows `before` to show `after`: of other sizes, everything.
std::string difference_of(const Canvas& before, const Canvas& after, const Look& look);

}  // namespace kiln::app
