#!/bin/bash
# install.sh FROM ROOT: takes wkhtmltopdf and all it needs, also libc and its loader, out of the unpacked
# older Debian in FROM, and puts it apart into ROOT/opt/wkhtmltopdf: nothing of it meets ROOT's own libraries.
set -euo pipefail

from=$1
to=$2/opt/wkhtmltopdf
here=$(dirname "$(readlink -f "$0")")

loader=$(echo "$from"/usr/lib/*-linux-gnu*/ld-linux-*.so.* "$from"/lib/*-linux-gnu*/ld-linux-*.so.* |
  tr ' ' '\n' | grep -v '\*' | head -n 1)
libs=$(dirname "$loader")
path=$libs:$from/usr/lib/$(basename "$libs")
plugins=$(echo "$from"/usr/lib/*-linux-gnu*/qt5/plugins)

install -d "$to/lib" "$to/plugins/platforms" "$to/plugins/imageformats"
install -m 0755 "$from/usr/bin/wkhtmltopdf" "$to/wkhtmltopdf"
install -m 0755 "$loader" "$to/loader"
install -m 0644 "$plugins"/platforms/libqoffscreen.so "$to/plugins/platforms/"
install -m 0644 "$plugins"/imageformats/*.so "$to/plugins/imageformats/"

for binary in "$to/wkhtmltopdf" "$to"/plugins/*/*.so; do
  # Each line: name => file (address); the loader itself comes with a path as its name.
  "$loader" --list --library-path "$path" "$binary" | awk '$2 == "=>" && $1 !~ /^\// { print $1, $3 }'
done | sort -u | while read -r name file; do
  case $file in
    "$from"/*) install -m 0644 "$file" "$to/lib/$name" ;;
    *) echo >&2 "wkhtmltopdf needs $name, which is not in the older Debian but at $file" && exit 1 ;;
  esac
done

install -D -m 0755 "$here/run.sh" "$2/usr/local/bin/wkhtmltopdf"
