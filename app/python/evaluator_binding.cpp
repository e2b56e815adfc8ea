// kiln.Evaluator: a trained evaluation, and the search on top of it.
#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "core/othello/batch_evaluation.hpp"
#include "core/othello/notation.hpp"

#include "app/model_file.hpp"
#include "app/python/binding.hpp"
#include "app/python/board_array.hpp"
#include "platform/linux/clock.hpp"

namespace py = pybind11;

namespace kiln::app {
namespace {

constexpr const char* cells_allowed =
    "a cell is 0 (empty), 1 (a disc of the player to move), -1 or 2 (one of the opponent)";
constexpr std::uint64_t mebibyte = 1u << 20;
constexpr float discs_per_score = 1.0f / othello::score_per_disc;  // a power of two: exact

std::string square_text(int square) {
    return othello::square_name(static_cast<othello::Square>(square)).text;
}

py::value_error wrong_cell(const std::string& where, int cell, const py::handle& value) {
    return py::value_error(fmt::format("{}: cell {} ({}) is {}; {}", where, cell, square_text(cell),
                                       py::repr(value).cast<std::string>(), cells_allowed));
}

// An array whose numbers can be read where they are.
struct ReadableArray {
    py::array array;  // keeps the memory
    BoardArray boards;
};

ReadableArray read_array(py::array array, const char* name, bool is_batch) {
    const char kind = array.dtype().kind();
    if (kind != 'i' && kind != 'u')
        throw py::type_error(
            fmt::format("{}: its type is {}; it takes an array of whole numbers, "
                        "for example numpy.int8",
                        name, py::str(array.dtype()).cast<std::string>()));
    const py::ssize_t dimensions = is_batch ? 2 : 1;
    if (array.ndim() != dimensions || array.shape(dimensions - 1) != othello::square_count)
        throw py::value_error(fmt::format(
            "{}: its shape is {}; it takes {}", name,
            py::str(array.attr("shape")).cast<std::string>(),
            is_batch ? "(N, 64), cells a1, b1, ... h8" : "(64,), cells a1, b1, ... h8"));
    if (!array.dtype().attr("isnative").cast<bool>())
        array = array.attr("astype")(array.dtype().attr("newbyteorder")("="));
    const BoardArray boards = {.first = static_cast<const std::byte*>(array.data()),
                               .board_stride = is_batch ? array.strides(0) : 0,
                               .cell_stride = array.strides(dimensions - 1),
                               .cell_bytes = static_cast<int>(array.itemsize()),
                               .is_signed = kind == 'i'};
    return {array, boards};
}

othello::Board board_from_array(const py::array& array) {
    const ReadableArray readable = read_array(array, "board", false);
    othello::Board board;
    if (!read_board(readable.boards, 0, board)) {
        const int cell = find_wrong_cell(readable.boards, 0);
        throw wrong_cell("board", cell, readable.array.attr("item")(cell));
    }
    return board;
}

othello::Board board_from_sequence(const py::sequence& cells) {
    if (cells.size() != othello::square_count)
        throw py::value_error(
            fmt::format("board: it has {} cells; it takes 64, a1, b1, ... h8", cells.size()));
    othello::Board board;
    for (int square = 0; square < othello::square_count; ++square) {
        const py::object cell = cells[static_cast<std::size_t>(square)];
        if (!PyIndex_Check(cell.ptr()))
            throw py::type_error(fmt::format("board: cell {} ({}) is {}; it takes whole numbers",
                                             square, square_text(square),
                                             py::repr(cell).cast<std::string>()));
        const py::ssize_t number = PyNumber_AsSsize_t(cell.ptr(), nullptr);
        if (number == 1)
            board.own |= othello::bit(square);
        else if (number == -1 || number == 2)
            board.opponent |= othello::bit(square);
        else if (number != 0)
            throw wrong_cell("board", square, cell);
    }
    return board;
}

othello::Board board_from(const py::object& object) {
    // First what needs no NumPy to be told apart.
    if (PyList_Check(object.ptr()) || PyTuple_Check(object.ptr()))
        return board_from_sequence(py::reinterpret_borrow<py::sequence>(object));
    if (py::isinstance<py::array>(object))
        return board_from_array(py::reinterpret_borrow<py::array>(object));
    if (!PySequence_Check(object.ptr()) || PyUnicode_Check(object.ptr()) ||
        PyBytes_Check(object.ptr()))
        throw py::type_error(
            fmt::format("board: it is {}; it takes 64 whole numbers as a list or a NumPy array",
                        py::str(py::type::of(object).attr("__name__")).cast<std::string>()));
    return board_from_sequence(py::reinterpret_borrow<py::sequence>(object));
}

class Evaluator {
  public:
    Evaluator(const std::optional<std::string>& path, std::uint64_t table_mib,
              const std::string& memory) {
        RunSettings settings = assign_all(
            RunSettings(),
            assignments_of({{"table_mib", std::to_string(table_mib)}, {"memory", memory}}));
        const ModelSource source = {path.value_or(""), !path.has_value(), "path"};
        model_ = std::make_unique<PlayingModel>(source, 1, settings.memory_bytes,
                                                settings.othello.table_bytes);
    }

    const PlayingModel& playing() const { return *model_; }
    const othello::Model& model() const { return model_->model(); }

    float evaluate(const py::object& board) const {
        return static_cast<float>(model().evaluate(board_from(board))) * discs_per_score;
    }

