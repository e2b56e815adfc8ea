// kiln._kiln.Training: what the Python layer drives, for Othello and for routers.
#pragma once

#include <memory>
#include <utility>

#include <unistd.h>

#include "app/python/binding.hpp"
#include "app/python/training.hpp"

namespace kiln::app {

inline pybind11::tuple to_python(const GameTotals& totals) {
    return pybind11::make_tuple(totals.games, totals.black_wins, totals.white_wins,
                                totals.stone_difference, totals.moves);
}

// What is driven from Python, with its lock released wherever something can take long. Made in one
// process: a child that a fork made of it has none of its threads.
class PythonTraining {
  public:
    explicit PythonTraining(const NamedTexts& asked) : process_(::getpid()) {
        const std::vector<Assignment> assignments = assignments_of(asked);
        const pybind11::gil_scoped_release without_lock;
        training_ = std::make_unique<Training>(assignments, "othello");
    }
    explicit PythonTraining(std::unique_ptr<Training> training)
        : process_(::getpid()), training_(std::move(training)) {}
    ~PythonTraining() { close(); }

    // Gives everything back; nothing else may be called any more. A part that goes on is stopped.
    void close() {
        if (process_ != ::getpid())
            abandon();
        const pybind11::gil_scoped_release without_lock;
        training_.reset();
    }
    void abandon() {
        if (training_ != nullptr)
            training_->abandon();
    }

    Training& operator*() const { return *training_; }
    Training* operator->() const { return training_.get(); }

    pybind11::tuple look(double patience_s) const {
        Training::News news;
        bool is_over = false;
        {
            const pybind11::gil_scoped_release without_lock;
            is_over = training_->look(patience_s, news);
        }
        pybind11::list entries;
        for (const LogEntry& entry : news.entries)
            entries.append(pybind11::make_tuple(name_of(entry.severity), entry.event, entry.text,
                                                to_python(entry.fields)));
        pybind11::list milestones;
        for (const Milestone& milestone : news.milestones)
            milestones.append(pybind11::make_tuple(milestone.games, to_python(milestone.totals)));
        return pybind11::make_tuple(is_over, news.games, entries, milestones);
    }

  private:
    int process_;
    std::unique_ptr<Training> training_;
};

}  // namespace kiln::app
