# shellcheck shell=bash
# Debian packages. What a machine has by other means (a command in PATH) is not installed again.

# command:package
needed=(
  dockerd:docker.io docker:docker.io iptables:iptables ip:iproute2 modprobe:kmod nsenter:util-linux
  mmdebstrap:mmdebstrap psql:postgresql-client redis-cli:redis-tools flock:util-linux setpriv:util-linux
  /etc/ssl/certs/ca-certificates.crt:ca-certificates
)

missing_packages() {
  local entry what
  # An engine elsewhere needs no engine here.
  for entry in "${needed[@]}"; do
    what=${entry%%:*}
    if [[ $what == dockerd && -n ${DOCKER_HOST:-} && ${DOCKER_HOST} != unix://* ]]; then continue; fi
    if [[ $what == /* && -e $what ]] || PATH=$PATH:/usr/sbin:/sbin command -v "$what" >/dev/null; then continue; fi
    echo "${entry##*:}"
  done | sort -u
  # pgAdmin's packages are put together by this machine's Python.
  missing_python
}

# ensure_packages [MISSING]: MISSING is a function that prints the packages that are not there.
ensure_packages() {
  export PATH=$PATH:/usr/sbin:/sbin
  local list=${1:-missing_packages} missing log=$cache/log/apt.log
  mapfile -t missing < <("$list")
  if [[ ${#missing[@]} == 0 ]]; then return; fi
  local by_hand="Install by hand, then run this again:  apt-get install ${missing[*]}"
  if ! command -v apt-get >/dev/null; then
    give_up "These Debian packages, or what they hold, are missing: ${missing[*]}." \
      "This machine has no apt-get to install them with: install them its own way, then run this again."
  fi
  if [[ $(id -u) != 0 ]]; then
    give_up "These Debian packages are missing: ${missing[*]}. Only root can install them." "$by_hand"
  fi
  export DEBIAN_FRONTEND=noninteractive
  local apt=(apt-get -y -o DPkg::Lock::Timeout=600)
  watch packages "reading Debian's package lists" "$log" "${apt[@]}" update ||
    say packages "the lists could not be read anew (see $log): trying with those there are"
  watch packages "installing ${missing[*]}" "$log" "${apt[@]}" install --no-install-recommends "${missing[@]}" || true
  mapfile -t missing < <("$list")
  if [[ ${#missing[@]} == 0 ]]; then return; fi
  give_up "These Debian packages could not be installed: ${missing[*]}." \
    "$(grep -E '^E: ' "$log" | tail -n 3)" "$by_hand" "All output of apt-get is in $log."
}
