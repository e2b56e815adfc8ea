// A table of numbers.
#include <cmath>

#include "app/failure.hpp"
#include "app/router/csv.hpp"
#include "tests/fuzz/target.hpp"

namespace kiln::fuzz {

using namespace app;

void run(Input input) {
    try {
        const CsvTable table = parse_csv(text_of(input), "f");
        demand(table.values.floats().size() == table.rows * table.columns, "the table is whole");
        for (const float value : table.values.floats())
            demand(std::isfinite(value), "every number is finite");
    } catch (const Failure& failure) {
        demand(std::string(failure.what()).starts_with("f:"), "a refusal names the file");
        demand(failure.exit_code() == ExitCode::bad_data, "a wrong file is wrong data");
    }
}

std::vector<std::string> seeds() {
    return {"1,2\n3,4\n", "a,b\r\n1,-2e3\r\n", "1\n\n.5\n", "1,2\n3\n"};
}

}  // namespace kiln::fuzz
