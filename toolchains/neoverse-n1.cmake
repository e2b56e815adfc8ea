# Neoverse N1: the Ampere A1 of Oracle's cloud.
set(KILN_CPU neoverse-n1 CACHE STRING "Oldest processor to run on")
set(emulated_cpu neoverse-n1)
include(${CMAKE_CURRENT_LIST_DIR}/aarch64-linux-gnu.cmake)
