#!/bin/bash
# install.sh ROOT: puts pgAdmin and all it needs into ROOT/opt/pgadmin, for ROOT's own Python. Every package is held against
# its hash in requirements.txt; where they come from is pip's own setting on this machine. All are wheels but for two that
# are published as plain Python sources: no compiler is needed.
set -Eeuo pipefail

root=$1
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=/dev/null
. "$here/../host/python.sh"

find_python || { echo >&2 "Python 3.11 or newer is needed on this machine to put pgAdmin together: run bin/setup as root." && exit 1; }
version=$(chroot "$root" python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
work=$root/.berth-pip
target=$root/opt/pgadmin
arch=$(uname -m)

"$python" -m venv "$work"
pip() { "$work/bin/python" -m pip --disable-pip-version-check --no-input "$@"; }
# What the two are built with: the very setuptools that pgAdmin gets.
awk '/^[^ #]/ { wanted = /^setuptools==/ } wanted' "$here/requirements.txt" >"$work/setuptools.txt"
pip install --quiet --require-hashes --no-deps --only-binary :all: --requirement "$work/setuptools.txt"

platforms=()
for libc in manylinux2014 manylinux_2_{17..41} linux; do platforms+=(--platform "${libc}_$arch"); done
pip install --progress-bar off --require-hashes --no-deps --no-build-isolation --no-compile --target "$target" \
  --implementation cp --python-version "$version" --abi "cp${version/./}" --abi abi3 --abi none \
  "${platforms[@]}" --requirement "$here/requirements.txt"
rm -rf --one-file-system "$work"

# Half of its size: handbooks with pictures, and descriptions of all of Google's services but those that it uses.
rm -rf "$target/pgadmin4/docs"
find "$target/googleapiclient/discovery_cache/documents" -type f \
  ! -name 'compute.*' ! -name 'cloudresourcemanager.*' ! -name 'sqladmin.*' -delete

# Where the official image has these.
ln -s opt/pgadmin/pgadmin4 "$root/pgadmin4"
install -d "$root/venv/bin"
ln -s /usr/bin/python3 "$root/venv/bin/python3"
echo /opt/pgadmin >"$root/usr/lib/python3/dist-packages/pgadmin.pth"
chroot "$root" install -d -o 5050 -g 0 -m 0700 /var/lib/pgadmin
# Nobody may write there later, and each start would compile it all again.
chroot "$root" python3 -m compileall -q -j 0 /opt/pgadmin
chroot "$root" python3 -c 'import psycopg, gunicorn; assert psycopg.pq.__impl__ == "binary"'
