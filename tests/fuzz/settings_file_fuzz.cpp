// The configuration file: TOML, and what its values may be.
#include "app/failure.hpp"
#include "app/settings_file.hpp"
#include "tests/fuzz/target.hpp"

namespace kiln::fuzz {

void run(Input input) {
    try {
        const auto source = app::parse_settings_file(std::string(text_of(input)), "f.toml");
        const app::RunSettings settings = app::assign_all({}, source);
        const std::string text = app::to_text(settings);
        demand(app::to_text(app::from_text(text, "checkpoint")) == text,
               "accepted settings survive a checkpoint");
    } catch (const app::Failure& failure) {
        demand(failure.what()[0] != '\0', "a refusal says why");
    }
}

std::vector<std::string> seeds() {
    return {"games = 100_000\nnodes = 2000\nmemory = \"600MB\"\nepsilon = [0.15, 0.05, 0]\n",
            "# a comment\nworkload = \"null\"\nseed = 18\nworkers = 2\nresume = true\n",
            "depth = 0x3\nlambda = 0.7\ncontrol = 'frozen'\nkeep = 5\ncompress = false",
            "[table]\nx = 1\n",
            "a.b.c = {x = [[1, 2], 3], y = 1979-05-27T07:32:00Z}\n",
            "games = 1e9\nlearning-rate = nan\nerror-clip = -inf\n",
            "state = \"\"\"\n\\u00e9\\U0001F600\"\"\"\nwarp = 9\n"};
}

}  // namespace kiln::fuzz
