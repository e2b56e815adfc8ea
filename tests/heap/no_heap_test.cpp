// No heap call in the training threads once the memory is sealed.
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/othello/othello_workload.hpp"
#include "core/router/router_workload.hpp"

#include "platform/linux/file_store.hpp"
#include "tests/heap/heap_calls.hpp"
#include "tests/support/trainer.hpp"

namespace kiln {
namespace {

using test::heap_calls;
using test::watch_heap;

// Keeps the compiler from removing an allocation that nobody uses.
void keep(void* memory) {
    asm volatile("" : : "g"(memory) : "memory");
}

// Switches the watch on or off in every worker.
class WatchJob final : public Job {
  public:
    explicit WatchJob(bool watching) : watching_(watching) {}
    void work(unsigned) override { watch_heap(watching_); }

  private:
    bool watching_;
};

class Directory {
  public:
    Directory() {
        path_ = testing::TempDir() + "kiln-heap-test-XXXXXX";
        CHECK(::mkdtemp(path_.data()) != nullptr);
    }
    ~Directory() { std::filesystem::remove_all(path_); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

constexpr unsigned workers = 4;

void watch_workers(Team& team, bool watching) {
    WatchJob job(watching);
    team.run(job);
}

// The positive control: every way to the heap, in workers and in this thread, is counted.
TEST(NoHeap, calls_of_watched_threads_are_counted_so_the_test_below_can_fail) {
    class AllocatingJob final : public Job {
      public:
        void work(unsigned) override {
            auto number = std::make_unique<int>(1);
            keep(number.get());
        }
    } job;
    test::LaunchedTeam team(workers);
    std::uint64_t before = heap_calls();
    (*team).run(job);
    EXPECT_EQ(heap_calls(), before);  // not watched yet
    watch_workers(*team, true);
    before = heap_calls();
    (*team).run(job);
    EXPECT_EQ(heap_calls() - before, 2u * workers);  // one new and one delete each
    watch_workers(*team, false);

    struct alignas(256) Wide {
        char bytes[256];
    };
    const std::vector<std::pair<const char*, void (*)()>> ways = {
        {"malloc",
         [] {
             void* memory = std::malloc(10);
             keep(memory);
             std::free(memory);
         }},
        {"calloc",
         [] {
             void* memory = std::calloc(2, 10);
             keep(memory);
             std::free(memory);
         }},
        {"realloc",
         [] {
             void* memory = std::realloc(nullptr, 10);
             keep(memory);
             std::free(memory);
         }},
        {"aligned_alloc",
         [] {
             void* memory = std::aligned_alloc(64, 64);
             keep(memory);
             std::free(memory);
         }},
        {"posix_memalign",
         [] {
             void* memory = nullptr;
             if (::posix_memalign(&memory, 64, 64) == 0)
                 keep(memory);
             std::free(memory);
         }},
        {"aligned new",
         [] {
             auto* wide = new Wide;
             keep(wide);
             delete wide;
         }},
        {"array new",
         [] {
             auto* numbers = new int[100];
             keep(numbers);
             delete[] numbers;
         }},
    };
    for (const auto& [name, way] : ways) {
        before = heap_calls();
        watch_heap(true);
        way();
        watch_heap(false);
        EXPECT_EQ(heap_calls() - before, 2u) << name;
    }
}

othello::OthelloSettings othello_settings(std::uint64_t target) {
    othello::OthelloSettings settings;
    settings.target_games = target;
    settings.exact_empties = 4;
    settings.table_bytes = 1u << 20;
    settings.table_floor_bytes = settings.table_bytes;
    return settings;
}

constexpr std::string_view settings_text = "heap test";

TEST(NoHeap, training_and_saving_on_four_workers_make_no_heap_call_after_the_seal) {
    const Directory directory;
    platform::FileStore store;
    ASSERT_TRUE(store.open_directory(directory.path().c_str(), false));
    SessionSettings settings;
    settings.target_games = 10'000;
    settings.checkpoint_every_games = 2'500;
    settings.trials_every_games = 5'000;
    settings.keep_checkpoints = 2;
    const auto workload =
        std::make_unique<othello::OthelloWorkload>(othello_settings(settings.target_games));
    test::LaunchedTeam team(workers);
    test::TestRun run(*workload, settings, workers);

    // Sealed: from here on this thread and the workers are watched.
    watch_workers(*team, true);
    watch_workers(*run.scribe, true);
    const std::uint64_t before = heap_calls();
    watch_heap(true);
    run.session().start_fresh(settings_text);
    const Result<SessionEnd> end = run.train(*team, store);
    watch_heap(false);
    EXPECT_EQ(heap_calls() - before, 0u);
    watch_workers(*run.scribe, false);
    watch_workers(*team, false);

    // And it did what it was watched for: played, learned, measured its strength and saved.
    ASSERT_TRUE(end);
    EXPECT_EQ(end.value(), SessionEnd::target_reached);
    EXPECT_EQ(run.games(), settings.target_games);
    EXPECT_GT(workload->learner().touched_slots(), 10'000u);
    int saves = 0;
    int trials = 0;
    for (const Event& event : run.events()) {
        saves += event.kind == EventKind::checkpoint_saved;
        trials += event.kind == othello::event_held_out;
    }
    EXPECT_GE(saves, 3);
    EXPECT_EQ(trials, 2);
    std::vector<FileName> names(10);
    const Result<std::size_t> count = store.list(names);
    ASSERT_TRUE(count);
    EXPECT_EQ(count.value(), settings.keep_checkpoints);
}

TEST(NoHeap, a_router_is_trained_pruned_and_saved_without_a_heap_call_after_the_seal) {
    const Directory directory;
    platform::FileStore store;
    ASSERT_TRUE(store.open_directory(directory.path().c_str(), false));
    router::RouterSettings router;
    router.shape = {3, 12, 4, 2, 3};  // factors of low rank and several classes
    router.steps = 5;
    router.training_samples = 300;
    router.validation_samples = 80;
    router.epochs = 9;
    router.loss.alpha = 0.5;
    router.pruning.keep = 0.5;
    SessionSettings settings;
    settings.target_games = router::tickets_of(router);
    settings.epoch_games = router::Schedule(router).tickets_per_batch;
    settings.checkpoint_every_games = settings.target_games / 4;
    router::RouterWorkload workload(router);
    test::LaunchedTeam team(workers);
    test::TestRun run(workload, settings, workers);
    RandomStream random(1, router::stream_generate, 0);
    for (float& input : workload.data().inputs)
        input = static_cast<float>(2 * random.unit() - 1);
    for (float& label : workload.data().labels)
        label = static_cast<float>(random.below(4));
    for (float& logit : workload.data().teacher_logits)
        logit = static_cast<float>(random.unit());

    watch_workers(*team, true);
    watch_workers(*run.scribe, true);
    const std::uint64_t before = heap_calls();
    watch_heap(true);
    run.session().start_fresh(settings_text);
    const Result<SessionEnd> end = run.train(*team, store);
    watch_heap(false);
    EXPECT_EQ(heap_calls() - before, 0u);
    watch_workers(*run.scribe, false);
    watch_workers(*team, false);

    ASSERT_TRUE(end);
    EXPECT_EQ(end.value(), SessionEnd::target_reached);
    int saves = 0;
    int passes = 0;
    for (const Event& event : run.events()) {
        saves += event.kind == EventKind::checkpoint_saved;
        passes += event.kind == router::event_pass;
    }
    EXPECT_GE(saves, 3);
    EXPECT_EQ(passes, 9);
}

TEST(NoHeap, resuming_from_a_checkpoint_makes_no_heap_call_after_the_seal) {
    const Directory directory;
    platform::FileStore store;
    ASSERT_TRUE(store.open_directory(directory.path().c_str(), false));
    SessionSettings settings;
    settings.target_games = 128;
    settings.stop_after_games = 64;
    test::LaunchedTeam team(workers);
    {
        const auto workload = std::make_unique<othello::OthelloWorkload>(othello_settings(128));
        test::TestRun run(*workload, settings, workers);
        run.session().start_fresh(settings_text);
        ASSERT_TRUE(run.train(*team, store));
    }
    settings.stop_after_games = 0;
    const auto workload = std::make_unique<othello::OthelloWorkload>(othello_settings(128));
    const auto reader = std::make_unique<CheckpointReader>();
    test::TestRun run(*workload, settings, workers);

    watch_workers(*team, true);
    watch_workers(*run.scribe, true);
    const std::uint64_t before = heap_calls();
    watch_heap(true);
    const bool opened = reader->open(store, checkpoint_file_name(64)).has_value();
    const bool restored = opened && run.session().restore(*reader, settings_text).has_value();
    reader->close();
    const bool trained = run.train(*team, store).has_value();
    watch_heap(false);
    EXPECT_EQ(heap_calls() - before, 0u);
    watch_workers(*run.scribe, false);
    watch_workers(*team, false);

    EXPECT_TRUE(opened && restored && trained);
    EXPECT_EQ(run.games(), 128u);
}

}  // namespace
}  // namespace kiln
