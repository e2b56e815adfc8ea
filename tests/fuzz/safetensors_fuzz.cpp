// A file of arrays in the safetensors format.
#include "app/failure.hpp"
#include "app/router/safetensors.hpp"
#include "tests/fuzz/target.hpp"

namespace kiln::fuzz {

using namespace app;

void run(Input input) {
    try {
        const SafeTensors contents = parse_safetensors(std::as_bytes(input), "f");
        std::size_t bytes = 0;
        for (const SafeTensor& tensor : contents.tensors)
            bytes += tensor.bytes.size();
        demand(bytes <= input.size(), "arrays lie in the file");
        const std::vector<std::byte> written = to_safetensors(contents);
        demand(to_safetensors(parse_safetensors(written, "f")) == written,
               "what is written reads back to the same bytes");
    } catch (const Failure& failure) {
        demand(std::string(failure.what()).starts_with("f: "), "a refusal names the file");
        demand(failure.exit_code() == ExitCode::bad_data, "a wrong file is wrong data");
    }
}

std::vector<std::string> seeds() {
    const auto file = [](const std::string& header, const std::string& data) {
        std::string text(8, '\0');
        text[0] = static_cast<char>(header.size());
        return text + header + data;
    };
    return {file("{}", ""),
            file(R"({"W":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}})", "abcd"),
            file(R"({"__metadata__":{"a":"b"},"n":{"dtype":"I8","shape":[],)"
                 R"("data_offsets":[0,1]}})",
                 "x")};
}

}  // namespace kiln::fuzz
