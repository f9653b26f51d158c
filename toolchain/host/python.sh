# shellcheck shell=bash
# The first Python that is new enough and can make environments; Debian has that in a package of its own.

find_python() {
  local candidate
  for candidate in python3 /usr/bin/python3; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      python=$candidate
      return
    fi
  done
  return 1
}

missing_python() { find_python || /usr/bin/python3 -c 'import venv, ensurepip' 2>/dev/null || echo python3-venv; }
