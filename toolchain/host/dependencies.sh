# shellcheck shell=bash
# node_modules as package-lock.json wants it.

ensure_dependencies() {
  local fits=("$node" "$root/toolchain/host/dependencies-fit.ts" "$root") log=$cache/log/npm.log
  if "${fits[@]}" 2>/dev/null; then return; fi
  if ! PATH=$(dirname "$node"):$PATH command -v npm >/dev/null; then
    give_up "The npm packages of Berth are not installed, and there is no npm: install Node with npm."
  fi
  exec {npm_lock}>"$cache/locks/npm-$(cksum <<<"$root" | cut -d' ' -f1)"
  flock -n "$npm_lock" || { say npm "another run installs the npm packages: waiting for it" && flock "$npm_lock"; }
  if ! "${fits[@]}" 2>/dev/null; then
    if ! (cd "$root" && PATH=$(dirname "$node"):$PATH watch npm "installing npm packages" "$log" npm ci --ignore-scripts); then
      give_up "The npm packages could not be installed:" "$(tail -n 5 "$log")" \
        "Check that npm reaches its registry, then run bin/setup again. All output is in $log."
    fi
  fi
  exec {npm_lock}>&-
}
