#include "perf/training_run.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kiln::perf {
namespace {

constexpr const char* output_name = "bench-output";

// -1: it did not start.
pid_t spawn(const char* executable, const std::vector<std::string>& arguments,
            const std::string& output) {
    std::vector<char*> pointers;
    for (const std::string& argument : arguments)
        pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0644);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    pid_t pid = -1;
    const int error = posix_spawn(&pid, executable, &actions, nullptr, pointers.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    return error == 0 ? pid : -1;
}

// Waits for the process to end by itself. When the benchmark is interrupted meanwhile, it is asked
// to end, for the signal may have been for this process alone.
bool ends_well(pid_t pid, rusage& usage, const std::atomic<bool>* stop) {
    constexpr double poll_seconds = 0.005;
    if (pid <= 0)
        return false;
    int status = -1;
    pid_t ended = 0;
    bool was_asked = false;
    while ((ended = wait4(pid, &status, WNOHANG, &usage)) == 0) {
        if (!was_asked && stop != nullptr && stop->load(std::memory_order_relaxed)) {
            (void)::kill(pid, SIGTERM);
            was_asked = true;
        }
        sleep_seconds(poll_seconds);
    }
    return ended == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TrainingRun::TrainingRun(const Options& options, std::initializer_list<std::string> arguments)
    : scratch_(options.directory), stop_(options.stop) {
    std::vector<std::string> all = {"kiln", "train", "--state", scratch_.path()};
    all.insert(all.end(), arguments);
    pid_ = spawn(options.executable, all, std::string(scratch_.path()) + "/" + output_name);
}

TrainingRun::~TrainingRun() {
    if (pid_ > 0) {
        (void)::kill(pid_, SIGKILL);
        (void)ends_well(pid_, usage_, nullptr);
        sleep_seconds(0.2);  // for the trainer, which the kernel ends, to write no more
    }
}

bool TrainingRun::finish() {
    const bool is_well = ends_well(pid_, usage_, stop_);
    pid_ = -1;
    return is_well;
}

bool TrainingRun::stop() {
    if (pid_ > 0)
        (void)::kill(pid_, SIGTERM);
    return finish();
}

std::string TrainingRun::ask(const char* command) const {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    const std::string path = std::string(scratch_.path()) + "/control.sock";
    if (path.size() >= sizeof address.sun_path)
        return "";
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const int connection = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection < 0)
        return "";
    const timeval patience = {60, 0};
    (void)::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const std::string line = std::string("{\"command\":\"") + command + "\"}\n";
    std::string answer;
    if (::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        ::send(connection, line.data(), line.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(line.size())) {
        char buffer[4096];
        for (ssize_t count; (count = ::recv(connection, buffer, sizeof buffer, 0)) > 0;)
            answer.append(buffer, static_cast<std::size_t>(count));
    }
    ::close(connection);
    return answer;
}

std::string TrainingRun::output() const {
    std::ifstream file(std::string(scratch_.path()) + "/" + output_name);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

std::vector<std::string> TrainingRun::log() const {
    std::vector<std::filesystem::path> paths;
    std::error_code absent;
    for (const auto& entry : std::filesystem::directory_iterator(
             std::filesystem::path(scratch_.path()) / "logs", absent))
        if (entry.path().extension() == ".jsonl")
            paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    std::vector<std::string> lines;
    for (const auto& path : paths) {
        std::ifstream file(path);
        for (std::string line; std::getline(file, line);)
            lines.push_back(line);
    }
    return lines;
}

bool run_program(const Options& options, std::initializer_list<std::string> arguments) {
    std::vector<std::string> all = {"kiln"};
    all.insert(all.end(), arguments);
    rusage usage = {};
    return ends_well(spawn(options.executable, all, "/dev/null"), usage, options.stop);
}

double number_in(const std::string& json, const char* key, double absent) {
    const std::string name = std::string("\"") + key + "\":";
    const std::size_t at = json.find(name);
    if (at == std::string::npos)
        return absent;
    const char* const text = json.c_str() + at + name.size();
    char* end = nullptr;
    const double value = std::strtod(text, &end);
    return end == text ? absent : value;
}

void sleep_seconds(double seconds) {
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

}  // namespace kiln::perf
