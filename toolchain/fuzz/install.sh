#!/bin/bash
# Installs schemathesis, which only tests use, into a Python environment of its own, and prints where its program
# is. What is there is only checked.
set -Eeuo pipefail

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
cache=${BERTH_CACHE_DIR:-$HOME/.cache/berth}

for part in say packages python; do
  # shellcheck source=/dev/null
  . "$root/toolchain/host/$part.sh"
done

mkdir -p "$cache/log"
python_environment fuzz schemathesis "the fuzz tests" schemathesis
echo "$target/bin/schemathesis"
