# One function per kind of target. A library is one folder; its headers lie beside its sources and are
# included as "base/arena.h". Each library exports one include directory that holds nothing but a link to
# its own folder, so a target sees the folders it links to (and what those link to) and no others: a
# forbidden include does not compile.

# Who may link whom: only to the left. domain is the exception, it sees neither kafka nor state.
set(MEDHUB_ORDER schemas base code epcis signature seal event kafka state domain flow client core store exchange gateway webhook ops)
set(MEDHUB_FORBIDDEN_domain kafka state)

# LINKS of ours may be written with or without the prefix: base or medhub_base.
function(hub_link_names out)
    set(names "")
    foreach(name ${ARGN})
        string(REGEX REPLACE "^medhub_" "" name ${name})
        list(APPEND names medhub_${name})
    endforeach()
    set(${out} ${names} PARENT_SCOPE)
endfunction()

function(hub_check_order name)
    list(FIND MEDHUB_ORDER ${name} own_place)
    if(own_place EQUAL -1)
        return()
    endif()
    foreach(link ${ARGN})
        string(REGEX REPLACE "^medhub_" "" link ${link})
        list(FIND MEDHUB_ORDER ${link} link_place)
        if(link_place GREATER_EQUAL own_place OR link IN_LIST MEDHUB_FORBIDDEN_${name})
            message(FATAL_ERROR "${name} may not link ${link}: the order is ${MEDHUB_ORDER}")
        endif()
    endforeach()
endfunction()

# hub_library(NAME base SOURCES a.c b.c [LINKS event ...] [SYSTEM_LINKS dep::jansson ...] [DEFINES X=1 ...])
# Makes medhub_base from the current folder. LINKS are handed on to users, SYSTEM_LINKS only at link time.
function(hub_library)
    cmake_parse_arguments(ARG "" "NAME" "SOURCES;LINKS;SYSTEM_LINKS;DEFINES" ${ARGN})
    hub_check_order(${ARG_NAME} ${ARG_LINKS})
    hub_link_names(links ${ARG_LINKS})

    set(include_dir ${CMAKE_BINARY_DIR}/include/${ARG_NAME})
    file(MAKE_DIRECTORY ${include_dir})
    file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${include_dir}/${ARG_NAME} SYMBOLIC)

    add_library(medhub_${ARG_NAME} STATIC ${ARG_SOURCES})
    target_include_directories(medhub_${ARG_NAME} PUBLIC ${include_dir})
    target_compile_definitions(medhub_${ARG_NAME} PRIVATE ${ARG_DEFINES})
    target_link_libraries(medhub_${ARG_NAME}
        PUBLIC ${links}
        PRIVATE medhub_compile ${ARG_SYSTEM_LINKS})
endfunction()

# hub_generated_library(NAME schemas SOURCES x.pb-c.c ... INCLUDE dir [LINKS ...] [SYSTEM_LINKS dep::protobuf-c])
# Code that a generator wrote: our warnings do not apply to it, nor to its headers.
function(hub_generated_library)
    cmake_parse_arguments(ARG "" "NAME;INCLUDE" "SOURCES;LINKS;SYSTEM_LINKS" ${ARGN})
    hub_link_names(links ${ARG_LINKS})
    add_library(medhub_${ARG_NAME} STATIC ${ARG_SOURCES})
    target_compile_options(medhub_${ARG_NAME} PRIVATE -w)
    target_include_directories(medhub_${ARG_NAME} SYSTEM PUBLIC ${ARG_INCLUDE})
    target_link_libraries(medhub_${ARG_NAME} PUBLIC ${links} ${ARG_SYSTEM_LINKS})
endfunction()

# hub_program(NAME medhub SOURCES main.c [LINKS flow ...] [SYSTEM_LINKS ...] [DEFINES ...]) makes build/<preset>/bin/medhub
function(hub_program)
    cmake_parse_arguments(ARG "" "NAME" "SOURCES;LINKS;SYSTEM_LINKS;DEFINES" ${ARGN})
    hub_link_names(links ${ARG_LINKS})
    add_executable(${ARG_NAME} ${ARG_SOURCES})
    target_compile_definitions(${ARG_NAME} PRIVATE ${ARG_DEFINES})
    target_link_libraries(${ARG_NAME} PRIVATE medhub_compile ${links} ${ARG_SYSTEM_LINKS})
    set_property(GLOBAL APPEND PROPERTY MEDHUB_PROGRAMS ${ARG_NAME})
endfunction()

# Reads "// links: medhub_event dep::jansson" from the first five lines of FILE. A name with :: is foreign.
function(hub_links_of_file out_ours out_foreign file)
    file(STRINGS ${file} head LIMIT_COUNT 5)
    list(FILTER head INCLUDE REGEX "^// links:")
    string(REGEX REPLACE "// links:" " " head "${head}")
    string(REGEX MATCHALL "[^ ;]+" names "${head}")
    set(foreign ${names})
    list(FILTER names EXCLUDE REGEX "::")
    list(FILTER foreign INCLUDE REGEX "::")
    set(${out_ours} ${names} PARENT_SCOPE)
    set(${out_foreign} ${foreign} PARENT_SCOPE)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
endfunction()

