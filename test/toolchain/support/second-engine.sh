#!/bin/bash
# Runs toolchain/host/engine.sh where there is no engine: in namespaces of its own, with empty state.
# Kills the engine it started, gives its number to another process, and lets it be started again.
set -Eeuo pipefail

root=$1
cache=$2
unset DOCKER_HOST
mkdir -p "$cache/locks" "$cache/log"
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/lib/docker
ip link set lo up

. "$root/toolchain/host/say.sh"
. "$root/toolchain/host/engine.sh"

ensure_engine
echo "first: $(docker version --format '{{.Server.Version}}')"
ensure_engine
echo "still: $(cat /run/docker.pid)"

runs() { [[ $(sed -n 's/^State:\s*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) == [^Z] ]]; }
for name in docker docker/containerd/containerd; do
  pid=$(cat "/run/$name.pid")
  # containerd may have gone with dockerd.
  kill -KILL "$pid" 2>/dev/null || true
  while runs "$pid"; do sleep 0.05; done
done
[[ -s /run/docker.pid ]] && echo "left: pid file"
sleep 1000 &
echo $! >/run/docker.pid
echo $! >/run/docker/containerd/containerd.pid

ensure_engine
echo "again: $(docker version --format '{{.Server.Version}}')"
