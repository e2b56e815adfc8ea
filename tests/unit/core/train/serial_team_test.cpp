#include "core/train/serial_team.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace kiln {
namespace {

TEST(SerialTeam, runs_every_worker_once_in_order_before_start_returns) {
    class Listing final : public Job {
      public:
        void work(unsigned worker) override { workers.push_back(worker); }
        std::vector<unsigned> workers;
    } job;
    SerialTeam team(3);
    EXPECT_EQ(team.size(), 3u);
    team.start(job);
    EXPECT_EQ(job.workers, (std::vector<unsigned>{0, 1, 2}));
    team.wait();
    team.run(job);
    EXPECT_EQ(job.workers, (std::vector<unsigned>{0, 1, 2, 0, 1, 2}));
}

}  // namespace
}  // namespace kiln
