// Kills kiln with SIGKILL at every system call that changes a file of its state directory, once
// right before the call and once right after it, and looks at what is left.
//
//   kill_at_syscall KILN DIRECTORY [--full] [--caller] [--self-test]
//
// Whatever the point: every checkpoint that lists is, byte for byte, one of an undisturbed run; the
// newest is at least as new as the last that was durable; and `kiln train --resume` ends with the
// same bytes as if nothing had happened. The default is a miniature, from the making of the
// directory to the removal of old checkpoints; --full is a save of Othello's whole state over an
// older one. --caller kills only the process that makes the call and lets the others see to it: the
// run must come to its end by itself, unless it was the first process that died. --self-test spoils
// what is left and sees that it is noticed. This shows the death of processes, not of the machine:
// for that see tests/sim.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/check.hpp"
#include "core/checkpoint/catalog.hpp"

#include "platform/linux/check_report.hpp"
#include "platform/linux/file_store.hpp"
#include "tests/crash/process_tree.hpp"
#include "tests/support/recovery.hpp"

namespace kiln::test {
namespace {

namespace fs = std::filesystem;

enum class Sabotage { none, flip_byte, remove_newest };

// A run to be killed, over and over.
struct Kind {
    std::string name;
    std::vector<std::string> settings;  // of the undisturbed run, too
    std::uint64_t first_games = 0;      // begins with this checkpoint; 0: from nothing
    std::uint64_t target_games = 0;
    std::uint64_t complete_every = 1;  // of so many points one is resumed to the end
};

const Kind miniature = {"miniature",
                        {"--workload", "null", "--games", "128", "--epoch-games", "32",
                         "--checkpoint-every", "64", "--workers", "2"},
                        0,
                        128,
                        1};
const Kind full_size = {
    "full size",
    {"--games", "64", "--epoch-games", "32", "--exact-empties", "4", "--checkpoint-every", "32",
     "--trials-every", "0", "--table-mib", "1", "--workers", "2"},
    32,
    64,
    16};

bool same_bytes(const fs::path& left, const fs::path& right) {
    std::ifstream a(left, std::ios::binary);
    std::ifstream b(right, std::ios::binary);
    if (!a || !b || fs::file_size(left) != fs::file_size(right))
        return false;
    static std::vector<char> first(1u << 20);
    static std::vector<char> second(1u << 20);
    while (a && b) {
        a.read(first.data(), static_cast<std::streamsize>(first.size()));
        b.read(second.data(), static_cast<std::streamsize>(second.size()));
        if (a.gcount() != b.gcount() ||
            !std::equal(first.begin(), first.begin() + a.gcount(), second.begin()))
            return false;
    }
    return true;
}

std::string text_of(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

class Killer {
  public:
    Killer(std::string kiln, const fs::path& workspace, const Kind& kind, Victim victim,
           Sabotage sabotage)
        : kiln_(std::move(kiln)),
          kind_(kind),
          victim_(victim),
          sabotage_(sabotage),
          reference_(workspace / "reference"),
          area_(workspace / "area"),
          log_(workspace / "log") {}

    std::uint64_t points() const { return points_; }
    std::uint64_t completed() const { return completed_; }
    std::uint64_t violations() const { return violations_; }

    // False if it cannot be tested here at all.
    bool run() {
        if (const int code = run_alone(command(reference_, {"--keep", "200"})); code != 0) {
            std::fprintf(stderr, "the undisturbed run ended with %d: %s\n", code,
                         text_of(log_).c_str());
            return false;
        }
        for (const KillTime when : {KillTime::before, KillTime::after})
            for (std::uint64_t point = 1;; ++point) {
                prepare();
                const TreeRun tree = run_tree(command(state(), {"--keep", "1", "--resume"}),
                                              area_.string(), point, when, victim_, log_.string());
                if (!tree.refusal.empty()) {
                    std::fprintf(stderr,
                                 "ptrace is not permitted here, so nothing was tested: %s; allow "
                                 "it (CAP_SYS_PTRACE, a seccomp profile that has ptrace)\n",
                                 tree.refusal.c_str());
                    return false;
                }
                if (!tree.was_killed) {
                    if (tree.exit_code != 0)
                        complain(tree, when, "it ended with " + std::to_string(tree.exit_code));
                    if (point < 20)
                        complain(tree, when, "too few points: the calls were not seen");
                    break;
                }
                ++points_;
                spoil();
                if (sabotage_ != Sabotage::none && violations_ > 0)
                    return true;  // it was noticed
                if (!judge(tree, when))
                    continue;
                if (tree.exit_code == 0)
                    check_end(tree, when, "the run");
                else if (tree.exit_code != 128 + SIGKILL)
                    complain(tree, when,
                             "the first process ended with " + std::to_string(tree.exit_code) +
                                 ": " + text_of(log_));
                else if (point % kind_.complete_every == 0)
                    complete(tree, when);
            }
        return true;
    }

  private:
    // Two levels, so that the making of directories is among the points.
    fs::path state() const { return area_ / "run" / "state"; }

    std::vector<std::string> command(const fs::path& directory,
                                     const std::vector<std::string>& more) const {
        std::vector<std::string> arguments = {kiln_, "train", "--quiet", "--state",
                                              directory.string()};
        arguments.insert(arguments.end(), kind_.settings.begin(), kind_.settings.end());
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    }

    // Without a tracer.
    int run_alone(const std::vector<std::string>& arguments) const {
        std::vector<char*> pointers;
        pointers.reserve(arguments.size() + 1);
        for (const std::string& argument : arguments)
            pointers.push_back(const_cast<char*>(argument.c_str()));
        pointers.push_back(nullptr);
        const pid_t child = ::fork();
        CHECK(child >= 0);
        if (child == 0) {
            const int null = ::open("/dev/null", O_RDWR);
            const int errors = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
            (void)::dup2(null, 0);
            (void)::dup2(null, 1);
            (void)::dup2(errors, 2);
            ::execv(pointers[0], pointers.data());
            ::_exit(127);
        }
        int status = 0;
        while (::waitpid(child, &status, 0) < 0)
            CHECK(errno == EINTR);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

    void prepare() {
        fs::remove_all(area_);
        fs::create_directory(area_);
        if (kind_.first_games == 0)
            return;
        fs::create_directories(state());
        const std::string name = checkpoint_file_name(kind_.first_games).text;
        fs::create_hard_link(reference_ / name, state() / name);
    }

    void spoil() {
        if (sabotage_ == Sabotage::none || !fs::exists(state()))
            return;
        std::vector<fs::path> checkpoints;
        for (const auto& entry : fs::directory_iterator(state()))
            if (entry.path().extension() == ".ckpt")
                checkpoints.push_back(entry.path());
        if (checkpoints.empty())
            return;
        const fs::path newest = *std::max_element(checkpoints.begin(), checkpoints.end());
        if (sabotage_ == Sabotage::remove_newest) {
            fs::remove(newest);
            return;
        }
        std::fstream file(newest, std::ios::binary | std::ios::in | std::ios::out);
        file.seekg(5'000);
        const int byte = file.get();
        file.seekp(5'000);
        file.put(static_cast<char>(byte ^ 1));
    }

    bool judge(const TreeRun& tree, KillTime when) {
        const std::uint64_t durable = std::max(tree.durable_games, kind_.first_games);
        platform::FileStore store;
        if (!fs::exists(state()))
            return durable == 0 || complain(tree, when, "the state directory is gone");
        if (!store.open_directory(state().c_str(), false))
            return complain(tree, when, "the state directory cannot be opened");
        static Recovery recovery;
        if (!recover(store, recovery))
            return complain(tree, when, "the state directory cannot be listed");
        if (recovery.damaged > 0)
            return complain(tree, when,
                            "the newest checkpoint is damaged: " +
                                std::string(describe(recovery.first_error.code)));
        if (!recovery.is_found)
            return durable == 0 || complain(tree, when, "no checkpoint is left");
        if (recovery.checkpoint.games < durable)
            return complain(tree, when, "a durable checkpoint was lost");
        static Catalog catalog;
        CHECK(read_catalog(store, catalog));
        for (std::size_t i = 0; i < catalog.count; ++i) {
            const char* const name = catalog.entries[i].name.text;
            if (!same_bytes(state() / name, reference_ / name))
                return complain(tree, when, std::string(name) + " is not what it should be");
        }
        return true;
    }

    void complete(const TreeRun& tree, KillTime when) {
        ++completed_;
        if (const int code = run_alone(command(state(), {"--keep", "1", "--resume"})); code != 0)
            complain(tree, when,
                     "the resumed run ended with " + std::to_string(code) + ": " + text_of(log_));
        else
            check_end(tree, when, "the resumed run");
    }

    void check_end(const TreeRun& tree, KillTime when, const std::string& who) {
        const std::string name = checkpoint_file_name(kind_.target_games).text;
        if (!same_bytes(state() / name, reference_ / name))
            complain(tree, when, who + " ended with another checkpoint");
        for (const auto& entry : fs::directory_iterator(state()))
            if (entry.path().extension() == ".tmp")
                complain(tree, when, who + " left " + entry.path().filename().string() + " behind");
    }

    bool complain(const TreeRun& tree, KillTime when, const std::string& what) {
        ++violations_;
        if (sabotage_ == Sabotage::none)
            std::fprintf(stderr, "%s, killed %s point %llu (%s): %s\n", kind_.name.c_str(),
                         when == KillTime::before ? "before" : "after",
                         static_cast<unsigned long long>(tree.points), tree.last_call.c_str(),
                         what.c_str());
        return false;
    }

    std::string kiln_;
    const Kind& kind_;
    Victim victim_;
    Sabotage sabotage_;
    fs::path reference_;  // the checkpoints of an undisturbed run
    fs::path area_;       // where runs are killed
    fs::path log_;
    std::uint64_t points_ = 0;
    std::uint64_t completed_ = 0;
    std::uint64_t violations_ = 0;
};

// A folder of its own, gone afterwards.
class Workspace {
  public:
    explicit Workspace(const std::string& parent) {
        fs::create_directories(parent);
        std::string pattern = (fs::canonical(parent) / "kiln-kill-XXXXXX").string();
        CHECK(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    ~Workspace() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    Workspace(const Workspace&) = delete;
    Workspace& operator=(const Workspace&) = delete;
    const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

int kill_everywhere(const std::string& kiln, const std::string& directory, const Kind& kind,
                    Victim victim) {
    const Workspace workspace(directory);
    Killer killer(kiln, workspace.path(), kind, victim, Sabotage::none);
    const bool was_tested = killer.run();
    std::printf("kill_at_syscall, %s, %s: %llu points, %llu resumed to the end, %llu violations\n",
                kind.name.c_str(), victim == Victim::tree ? "all processes" : "the caller alone",
                static_cast<unsigned long long>(killer.points()),
                static_cast<unsigned long long>(killer.completed()),
                static_cast<unsigned long long>(killer.violations()));
    return was_tested && killer.violations() == 0 ? 0 : 1;
}

int test_self(const std::string& kiln, const std::string& directory) {
    for (const Sabotage sabotage : {Sabotage::flip_byte, Sabotage::remove_newest}) {
        const Workspace workspace(directory);
        Killer killer(kiln, workspace.path(), miniature, Victim::tree, sabotage);
        if (!killer.run())
            return 1;
        if (killer.violations() == 0) {
            std::fprintf(stderr, "sabotage %d was not noticed\n", static_cast<int>(sabotage));
            return 1;
        }
    }
    return 0;
}

}  // namespace
}  // namespace kiln::test

int main(int count, char** arguments) {
    using namespace kiln::test;
    kiln::platform::install_check_report();
    bool is_full = false;
    bool is_self_test = false;
    Victim victim = Victim::tree;
    bool is_usage_right = count >= 3;
    for (int i = 3; i < count; ++i) {
        const std::string option = arguments[i];
        is_full = is_full || option == "--full";
        is_self_test = is_self_test || option == "--self-test";
        victim = option == "--caller" ? Victim::caller : victim;
        is_usage_right = is_usage_right &&
                         (option == "--full" || option == "--self-test" || option == "--caller");
    }
    if (!is_usage_right) {
        std::fprintf(stderr,
                     "usage: kill_at_syscall KILN DIRECTORY [--full] [--caller] [--self-test]\n");
        return 2;
    }
    const std::string kiln = std::filesystem::absolute(arguments[1]).string();
    if (is_self_test)
        return test_self(kiln, arguments[2]);
    return kill_everywhere(kiln, arguments[2], is_full ? full_size : miniature, victim);
}
