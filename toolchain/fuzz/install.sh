#!/bin/bash
# Installs schemathesis, which only tests use, into a Python environment of its own, and prints where its program
# is. What is there is only checked. Every package is a wheel whose hash is in requirements.txt; where they come
# from is pip's own setting.
set -Eeuo pipefail

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
cache=${BERTH_CACHE_DIR:-$HOME/.cache/berth}
mkdir -p "$cache/locks" "$cache/log" "$cache/fuzz"
requirements=$root/toolchain/fuzz/requirements.txt
log=$cache/log/fuzz.log

for part in say packages python; do
  # shellcheck source=/dev/null
  . "$root/toolchain/host/$part.sh"
done

# An environment belongs to the Python it was made with, and to what it holds.
key_of() {
  { cat "$requirements" && "$python" -c 'import sys; print(sys.version, sys.base_prefix)'; } | sha256sum | cut -c 1-16
}

# Written last: without it an environment is one of a run that was killed.
is_whole() { [[ -e $target/complete ]]; }

install() {
  rm -rf "$target"
  if ! { watch schemathesis "making a Python environment" "$log" "$python" -m venv "$target" &&
    watch schemathesis "installing Python packages" "$log" "$target/bin/python" -m pip install \
      --disable-pip-version-check --no-input --require-hashes --only-binary :all: --requirement "$requirements"; }; then
    give_up "The Python packages of the fuzz tests could not be installed:" "$(tail -n 5 "$log")" \
      "Check that pip reaches its index, then run this again. All output is in $log."
  fi
  if ! "$target/bin/schemathesis" --version >>"$log" 2>&1; then
    give_up "schemathesis was installed but does not run. All output is in $log."
  fi
  sync -f "$target"
  touch "$target/complete"
}

ensure_packages missing_python
find_python || give_up "Python 3.11 or newer is needed for the fuzz tests; this machine's is older."
target=$cache/fuzz/$(key_of)
if ! is_whole; then
  exec {lock}>"$cache/locks/fuzz"
  flock -n "$lock" || { say schemathesis "another run installs it: waiting for it" && flock "$lock"; }
  if ! is_whole; then install; fi
  exec {lock}>&-
fi
echo "$target/bin/schemathesis"
