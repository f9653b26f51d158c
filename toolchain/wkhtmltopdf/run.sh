#!/bin/sh
# Runs the wkhtmltopdf that has its own libraries. It draws without a display.
apart=/opt/wkhtmltopdf
export QT_QPA_PLATFORM=offscreen QT_PLUGIN_PATH=$apart/plugins
XDG_RUNTIME_DIR=${TMPDIR:-/tmp}/wkhtmltopdf-$(id -u)
export XDG_RUNTIME_DIR
mkdir -p -m 0700 "$XDG_RUNTIME_DIR"
exec "$apart/loader" --library-path "$apart/lib" "$apart/wkhtmltopdf" "$@"
