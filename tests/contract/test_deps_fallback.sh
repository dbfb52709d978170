#!/bin/bash
# Where librdkafka's newest source cannot be had, ops/deps takes Debian's 2.0.2 and says so; CMake takes it too and warns; and
# hub/kafka compiles against its header and needs nothing of it that it lacks.
set -euo pipefail

cd "$MEDHUB_SOURCE_DIR"
failures=0
complain() { echo "$*" >&2; failures=$((failures + 1)); }
work=$(mktemp -d "$MEDHUB_BUILD_DIR/fallback.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/deps" "$work/project"

# ---- ops/deps, on a machine that has everything but librdkafka-dev, and whose archive has no sources

cat >"$work/bin/apt-get" <<APT
#!/bin/bash
echo "\$*" >>"$work/asked"
case "\$*" in *Dir::Etc::SourceList*) echo "no such suite" >&2; exit 100 ;; esac
APT
cat >"$work/bin/dpkg-query" <<'QUERY'
#!/bin/bash
case "$*" in *librdkafka-dev*) exit 1 ;; esac
echo installed
QUERY
printf '#!/bin/bash\nexec "$@"\n' >"$work/bin/sudo"
chmod +x "$work"/bin/*
deps() { PATH=$work/bin:$PATH MEDHUB_DEPS_DIR=$work/deps ops/deps build 2>"$work/said"; }

deps || complain "ops/deps fails where it should fall back"
grep -q 'warning: librdkafka could not be built from source' "$work/said" || complain "no warning: $(cat "$work/said")"
grep -q '^install .*librdkafka-dev$' "$work/asked" || complain "Debian's librdkafka-dev was not installed: $(cat "$work/asked")"
rm "$work/asked"
deps || complain "ops/deps fails the second time"
grep -q "warning: still using Debian's librdkafka-dev" "$work/said" || complain "the second time it does not warn"
[ ! -e "$work/asked" ] || complain "it tries again without being told to: $(cat "$work/asked")"

# ---- CMake

header=${MEDHUB_DEPS_DIR:-build/deps}/librdkafka-fallback/usr/include
[ -e "$header/librdkafka/rdkafka.h" ] || { echo "run ops/deps test"; exit 1; }
mkdir "$work/pkgconfig"
printf 'Name: librdkafka\nDescription: old\nVersion: 2.0.2\nCflags: -I%s\nLibs: -lrdkafka\n' "$header" >"$work/pkgconfig/rdkafka.pc"
cat >"$work/project/CMakeLists.txt" <<PROJECT
cmake_minimum_required(VERSION 3.25)
project(fallback C)
include($MEDHUB_SOURCE_DIR/ops/cmake/Libraries.cmake)
get_target_property(links rdkafka_static INTERFACE_LINK_LIBRARIES)
message(STATUS "links \${links}")
PROJECT
PKG_CONFIG_PATH=$work/pkgconfig MEDHUB_DEPS_DIR=$work/deps cmake -S "$work/project" -B "$work/project/build" >"$work/cmake" 2>&1 ||
    complain "CMake fails: $(cat "$work/cmake")"
grep -q "using the system's librdkafka 2.0.2" "$work/cmake" || complain "CMake does not warn"
grep -q 'links PkgConfig::RDKAFKA' "$work/cmake" || complain "CMake does not take it: $(cat "$work/cmake")"

# ---- the only folder that includes it

for source in hub/kafka/*.c; do
    gcc -std=gnu17 -Wall -Wextra -Werror -isystem "$header" -I"$MEDHUB_BUILD_DIR/include/kafka" -I"$MEDHUB_BUILD_DIR/include/base" \
        -c "$source" -o "$work/$(basename "$source").o" || complain "$source does not compile with librdkafka 2.0.2"
done
library=$(ldconfig -p | sed -n 's/.*librdkafka\.so\.1 .*=> //p' | head -1) # of python3-confluent-kafka
nm -D --defined-only "$library" | sed 's/.* //; s/@.*//' | sort -u >"$work/has"
nm -u "$work"/*.o | sed -n 's/^ *U \(rd_kafka_\)/\1/p' | sort -u >"$work/needs"
[ "$(wc -l <"$work/needs")" -gt 40 ] || complain "hub/kafka uses hardly anything of librdkafka?"
missing=$(comm -23 "$work/needs" "$work/has")
[ -z "$missing" ] || complain "librdkafka 2.0.2 has no $missing"

[ "$failures" = 0 ]
