// ExitCode: why the program ended, for scripts and service managers. The numbers are stable; where
// sysexits.h has one for the case, it is that one.
#pragma once

namespace kiln::app {

enum class ExitCode : int {
    ok = 0,                 // done, also when stopped by Ctrl-C or SIGTERM and saved
    regressed = 1,          // `bench --compare`: a figure is worse than the baseline's
    usage = 2,              // a flag or a value on the command line is wrong
    bad_data = 65,          // a checkpoint is damaged, of another version or of another workload;
                            // a file of positions is none, or what it says was found wrong
    no_input = 66,          // a file or directory that should be read is not there
    no_run = 69,            // nobody is training in the state directory
    internal = 70,          // a bug in Kiln (a failed CHECK ends by SIGABRT instead)
    system_refuses = 71,    // no memory or no threads to be had from the system
    cannot_create = 73,     // the state directory: not to be made, holds a run, or is locked
    io_failed = 74,         // reading or writing failed, the final save included
    try_again = 75,         // the run did not answer in time, or cannot do that at the moment
    permission = 77,        // not allowed to read or write there
    bad_configuration = 78  // the configuration file is wrong, or the memory budget too small
};

}  // namespace kiln::app
