#include "perf/machine.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <hwy/highway.h>

#include "platform/linux/process_info.hpp"

namespace kiln::perf {
namespace {

// Families and models by which x86 processors tell their design (CPUID leaf 1).
struct X86Design {
    std::string_view vendor;
    int family;
    int first_model;
    int last_model;
    std::string_view name;
};
constexpr X86Design x86_designs[] = {
    {"GenuineIntel", 6, 60, 60, "haswell"},
    {"GenuineIntel", 6, 63, 63, "haswell-server"},
    {"GenuineIntel", 6, 69, 70, "haswell"},
    {"GenuineIntel", 6, 61, 61, "broadwell"},
    {"GenuineIntel", 6, 71, 71, "broadwell"},
    {"GenuineIntel", 6, 79, 79, "broadwell-server"},
    {"GenuineIntel", 6, 86, 86, "broadwell-server"},
    {"GenuineIntel", 6, 78, 78, "skylake"},
    {"GenuineIntel", 6, 94, 94, "skylake"},
    {"GenuineIntel", 6, 85, 85, "skylake-server"},  // and its successors up to Cooper Lake
    {"GenuineIntel", 6, 142, 142, "kaby-lake"},
    {"GenuineIntel", 6, 158, 158, "kaby-lake"},
    {"GenuineIntel", 6, 106, 108, "ice-lake-server"},
    {"GenuineIntel", 6, 125, 126, "ice-lake"},
    {"GenuineIntel", 6, 140, 141, "tiger-lake"},
    {"GenuineIntel", 6, 143, 143, "sapphire-rapids"},
    {"GenuineIntel", 6, 207, 207, "emerald-rapids"},
    {"GenuineIntel", 6, 173, 174, "granite-rapids"},
    {"GenuineIntel", 6, 151, 154, "alder-lake"},
    {"GenuineIntel", 6, 183, 191, "raptor-lake"},
    {"GenuineIntel", 6, 170, 172, "meteor-lake"},
    {"AuthenticAMD", 23, 0, 47, "zen"},
    {"AuthenticAMD", 23, 48, 175, "zen2"},
    {"AuthenticAMD", 25, 0, 15, "zen3"},
    {"AuthenticAMD", 25, 16, 31, "zen4"},
    {"AuthenticAMD", 25, 32, 95, "zen3"},
    {"AuthenticAMD", 25, 96, 175, "zen4"},
    {"AuthenticAMD", 26, 0, 255, "zen5"},
};

// Parts of implementer 0x41, Arm (MIDR_EL1).
struct ArmDesign {
    std::string_view part;
    std::string_view name;
};
constexpr ArmDesign arm_designs[] = {
    {"0xd03", "cortex-a53"},  {"0xd04", "cortex-a35"},  {"0xd05", "cortex-a55"},
    {"0xd08", "cortex-a72"},  {"0xd0b", "cortex-a76"},  {"0xd0c", "neoverse-n1"},
    {"0xd40", "neoverse-v1"}, {"0xd49", "neoverse-n2"}, {"0xd4f", "neoverse-v2"},
};

// The value of the first line "key : value".
std::string_view value_of(std::string_view cpuinfo, std::string_view key) {
    for (std::size_t at = 0; at < cpuinfo.size();) {
        const std::size_t end = std::min(cpuinfo.find('\n', at), cpuinfo.size());
        const std::string_view line = cpuinfo.substr(at, end - at);
        at = end + 1;
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || !line.starts_with(key) ||
            line.substr(key.size(), colon - key.size()).find_first_not_of(" \t") !=
                std::string_view::npos)
            continue;
        const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
        return begin == std::string_view::npos ? "" : line.substr(begin);
    }
    return "";
}

int number_of(std::string_view text) {
    return text.empty() ? -1 : std::atoi(std::string(text).c_str());
}

std::string hyphenated(std::string_view name) {
    // "Intel(R) Xeon(R) CPU @ 2.20GHz" is "intel-xeon".
    std::string words;
    std::string word;
    const auto end_word = [&] {
        if (!word.empty() && word != "cpu" && word != "processor")
            words += (words.empty() ? "" : "-") + word;
        word.clear();
    };
    for (std::size_t i = 0; i < name.size() && name[i] != '@'; ++i) {
        if (name[i] == '(')
            i = std::min(name.find(')', i), name.size() - 1);
        else if (std::isalnum(static_cast<unsigned char>(name[i])) != 0)
            word += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
        else
            end_word();
    }
    end_word();
    return words.empty() ? "unknown" : words;
}

std::string architecture() {
#if defined(__x86_64__)
    return "x86-64";
#elif defined(__aarch64__)
    return "arm64";
#else
    return "other";
#endif
}

// What Highway compiles for: "N_AVX2" is avx2.
std::string vector_instructions() {
    std::string name = HWY_STR(HWY_NAMESPACE);
    name.erase(0, name.find('_') + 1);
    for (char& letter : name)
        letter = letter == '_'
                     ? '-'
                     : static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    return name;
}

std::string compiler() {
#if defined(__clang__)
    return "clang " __clang_version__;
#else
    return "g++ " __VERSION__;
#endif
}

std::string build() {
#ifdef __OPTIMIZE__
    std::string text = "optimised";
#else
    std::string text = "not optimised";
#endif
#ifdef NDEBUG
    text += ", without debug checks";
#else
    text += ", with debug checks";
#endif
    return text;
}

}  // namespace

std::string processor_design(std::string_view cpuinfo, std::string_view name) {
    const std::string_view vendor = value_of(cpuinfo, "vendor_id");
    const int family = number_of(value_of(cpuinfo, "cpu family"));
    const int model = number_of(value_of(cpuinfo, "model"));
    for (const X86Design& design : x86_designs)
        if (vendor == design.vendor && family == design.family && model >= design.first_model &&
            model <= design.last_model)
            return std::string(design.name);
    if (value_of(cpuinfo, "CPU implementer") == "0x41")
        for (const ArmDesign& design : arm_designs)
            if (value_of(cpuinfo, "CPU part") == design.part)
                return std::string(design.name);
    return hyphenated(name);
}

Machine this_machine() {
    char name[128];
    platform::read_cpu_model(name);
    std::stringstream cpuinfo;
    cpuinfo << std::ifstream("/proc/cpuinfo").rdbuf();
    Machine machine;
    machine.cpu = name;
    machine.cpus = platform::allowed_cpu_count();
    machine.isa = architecture() + "-" + vector_instructions();
    machine.kind = machine.isa + "-" + processor_design(cpuinfo.str(), name);
    machine.compiler = compiler();
    machine.build = build();
    return machine;
}

}  // namespace kiln::perf
