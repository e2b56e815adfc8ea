#include "app/python/binding.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <future>

#include <fmt/format.h>

namespace py = pybind11;

namespace kiln::app {
namespace {

constexpr auto signal_poll = std::chrono::milliseconds(20);

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || c == '-';
}

// The command's words in Python's: "--on-corrupt previous" is on_corrupt previous.
std::string in_python(std::string_view line) {
    std::string text;
    while (!line.empty()) {
        const std::size_t flag = line.find("--");
        if (flag == std::string_view::npos || flag + 2 == line.size() || !is_word(line[flag + 2])) {
            text += line;
            break;
        }
        text += line.substr(0, flag);
        line.remove_prefix(flag + 2);
        const auto end = static_cast<std::size_t>(
            std::find_if_not(line.begin(), line.end(), is_word) - line.begin());
        text += python_name(line.substr(0, end));
        line.remove_prefix(end);
    }
    return text;
}

void set_checkpoint_error(const std::string& line, const Failure& failure) {
    const auto* const damage = dynamic_cast<const DamagedCheckpoint*>(&failure);
    py::object section = py::none();
    py::object chunk = py::none();
    if (damage != nullptr && !damage->section().empty())
        section = py::str(damage->section());
    if (damage != nullptr && damage->chunk())
        chunk = py::int_(*damage->chunk());
    const py::object type = py::module_::import("kiln._types").attr("CheckpointError");
    const py::object error = type(line, section, chunk);
    PyErr_SetObject(type.ptr(), error.ptr());
}

void set_os_error(int number, const std::string& line) {
    // Of the class that belongs to the number, FileNotFoundError and the like.
    const py::tuple arguments = number == 0 ? py::make_tuple(line) : py::make_tuple(number, line);
    const py::object error = py::reinterpret_borrow<py::object>(PyExc_OSError)(*arguments);
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.ptr())), error.ptr());
}

}  // namespace

void set_error(const Failure& failure) {
    const std::string line = in_python(failure.what());
    switch (failure.exit_code()) {
        case ExitCode::usage:
        case ExitCode::bad_configuration:
            return PyErr_SetString(PyExc_ValueError, line.c_str());
        case ExitCode::bad_data:
            return set_checkpoint_error(line, failure);
        case ExitCode::no_input:
            return set_os_error(ENOENT, line);
        case ExitCode::permission:
            return set_os_error(EACCES, line);
        case ExitCode::cannot_create:
        case ExitCode::io_failed:
            return set_os_error(0, line);
        case ExitCode::try_again:
            return set_os_error(EAGAIN, line);
        case ExitCode::system_refuses:
            return PyErr_SetString(PyExc_MemoryError, line.c_str());
        default:
            return PyErr_SetString(PyExc_RuntimeError, line.c_str());
    }
}

py::object type_named(const char* name) {
    return py::module_::import("kiln._types").attr(name);
}

std::string python_name(std::string_view name) {
    std::string text(name);
    std::replace(text.begin(), text.end(), '-', '_');
    return text;
}

std::vector<Assignment> assignments_of(const NamedTexts& texts) {
    std::vector<Assignment> assignments;
    for (const auto& [name, text] : texts) {
        std::string key = name;
        std::replace(key.begin(), key.end(), '_', '-');
        const Setting* const setting = find_setting(key);
        if (setting == nullptr)
            throw Failure(ExitCode::usage, fmt::format("there is no setting '{}'", name));
        assignments.push_back({setting, text, name, ExitCode::usage});
    }
    return assignments;
}

py::object to_python(const Json& json) {
    return py::module_::import("json").attr("loads")(dump_line(json));
}

void run_interruptibly(std::atomic<bool>& stop, const std::function<void()>& work) {
    std::future<void> done;
    bool is_interrupted = false;
    for (;;) {
        {
            const py::gil_scoped_release without_lock;
            if (!done.valid())
                done = std::async(std::launch::async, work);
            if (done.wait_for(signal_poll) == std::future_status::ready)
                break;
        }
        if (PyErr_CheckSignals() != 0) {
            is_interrupted = true;
            stop.store(true);
            const py::gil_scoped_release without_lock;
            done.wait();
            break;
        }
    }
    if (is_interrupted) {
        try {
            done.get();
        } catch (const std::exception&) {  // the interrupt is told instead
        }
        throw py::error_already_set();
    }
    done.get();
}

}  // namespace kiln::app
