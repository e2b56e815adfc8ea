# Every 64-bit Raspberry Pi, Ampere's machines and most others: ARMv8-A with CRC instructions.
set(KILN_CPU generic+crc CACHE STRING "Oldest processor to run on")
set(emulated_cpu cortex-a72)  # a Raspberry Pi 4
include(${CMAKE_CURRENT_LIST_DIR}/aarch64-linux-gnu.cmake)
