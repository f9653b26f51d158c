#!/bin/bash
# Entry of the PostgreSQL image built from Debian's packages. It takes what the official image takes:
# POSTGRES_PASSWORD_FILE, POSTGRES_USER, POSTGRES_DB, POSTGRES_INITDB_ARGS, PGDATA, /docker-entrypoint-initdb.d.
set -Eeuo pipefail

PGDATA=${PGDATA:-/var/lib/postgresql/data}
POSTGRES_USER=${POSTGRES_USER:-postgres}
POSTGRES_DB=${POSTGRES_DB:-$POSTGRES_USER}
export PGDATA

if [[ ${1:-} == -* ]]; then set -- postgres "$@"; fi
if [[ ${1:-} != postgres ]]; then exec "$@"; fi

if [[ $(id -u) == 0 ]]; then
  mkdir -p "$PGDATA" /run/postgresql
  # The password file may be readable by root only: it is handed on as an open file.
  if [[ -n ${POSTGRES_PASSWORD_FILE:-} && ! -s $PGDATA/PG_VERSION ]]; then
    exec 3<"$POSTGRES_PASSWORD_FILE"
    export BERTH_PASSWORD_FD=3
  fi
  find "$PGDATA" /run/postgresql \! -user postgres -exec chown postgres:postgres '{}' +
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$BASH_SOURCE" "$@"
fi

# A cluster is made beside and moved into place, PG_VERSION last: one that was interrupted is made again.
make_cluster() {
  local new=$PGDATA/.new password
  if [[ -n ${BERTH_PASSWORD_FD:-} ]]; then
    password=$(cat <&"$BERTH_PASSWORD_FD")
    exec {BERTH_PASSWORD_FD}<&-
  elif [[ -n ${POSTGRES_PASSWORD_FILE:-} ]]; then
    password=$(<"$POSTGRES_PASSWORD_FILE")
  else
    password=${POSTGRES_PASSWORD:-}
  fi
  if [[ -z $password ]]; then
    echo >&2 "No password for PostgreSQL: name a file that holds it in POSTGRES_PASSWORD_FILE."
    exit 1
  fi
  find "$PGDATA" -mindepth 1 -delete
  # initdb's arguments come as one string, as in the official image.
  eval "set -- ${POSTGRES_INITDB_ARGS:-}"
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$password") --auth-local=scram-sha-256 \
    --auth-host=scram-sha-256 --pgdata="$new" "$@"
  printf '\nhost all all all scram-sha-256\n' >>"$new/pg_hba.conf"

  if [[ $POSTGRES_DB != postgres ]] || compgen -G '/docker-entrypoint-initdb.d/*' >/dev/null; then
    pg_ctl --pgdata="$new" --wait --silent --options="-c listen_addresses='' -c unix_socket_directories=$new" start
    run() { PGPASSWORD=$password psql --host="$new" --username="$POSTGRES_USER" -v ON_ERROR_STOP=1 --no-psqlrc "$@"; }
    if [[ $POSTGRES_DB != postgres ]]; then
      run --dbname=postgres -v name="$POSTGRES_DB" <<<'CREATE DATABASE :"name"'
    fi
    for script in /docker-entrypoint-initdb.d/*; do
      case $script in
        *.sql) run --dbname="$POSTGRES_DB" --file="$script" ;;
        *.sh) PGHOST=$new PGUSER=$POSTGRES_USER PGPASSWORD=$password bash -e "$script" ;;
      esac
    done
    pg_ctl --pgdata="$new" --wait --silent --mode=fast stop
  fi
  find "$new" -mindepth 1 -maxdepth 1 \! -name PG_VERSION -exec mv -t "$PGDATA" '{}' +
  mv "$new/PG_VERSION" "$PGDATA/"
  rmdir "$new"
}

if [[ ! -s $PGDATA/PG_VERSION ]]; then make_cluster; fi
unset POSTGRES_PASSWORD POSTGRES_PASSWORD_FILE BERTH_PASSWORD_FD
exec "$@"
