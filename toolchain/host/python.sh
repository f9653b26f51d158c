# shellcheck shell=bash
# Python environments of the tools that are on PyPI, each by the hashes in its requirements.txt. Needs say.sh, packages.sh.

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

# python_environment KIND WHAT FOR PROGRAM...: makes the environment of toolchain/KIND/requirements.txt, or finds it, and
# leaves its folder in $target. WHAT is said in lines for a person, FOR who needs it; every PROGRAM must run. Every package
# is a wheel; where they come from is pip's own setting.
python_environment() {
  local kind=$1 what=$2 for=$3 requirements=$root/toolchain/$1/requirements.txt log=$cache/log/$1.log lock program
  shift 3
  mkdir -p "$cache/locks" "$cache/log" "$cache/$kind"
  ensure_packages missing_python
  find_python || give_up "Python 3.11 or newer is needed for $for; this machine's is older."
  # An environment belongs to the Python it was made with, and to what it holds.
  target=$cache/$kind/$({ cat "$requirements" && "$python" -c 'import sys; print(sys.version, sys.base_prefix)'; } |
    sha256sum | cut -c 1-16)
  # Written last: without it an environment is one of a run that was killed.
  if [[ -e $target/complete ]]; then return; fi
  exec {lock}>"$cache/locks/$kind"
  flock -n "$lock" || { say "$what" "another run installs it: waiting for it" && flock "$lock"; }
  if [[ ! -e $target/complete ]]; then
    rm -rf "$target"
    if ! { watch "$what" "making a Python environment" "$log" "$python" -m venv "$target" &&
      watch "$what" "installing Python packages" "$log" "$target/bin/python" -m pip install \
        --disable-pip-version-check --no-input --require-hashes --only-binary :all: --requirement "$requirements"; }; then
      give_up "The Python packages of $for could not be installed:" "$(tail -n 5 "$log")" \
        "Check that pip reaches its index, then run this again. All output is in $log."
    fi
    for program in "$@"; do
      "$target/bin/$program" --version >>"$log" 2>&1 || give_up "$program was installed but does not run. All output is in $log."
    done
    sync -f "$target"
    touch "$target/complete"
  fi
  exec {lock}>&-
}
