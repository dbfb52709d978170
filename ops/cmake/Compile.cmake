# Language, warnings and sanitizers. Our own targets link medhub_compile; generated code does not.
set(MEDHUB_SANITIZE "" CACHE STRING "argument of -fsanitize= for everything, empty for none")
option(MEDHUB_FUZZ "link fuzzers with libFuzzer (clang), else with a main that replays the corpus" OFF)
set(MEDHUB_FUZZ_SECONDS 6 CACHE STRING "how long ctest lets each fuzzer run")
option(MEDHUB_FAULTS "build the crash points and broken rules of the chaos harness in" OFF)
option(MEDHUB_LTO "optimise across files" OFF)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON) # libmedhub is also a shared library
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ${MEDHUB_LTO})

# No NDEBUG anywhere: an assert that only runs on a developer's desk protects nobody's money.
set(CMAKE_C_FLAGS_DEBUG "-O0 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")

add_compile_definitions(_GNU_SOURCE $<$<BOOL:${MEDHUB_FAULTS}>:MEDHUB_FAULTS=1>)
add_compile_options(-pthread -fno-omit-frame-pointer)
add_link_options(-pthread)

if(MEDHUB_SANITIZE)
    add_compile_options(-fsanitize=${MEDHUB_SANITIZE} -fno-sanitize-recover=all -O1)
    string(REPLACE "fuzzer-no-link," "" at_link "${MEDHUB_SANITIZE}")
    add_link_options(-fsanitize=${at_link})
endif()

add_library(medhub_compile INTERFACE)
target_compile_options(medhub_compile INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes
    -Wformat=2 -Wundef -Wpointer-arith -Wwrite-strings -Werror
    # libFuzzer declares its entry point in no header.
    $<$<NOT:$<BOOL:$<TARGET_PROPERTY:MEDHUB_IS_FUZZER>>>:-Wmissing-prototypes>)
