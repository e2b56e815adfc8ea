// kiln._kiln.Training: what the Python class Trainer drives.
#include <pybind11/stl.h>

#include "app/python/binding.hpp"
#include "app/python/python_training.hpp"
#include "app/settings_change.hpp"

namespace py = pybind11;

namespace kiln::app {
namespace {

const char* kind_of(const Setting& setting) {
    struct {
        const char* operator()(const WholeNumber&) const { return "whole"; }
        const char* operator()(const RealNumber&) const { return "real"; }
        const char* operator()(const ByteCount&) const { return "size"; }
        const char* operator()(const Choice&) const { return "text"; }
        const char* operator()(Switch) const { return "switch"; }
        const char* operator()(FreeText) const { return "text"; }
        const char* operator()(ListenAddress) const { return "text"; }
        const char* operator()(MetricsFile) const { return "text"; }
        const char* operator()(const EpsilonSchedule&) const { return "epsilon"; }
    } name;
    return std::visit(name, setting.allowed);
}

// (name, kind, what is allowed, the default, what it means, whether it may change in a run)
py::list list_settings(const std::string& workload) {
    const RunSettings defaults;
    py::list rows;
    for (const Setting& setting : all_settings())
        if (setting.kept != Kept::in_checkpoint_only && means_something(setting, workload))
            rows.append(py::make_tuple(
                python_name(setting.name), kind_of(setting), allowed_values(setting),
                setting.standard != nullptr ? setting.standard : format_value(setting, defaults),
                setting.help, may_change(setting.name)));
    return rows;
}

py::dict settings_of(const PythonTraining& training) {
    const RunSettings settings = training->settings();
    py::dict values;
    for (const Setting& setting : all_settings())
        if (means_something(setting, settings.workload))
            values[py::str(python_name(setting.name))] = format_value(setting, settings);
    return values;
}

}  // namespace

void bind_training(py::module_& module) {
    using Self = PythonTraining;
    const auto unlocked = py::call_guard<py::gil_scoped_release>();
    py::class_<Self>(module, "Training")
        .def(py::init<const NamedTexts&>())
        .def("close", [](Self& self) { self.close(); })
        .def("begin",
             [](Self& self, std::uint64_t until_games, const NamedTexts& only_now) {
                 self->begin(until_games, assignments_of(only_now));
             })
        .def("begin_save", [](Self& self) { self->begin_save(); })
        .def("look", &Self::look)
        .def("stop", [](Self& self) { self->stop(); })
        .def("request_save", [](Self& self) { self->request_save(); })
        .def(
            "end", [](Self& self) { return self->end(); }, unlocked)
        .def("is_busy", [](const Self& self) { return self->is_busy(); })
        .def("change",
             [](Self& self, const NamedTexts& asked) { self->change(assignments_of(asked)); })
        .def(
            "load", [](Self& self, const std::string& path) { self->load(path); }, unlocked)
        .def("totals", [](const Self& self) { return to_python(self->totals()); })
        .def("convergence", [](const Self& self) { return to_python(self->convergence()); })
        .def("strength", [](const Self& self) { return to_python(self->strength()); })
        .def("memory",
             [](Self& self) {
                 Json report;
                 {
                     const py::gil_scoped_release without_lock;
                     report = self->memory();
                 }
                 return to_python(report);
             })
        .def("games", [](const Self& self) { return self->games(); })
        .def("games_saved", [](const Self& self) { return self->games_saved(); })
        .def("seconds", [](const Self& self) { return self->seconds(); })
        .def("settings", &settings_of)
        .def("checkpoint_path",
             [](const Self& self, std::uint64_t games) { return self->checkpoint_path(games); })
        .def("abandon", [](Self& self) { self.abandon(); });
    module.def("settings", &list_settings);
}

}  // namespace kiln::app
