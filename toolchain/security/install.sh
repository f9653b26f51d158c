#!/bin/bash
# Installs pip-audit, detect-secrets and semgrep, which only the security scan uses, into a Python environment of their own,
# and prints the folder of their programs. What is there is only checked.
set -Eeuo pipefail

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
cache=${BERTH_CACHE_DIR:-$HOME/.cache/berth}

for part in say packages python; do
  # shellcheck source=/dev/null
  . "$root/toolchain/host/$part.sh"
done

mkdir -p "$cache/log"
python_environment security "security tools" "the security scan" pip-audit detect-secrets semgrep
echo "$target/bin"
