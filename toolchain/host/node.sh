# shellcheck shell=bash
# Node 24: the machine's own where it fits, else the pinned npm package that carries the binary. It gets an npm of
# its own: the machine's may live on modules that only the machine's Node finds, as Debian's does.

ensure_node() {
  if node=$("$root/toolchain/node.sh" 2>/dev/null); then return; fi
  if ! command -v npm >/dev/null; then
    give_up "There is no Node 24 here, and no npm to install it with." \
      "Install Node 24 (or any Node with npm), then run bin/setup again."
  fi
  exec {node_lock}>"$cache/locks/node"
  flock -n "$node_lock" || { say node "another run installs Node 24: waiting for it" && flock "$node_lock"; }
  if ! "$root/toolchain/node.sh" >/dev/null 2>&1; then install_node; fi
  exec {node_lock}>&-
  node=$("$root/toolchain/node.sh")
}

install_node() {
  local version npm work target log=$cache/log/node.log package
  version=$(sed -n 's/^version=//p' "$root/toolchain/node.sh")
  npm=$(sed -n 's/^npm=//p' "$root/toolchain/node.sh")
  target=$cache/node/$version-npm-$npm-$(uname -m)
  mkdir -p "$cache/node"
  # Under the lock these can only be of runs that were killed.
  rm -rf "$cache"/node/.making.*
  work=$(mktemp -d "$cache/node/.making.XXXXXX")
  cp "$root"/toolchain/node/{package.json,package-lock.json,.npmrc} "$work/"
  if ! (cd "$work" && watch node "installing Node $version" "$log" npm ci --ignore-scripts); then
    give_up "Node $version could not be installed from the npm registry:" "$(tail -n 5 "$log")" \
      "Check that npm reaches its registry, or put a Node 24 in PATH; then run bin/setup again."
  fi
  package=$(echo "$work"/node_modules/node-linux-*)
  if [[ $("$package/bin/node" --version 2>/dev/null) != "v$version" ]]; then
    give_up "The npm package node-linux has no Node $version that runs on $(uname -m). Put a Node 24 in PATH."
  fi
  mkdir -p "$package/lib/node_modules"
  mv "$work/node_modules/npm" "$package/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$package/bin/npm"
  if [[ $(PATH=$package/bin:$PATH npm --version 2>/dev/null) != "$npm" ]]; then
    give_up "The npm that came with Node $version does not run. All output is in $log."
  fi
  sync -f "$package/bin/node"
  rm -rf "$target"
  mv "$package" "$target"
  rm -rf "$work"
}
