#!/bin/sh
# root.sh EXTRACTED ROOT: keeps of extracted Debian packages what Node runs on. No shell, no program, no package manager.
# The image's users must get to all of it.
umask 022
set -eu
from=$1 root=$2
mkdir -p "$root/usr/share" "$root/etc" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/berth" "$root/var/lib/berth"
cp -a "$from/usr/lib" "$root/usr/"
if [ -d "$from/usr/lib64" ]; then cp -a "$from/usr/lib64" "$root/usr/"; fi
for link in lib lib64; do if [ -d "$root/usr/$link" ]; then ln -s "usr/$link" "$root/$link"; fi; done
cp -a "$from/usr/share/zoneinfo" "$root/usr/share/"
for package in libc6 gcc-14-base tzdata; do
  install -D -m 0644 "$from/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
done
rm -rf "$root"/usr/lib/*/gconv "$root"/usr/lib/*/perl*
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
echo 'root:x:0:0::/:/sbin/nologin' >"$root/etc/passwd"
echo 'root:x:0:' >"$root/etc/group"
# Packages with their versions, for the image's labels.
for package in libc6 libstdc++6 tzdata; do
  echo "$package $(zcat "$from/usr/share/doc/$package/changelog.Debian.gz" | sed -n '1s/.*(\(.*\)).*/\1/p')"
done
