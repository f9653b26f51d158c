# shellcheck shell=bash
# The Docker engine: found, or started by us where the machine has no init that would.

engine_socket=/var/run/docker.sock

engine_answers() { timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# Whether a pid file names a process that really is this program, and lives; prints its pid.
running_by() {
  local file=$1 program=$2 pid
  pid=$(tr -dc 0-9 2>/dev/null <"$file") && [[ -n $pid ]] || return 1
  [[ $(cat "/proc/$pid/comm" 2>/dev/null) == "$program" ]] || return 1
  # Where nobody collects the dead they keep their names.
  ! grep -q '^State:[[:space:]]*Z' "/proc/$pid/status" 2>/dev/null && echo "$pid"
}

# A killed daemon leaves its pid file, and the number may be another process's by now: then a new daemon
# refuses to start. The file is removed only when it names no such program.
remove_stale() {
  local file=$1 program=$2
  if [[ ! -e $file ]] || running_by "$file" "$program" >/dev/null; then return; fi
  say engine "removing $file, left by a $program that no longer runs"
  rm -f "$file"
}

start_engine() {
  local log=$cache/log/dockerd.log
  if [[ -d /run/systemd/system ]]; then
    systemctl start docker || true
    return
  fi
  remove_stale /var/run/docker.pid dockerd
  remove_stale /var/run/docker/containerd/containerd.pid containerd
  if running_by /var/run/docker.pid dockerd >/dev/null; then return; fi
  if ! grep -q ' cgroup2\? ' /proc/mounts; then
    apt-get -y install --no-install-recommends cgroupfs-mount >>"$cache/log/apt.log" 2>&1 && cgroupfs-mount
  fi
  # The engine starts the tenants' containers: not before their firewall is there. Without a platform it does nothing.
  "$root/bin/berth" firewall >&2 || give_up "The tenants' firewall cannot be put in place, so the engine is not started."
  say engine "starting dockerd, its log is $log"
  # The lock must not live on in the daemon.
  setsid dockerd >>"$log" 2>&1 </dev/null {engine_lock}>&- &
}

ensure_engine() {
  if engine_answers; then return; fi
  if [[ -n ${DOCKER_HOST:-} && $DOCKER_HOST != "unix://$engine_socket" ]]; then
    give_up "No Docker engine answers at DOCKER_HOST, $DOCKER_HOST. Start it, or unset DOCKER_HOST."
  fi
  if [[ $(id -u) != 0 ]]; then
    give_up "No Docker engine answers, and only root can start one." \
      "Run bin/setup as root, or start the engine and make $engine_socket yours to use."
  fi
  exec {engine_lock}>"$cache/locks/engine"
  flock -n "$engine_lock" || { say engine "another run starts the engine: waiting for it" && flock "$engine_lock"; }
  local began=$SECONDS
  if ! engine_answers; then start_engine; fi
  until engine_answers; do
    if ((SECONDS - began > ${BERTH_ENGINE_SECONDS:-90})); then
      give_up "The Docker engine did not answer within ${BERTH_ENGINE_SECONDS:-90} s. The end of its log:" \
        "$(tail -n 5 "$cache/log/dockerd.log" 2>/dev/null)" "See $cache/log/dockerd.log."
    fi
    sleep 0.2
  done
  exec {engine_lock}>&-
  say engine "Docker answers"
}
