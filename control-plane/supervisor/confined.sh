#!/bin/sh
# Becomes a program that sees nothing of this machine but what it is shown, as a user without any rights:
#   unshare --mount --propagation private confined.sh ROOT UID GID [ro:PATH | rw:PATH]... -- PROGRAM ARGUMENTS...
# ROOT is an empty folder. The program keeps this process' number, standard streams and channel to its supervisor.
# What is made here must be open to the program's user, however strict the operator's own mask is.
umask 022
set -eu
root=$1 uid=$2 gid=$3
shift 3

show() {
  # Within something that is shown already.
  if [ -e "$root$2" ]; then return; fi
  if [ -d "$2" ]; then mkdir -p "$root$2"; else mkdir -p "$root${2%/*}" && : >"$root$2"; fi
  mount --rbind "$2" "$root$2"
  mount -o "remount,bind,nosuid,$1" "$root$2"
}

mount -t tmpfs -o mode=0755,size=1m,nosuid,nodev berth "$root"
# Debian's are links into /usr.
for link in /bin /lib /lib64 /sbin; do
  if [ -L "$link" ]; then cp -P "$link" "$root/"; elif [ -d "$link" ]; then show ro "$link"; fi
done
while [ "$1" != -- ]; do
  show "${1%%:*}" "${1#*:}"
  shift
done
shift
# Of other users' processes nothing is seen.
mkdir -p "$root/proc" "$root/outside"
mount -t proc -o hidepid=invisible,nosuid,nodev,noexec proc "$root/proc"
cd "$root"
pivot_root . outside
umount -l /outside
rmdir /outside
mount -o remount,ro,nosuid,nodev /
exec setpriv --reuid "$uid" --regid "$gid" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all "$@"
