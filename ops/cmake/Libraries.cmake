# Foreign libraries, each under one name: dep::jansson dep::lmdb ... and rdkafka::static.
# ops/deps installs them; a missing one is reported here with that hint.
find_package(PkgConfig REQUIRED)

function(dep_pkg_config name module)
    pkg_check_modules(DEP_${name} QUIET IMPORTED_TARGET ${module})
    if(NOT DEP_${name}_FOUND)
        message(FATAL_ERROR "${module} is missing: run ops/deps")
    endif()
    add_library(dep_${name} INTERFACE)
    target_link_libraries(dep_${name} INTERFACE PkgConfig::DEP_${name})
    add_library(dep::${name} ALIAS dep_${name})
endfunction()

dep_pkg_config(protobuf-c libprotobuf-c)
dep_pkg_config(jansson jansson)
dep_pkg_config(curl libcurl)
dep_pkg_config(openssl openssl)
dep_pkg_config(microhttpd libmicrohttpd)
dep_pkg_config(yaml yaml-0.1)
dep_pkg_config(sqlite3 sqlite3)
dep_pkg_config(libpq libpq)
dep_pkg_config(cmocka cmocka)

# LMDB comes without a .pc file.
find_library(LMDB_LIBRARY lmdb)
if(NOT LMDB_LIBRARY)
    message(FATAL_ERROR "lmdb is missing: run ops/deps")
endif()
add_library(dep_lmdb INTERFACE)
target_link_libraries(dep_lmdb INTERFACE ${LMDB_LIBRARY})
add_library(dep::lmdb ALIAS dep_lmdb)

# librdkafka: the static build of ops/deps, or else the system's, which is older and slower.
if(DEFINED ENV{MEDHUB_DEPS_DIR})
    set(default_deps_dir $ENV{MEDHUB_DEPS_DIR})
else()
    set(default_deps_dir ${CMAKE_SOURCE_DIR}/build/deps)
endif()
set(MEDHUB_DEPS_DIR ${default_deps_dir} CACHE PATH "where ops/deps keeps what it builds")

add_library(rdkafka_static INTERFACE)
add_library(rdkafka::static ALIAS rdkafka_static)
set(rdkafka_root ${MEDHUB_DEPS_DIR}/librdkafka)
if(EXISTS ${rdkafka_root}/lib/librdkafka.a)
    # The libraries that ops/deps built it with.
    target_include_directories(rdkafka_static SYSTEM INTERFACE ${rdkafka_root}/include)
    target_link_libraries(rdkafka_static INTERFACE ${rdkafka_root}/lib/librdkafka.a
        ssl crypto z zstd lz4 sasl2 m dl rt)
else()
    pkg_check_modules(RDKAFKA QUIET IMPORTED_TARGET rdkafka)
    if(RDKAFKA_FOUND)
        message(WARNING "using the system's librdkafka ${RDKAFKA_VERSION}: ops/deps builds a newer one")
        target_link_libraries(rdkafka_static INTERFACE PkgConfig::RDKAFKA)
    else()
        message(WARNING "librdkafka is missing, hub/kafka will not compile: run ops/deps")
    endif()
endif()
