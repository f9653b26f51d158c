#!/bin/bash
# Installs Debian's Chromium, which only tests use, where no Chromium or Chrome is in PATH, and prints where its program is.
set -Eeuo pipefail

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
cache=${BERTH_CACHE_DIR:-$HOME/.cache/berth}
mkdir -p "$cache/locks" "$cache/log"

for part in say packages; do
  # shellcheck source=/dev/null
  . "$root/toolchain/host/$part.sh"
done

find_browser() { command -v chromium || command -v google-chrome-stable || command -v google-chrome; }
missing_browser() { find_browser >/dev/null || printf '%s\n' chromium fonts-dejavu-core; }

exec {lock}>"$cache/locks/browser"
flock "$lock"
ensure_packages missing_browser >&2
find_browser || give_up "Chromium was installed, and is not in PATH."
