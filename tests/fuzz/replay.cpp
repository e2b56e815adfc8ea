// Runs a target on its seeds, on simple damage to them, and on the files below the folders named.
// Needs no libFuzzer and is deterministic.
//     replay_<name> [FOLDER...]
//     replay_<name> --write FOLDER   writes the seeds there, for libFuzzer to begin with
#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/base/random.hpp"

#include "tests/fuzz/target.hpp"

namespace kiln::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t variants_per_seed = 1'000;

// So that an input that ends the process can be kept.
std::string current;

void show_current(int) {
    std::fprintf(stderr, "found with the %zu bytes left in finding.bin\n", current.size());
    std::ofstream("finding.bin", std::ios::binary) << current;
    std::_Exit(1);
}

void run_text(const std::string& text) {
    current = text;
    run({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

// Headers and tails decide more than what lies between.
std::size_t place_in(const std::string& text, RandomStream& random) {
    const std::size_t near_end = random.below(std::min<std::size_t>(text.size(), 128));
    switch (random.below(3)) {
        case 0:
            return random.below(text.size());
        case 1:
            return near_end;
        default:
            return text.size() - 1 - near_end;
    }
}

// A few bytes changed, or cut off, or said twice.
std::string damaged(std::string text, std::uint64_t seed, std::uint64_t number) {
    RandomStream random(seed, StreamPurpose::position, number);
    for (std::uint64_t left = 1 + random.below(4); left > 0 && !text.empty(); --left) {
        const std::size_t at = place_in(text, random);
        switch (random.below(4)) {
            case 0:
                text[at] = static_cast<char>(random.below(256));
                break;
            case 1:
                text[at] = static_cast<char>(text[at] ^ (1 << random.below(8)));
                break;
            case 2:
                text.resize(at);
                break;
            default:
                text.insert(at, text.substr(at, 1 + random.below(16)));
        }
    }
    return text;
}

std::size_t run_folder(const fs::path& folder) {
    std::size_t files = 0;
    if (!fs::exists(folder))  // a target without findings
        return files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file())
            continue;
        std::ifstream file(entry.path(), std::ios::binary);
        std::printf("%s\n", entry.path().c_str());
        std::fflush(stdout);
        run_text({std::istreambuf_iterator<char>(file), {}});
        ++files;
    }
    return files;
}

void write_seeds(const fs::path& folder) {
    fs::create_directories(folder);
    std::size_t number = 0;
    for (const std::string& seed : seeds()) {
        std::ofstream file(folder / ("seed-" + std::to_string(number++)), std::ios::binary);
        file << seed;
        if (!file.flush()) {
            std::fprintf(stderr, "cannot write to %s\n", folder.c_str());
            std::exit(1);
        }
    }
}

int replay(std::span<char*> arguments) {
    if (arguments.size() == 2 && std::strcmp(arguments[0], "--write") == 0) {
        write_seeds(arguments[1]);
        return 0;
    }
    std::signal(SIGABRT, show_current);
    std::signal(SIGSEGV, show_current);
    std::size_t files = 0;
    for (const char* folder : arguments)
        files += run_folder(folder);
    run({});
    const std::vector<std::string> all = seeds();
    for (std::size_t seed = 0; seed < all.size(); ++seed) {
        run_text(all[seed]);
        for (std::uint64_t number = 0; number < variants_per_seed; ++number)
            run_text(damaged(all[seed], seed, number));
    }
    std::printf("%zu files and %zu seeds, %llu variants each: nothing found\n", files, all.size(),
                static_cast<unsigned long long>(variants_per_seed));
    return 0;
}

}  // namespace
}  // namespace kiln::fuzz

int main(int count, char** arguments) {
    return kiln::fuzz::replay({arguments + 1, static_cast<std::size_t>(count - 1)});
}
