#!/bin/bash
# Prints the Node 24 to use: the one in PATH where it fits, else the one that bin/setup has installed.
# Ends with 1, and says so, where there is none.
set -euo pipefail

version=24.21.0
npm=11.21.2
installed=${BERTH_CACHE_DIR:-$HOME/.cache/berth}/node/$version-npm-$npm-$(uname -m)/bin/node

# 24.12 is the first whose type stripping is stable.
fits() { "$1" -e 'const [a, b] = process.versions.node.split("."); process.exit(a == 24 && b >= 12 ? 0 : 1)' 2>/dev/null; }

if [[ -x $installed ]]; then
  echo "$installed"
elif own=$(command -v node) && fits "$own"; then
  echo "$own"
else
  echo >&2 "There is no Node 24 here: run bin/setup, which installs it."
  exit 1
fi