# hub_test(tests/unit/base/test_arena.c [LINKS ...] [SYSTEM_LINKS ...] [LABELS ...])
# One cmocka executable per file, ctest name unit/base/test_arena, label = first folder under tests/ (or LABELS).
# Runs in the root of the source tree, so golden files are named as in the repository.
function(hub_test file)
    cmake_parse_arguments(ARG "" "" "LINKS;SYSTEM_LINKS;LABELS" ${ARGN})
    get_filename_component(file ${file} ABSOLUTE)
    file(RELATIVE_PATH path ${CMAKE_SOURCE_DIR}/tests ${file})
    string(REGEX REPLACE "[.]c$" "" test ${path})
    string(REPLACE "/" "_" target ${test})
    get_filename_component(folder ${test} DIRECTORY)
    if(NOT ARG_LABELS)
        string(REGEX REPLACE "/.*" "" ARG_LABELS ${test})
    endif()
    hub_links_of_file(more_links more_system_links ${file})
    hub_link_names(links ${ARG_LINKS} ${more_links})

    add_executable(${target} ${file})
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/${folder})
    target_link_libraries(${target} PRIVATE medhub_compile medhub_test_support ${links}
        dep::cmocka ${ARG_SYSTEM_LINKS} ${more_system_links})
    add_test(NAME ${test} COMMAND ${target} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${test} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 120
        ENVIRONMENT "${MEDHUB_TEST_ENVIRONMENT}")
endfunction()

# hub_fuzzer(tests/fuzz/fuzz_json.c [LINKS ...]): LLVMFuzzerTestOneInput with seeds in tests/fuzz/corpus/json.
# With MEDHUB_FUZZ a bounded run of libFuzzer (label fuzz); otherwise the seeds are replayed once (label unit).
function(hub_fuzzer file)
    cmake_parse_arguments(ARG "" "" "LINKS;SYSTEM_LINKS" ${ARGN})
    get_filename_component(file ${file} ABSOLUTE)
    get_filename_component(target ${file} NAME_WE)
    string(REGEX REPLACE "^fuzz_" "" name ${target})
    hub_links_of_file(more_links more_system_links ${file})
    hub_link_names(links ${ARG_LINKS} ${more_links})
    set(seeds ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
    if(NOT EXISTS ${seeds})
        set(seeds "")
    endif()

    if(MEDHUB_FUZZ)
        add_executable(${target} ${file})
        target_link_options(${target} PRIVATE -fsanitize=fuzzer)
        set(work ${CMAKE_BINARY_DIR}/tests/fuzz/${name}) # what libFuzzer finds goes here, not into the source tree
        file(MAKE_DIRECTORY ${work}/corpus)
        set(command ${target} -max_total_time=${MEDHUB_FUZZ_SECONDS} -runs=5000000 -timeout=10 -max_len=65536
            -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix=${work}/ ${work}/corpus ${seeds})
        set(label fuzz)
    else()
        add_executable(${target} ${file} ${CMAKE_SOURCE_DIR}/tests/fuzz/standalone.c)
        set(command ${target} ${seeds})
        set(label unit)
    endif()
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/fuzz)
    target_link_libraries(${target} PRIVATE medhub_compile ${links} ${ARG_SYSTEM_LINKS} ${more_system_links})
    set_property(TARGET ${target} PROPERTY MEDHUB_IS_FUZZER ON)
    math(EXPR timeout "${MEDHUB_FUZZ_SECONDS} + 60")
    add_test(NAME fuzz/${target} COMMAND ${command} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(fuzz/${target} PROPERTIES LABELS ${label} TIMEOUT ${timeout}
        ENVIRONMENT "${MEDHUB_TEST_ENVIRONMENT}")
endfunction()

# hub_script_test(NAME contract/topics SCRIPT path LABEL contract [TIMEOUT 120] [SERIAL])
# The script gets MEDHUB_SOURCE_DIR, MEDHUB_BUILD_DIR and MEDHUB (the program) in its environment and runs in the
# root of the source tree. Exit code 77 means skipped. SERIAL: nothing else runs beside it.
function(hub_script_test)
    cmake_parse_arguments(ARG "SERIAL" "NAME;SCRIPT;LABEL;TIMEOUT" "" ${ARGN})
    get_filename_component(script ${ARG_SCRIPT} ABSOLUTE)
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 120)
    endif()
    if(NOT ARG_SERIAL)
        set(ARG_SERIAL FALSE)
    endif()
    add_test(NAME ${ARG_NAME} COMMAND ${script} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${ARG_NAME} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT} SKIP_RETURN_CODE 77
        RUN_SERIAL ${ARG_SERIAL} ENVIRONMENT "${MEDHUB_TEST_ENVIRONMENT}")
endfunction()

set(MEDHUB_TEST_ENVIRONMENT
    MEDHUB_SOURCE_DIR=${CMAKE_SOURCE_DIR}
    MEDHUB_BUILD_DIR=${CMAKE_BINARY_DIR}
    MEDHUB_DEPS_DIR=${MEDHUB_DEPS_DIR}
    MEDHUB=${CMAKE_BINARY_DIR}/bin/medhub
    UBSAN_OPTIONS=print_stacktrace=1
    TSAN_OPTIONS=halt_on_error=1:suppressions=${CMAKE_SOURCE_DIR}/tests/support/tsan.supp)
