// An array of NumPy's, or an archive of them.
#include "app/failure.hpp"
#include "app/router/npy.hpp"
#include "tests/fuzz/target.hpp"

namespace kiln::fuzz {

using namespace app;

namespace {

void look_at(const NpyArray& array) {
    std::vector<float> values(array.size());
    copy_values(array, std::span<float>(values));
}

template <typename Parse>
void attempt(const Parse& parse) {
    try {
        parse();
    } catch (const Failure& failure) {
        demand(std::string(failure.what()).starts_with("f: "), "a refusal names the file");
        demand(failure.exit_code() == ExitCode::bad_data, "a wrong file is wrong data");
    }
}

}  // namespace

void run(Input input) {
    attempt([&] { look_at(parse_npy(std::as_bytes(input), "f")); });
    attempt([&] {
        for (const NpyArray& array : parse_npz(std::as_bytes(input), "f"))
            look_at(array);
    });
}

std::vector<std::string> seeds() {
    const float numbers[] = {1, 2};
    const std::uint64_t shape[] = {2};
    const auto bytes = to_npy("<f4", shape, std::as_bytes(std::span(numbers)));
    const std::string array(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    // One stored member, whose checksum is wrong: what comes before it is reached.
    const std::string tail("\x14\0\0\0\0\0\0\0\0\0abcd\x88\0\0\0\x88\0\0\0\5\0", 24);
    std::string archive = "PK\3\4" + tail.substr(0, 24) + std::string("\0\0", 2) + "x.npy" + array;
    const char directory = static_cast<char>(archive.size());
    archive +=
        std::string("PK\1\2\x14\0", 6) + tail.substr(0, 24) + std::string(16, '\0') + "x.npy";
    archive += std::string("PK\5\6\0\0\0\0\1\0\1\0\x33\0\0\0", 16) + directory +
               std::string("\0\0\0\0\0", 5);
    return {array, archive};
}

}  // namespace kiln::fuzz
