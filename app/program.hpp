// The whole program, behind main().
#pragma once

namespace kiln::app {

// Does what the command line says; the exit code.
int run_program(int argument_count, const char* const* arguments);

}  // namespace kiln::app
