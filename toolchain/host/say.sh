# shellcheck shell=bash
# Lines for a person, in the form of toolchain/progress.ts. All of it goes to standard error.

say() { printf '%-20s %5ss  %s\n' "$1" "$((SECONDS - ${began:-$SECONDS}))" "$2" >&2; }

# Ends the set-up: what is missing, and what to do.
give_up() {
  printf '%s\n' "$@" >&2
  exit 1
}

# watch NAME DOING LOG COMMAND...: runs a command, its output to LOG, with a sign of life every 15 s.
watch() {
  local name=$1 doing=$2 log=$3 began=$SECONDS pid
  shift 3
  say "$name" "$doing"
  "$@" >>"$log" 2>&1 </dev/null &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    timeout 15 tail --pid="$pid" -s 0.1 -f /dev/null || say "$name" "$doing"
  done
  wait "$pid"
}
