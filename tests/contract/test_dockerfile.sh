#!/bin/bash
# The image of helm/Dockerfile holds every shared library that medhub is linked with, and its build uses ops/deps. (There is
# no container engine where tests run; the stages themselves are what ops/deps and the release preset do in ops/test.)
set -euo pipefail

cd "$MEDHUB_SOURCE_DIR"
failures=0
complain() { echo "$*" >&2; failures=$((failures + 1)); }

packages=$(sed -n '/^RUN apt-get update -q && apt-get install/,/rm -rf/p' helm/Dockerfile | tr -s ' \\&' '\n' | grep -E '^(lib|ca-|zlib)')
[ -n "$packages" ] || complain "helm/Dockerfile installs nothing"
for package in $packages; do
    dpkg-query -W "$package" >/dev/null 2>&1 || complain "$package is not a package of this Debian"
done
# What those bring along, and the base image's own (libc and friends are essential).
# shellcheck disable=SC2086
there=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances $packages |
    grep '^[a-z]' | sed 's/:.*//' | sort -u)
while read -r library path; do
    case $library in linux-vdso* | /*) continue ;; esac
    real=$(readlink -f "$path")
    owner=$({ dpkg-query -S "$real" || dpkg-query -S "${real#/usr}"; } 2>/dev/null | sed "s/[:,].*//" | sort -u | head -1 || true)
    case $owner in libasan* | libubsan* | libtsan*) continue ;; esac
    grep -qx "$owner" <<<"$there" || complain "$library ($owner) is not in the image"
done < <(ldd "$MEDHUB" | sed -n 's/^\s*\(\S*\) => \(\S*\).*/\1 \2/p')
grep -q '^RUN .*ops/deps build' helm/Dockerfile || complain "the image is not built with ops/deps"
[ "$failures" = 0 ]