    py::array_t<float> evaluate_batch(const py::object& boards) const {
        const py::array array = py::array::ensure(boards);
        if (!array) {
            PyErr_Clear();
            throw py::type_error("boards: it takes an array of shape (N, 64)");
        }
        const ReadableArray readable = read_array(array, "boards", true);
        const py::ssize_t count = readable.array.shape(0);
        py::array_t<float> values(count);
        const std::span<float> to(values.mutable_data(), static_cast<std::size_t>(count));
        std::size_t done = 0;
        {
            const py::gil_scoped_release without_lock;
            done = evaluate_boards(readable.boards, to);
        }
        if (done < to.size()) {
            const auto wrong = static_cast<py::ssize_t>(done);
            const int cell = find_wrong_cell(readable.boards, wrong);
            throw wrong_cell(fmt::format("boards[{}]", wrong), cell,
                             readable.array.attr("item")(wrong, cell));
        }
        return values;
    }

    py::object best_move(const py::object& cells, const NamedTexts& limits) {
        const othello::Board board = board_from(cells);
        const RunSettings settings = assign_all(RunSettings(), assignments_of(limits));
        const othello::SearchLimits search = settings.othello.search_limits_at(0);
        std::atomic<bool> stop{false};
        platform::MonotonicClock clock;
        othello::SearchResult result;
        run_interruptibly(stop, [&] {
            const std::scoped_lock lock(searching_);
            othello::Searcher& searcher = model_->searcher(0);
            searcher.table().begin_game();
            result = searcher.search(board, search, &stop, &clock);
        });
        const bool is_pass = result.move == othello::no_square;
        return type_named("Move")(
            is_pass ? py::object(py::none()) : py::object(py::int_(result.move)),
            is_pass ? py::object(py::none()) : py::object(py::str(square_text(result.move))),
            static_cast<float>(result.score) * discs_per_score, result.is_exact, result.depth,
            result.nodes);
    }

  private:
    // The number of the first board that is none, or how many there are.
    std::size_t evaluate_boards(const BoardArray& from, std::span<float> values) const {
        const std::size_t room = std::min(values.size(), othello::batch_positions_max);
        std::vector<othello::Board> boards(room);
        std::vector<std::uint16_t> order(room);
        std::vector<othello::Score> scores(room);
        for (std::size_t done = 0; done < values.size();) {
            const std::size_t wanted = std::min(values.size() - done, room);
            const std::size_t read = read_boards(from, static_cast<std::ptrdiff_t>(done),
                                                 std::span(boards).first(wanted));
            if (read < wanted)
                return done + read;
            othello::evaluate_batch(model(), std::span(boards).first(read),
                                    std::span(order).first(read), std::span(scores).first(read));
            for (std::size_t i = 0; i < read; ++i)
                values[done + i] = static_cast<float>(scores[i]) * discs_per_score;
            done += read;
        }
        return values.size();
    }

    std::unique_ptr<PlayingModel> model_;
    std::mutex searching_;  // never taken while holding Python's lock
};

// The tables lie one stage after the other, and in a stage one shape after the other.
py::dict weights_of(const py::object& self) {
    const othello::Model& model = self.cast<const Evaluator&>().model();
    const othello::Geometry& geometry = model.geometry();
    constexpr auto bytes = static_cast<py::ssize_t>(sizeof(std::uint16_t));
    py::dict tables;
    for (int i = 0; i < geometry.shape_count(); ++i) {
        const othello::Geometry::ShapeLayout& shape = geometry.shape(i);
        py::array_t<std::uint16_t> table(
            {static_cast<py::ssize_t>(othello::stage_count),
             static_cast<py::ssize_t>(shape.play_size)},
            {static_cast<py::ssize_t>(geometry.play_entries_per_stage()) * bytes, bytes},
            model.weights().data() + shape.play_offset, self);
        table.attr("setflags")(py::arg("write") = false);
        tables[shape.name] = table;
    }
    return tables;
}

const char* kind_name(othello::LaneKind kind) {
    switch (kind) {
        case othello::LaneKind::pattern:
            return "pattern";
        case othello::LaneKind::count:
            return "count";
        case othello::LaneKind::mobility:
            return "mobility";
        default:
            return "frontier";
    }
}

py::tuple patterns_of(const Evaluator& evaluator) {
    const othello::Geometry& geometry = evaluator.model().geometry();
    const py::object type = type_named("Pattern");
    py::list patterns;
    for (int i = 0; i < geometry.shape_count(); ++i) {
        const othello::Geometry::ShapeLayout& shape = geometry.shape(i);
        py::list placements;
        for (int lane = 0; lane < shape.lane_count; ++lane) {
            py::list squares;
            if (shape.kind == othello::LaneKind::pattern)
                for (const othello::Square square : geometry.lane_squares(i, lane))
                    squares.append(static_cast<int>(square));
            placements.append(py::tuple(squares));
        }
        patterns.append(type(shape.name, kind_name(shape.kind), py::tuple(placements),
                             shape.play_size, shape.slot_count));
    }
    return py::tuple(patterns);
}

}  // namespace

void bind_evaluator(py::module_& module) {
    py::class_<Evaluator>(module, "Evaluator")
        .def(py::init<const std::optional<std::string>&, std::uint64_t, const std::string&>())
        .def("evaluate", &Evaluator::evaluate)
        .def("evaluate_batch", &Evaluator::evaluate_batch)
        .def("best_move", &Evaluator::best_move)
        .def("get_weights", &weights_of)
        .def_property_readonly("patterns", &patterns_of)
        .def_property_readonly(
            "name", [](const Evaluator& evaluator) { return evaluator.playing().name(); })
        .def_property_readonly(
            "games", [](const Evaluator& evaluator) { return evaluator.playing().games(); });
    module.attr("STAGES") = othello::stage_count;
    module.attr("NEUTRAL_WEIGHT") = othello::neutral_weight;
}

}  // namespace kiln::app
