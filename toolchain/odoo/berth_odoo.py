"""Entry of Berth's Odoo image.

Odoo's imports take about a second, so the container is started beside the making of its database: this
script imports first, then waits until the database is the tenant's own, then hands over to Odoo.

BERTH_DB_PASSWORD_FILE     file with the database password (neither the environment nor argv holds it)
BERTH_WAIT_FOR_DATABASE    0: do not wait for `berth.adopted` (one-off runs, building a template)
BERTH_WAIT_SECONDS         how long to wait at most, 120 by default, also for the password file
"""
import gc
import os
import signal
import sys
import time


def leave(number, _frame):
    # Process 1 ignores signals that it does not handle; Odoo sets its own handlers later.
    os._exit(128 + number)


signal.signal(signal.SIGTERM, leave)
signal.signal(signal.SIGINT, leave)
gc.disable()

import odoo.init  # noqa: E402, F401  first: it patches what the rest imports
import odoo.sql_db as sql_db  # noqa: E402
import psycopg2  # noqa: E402
from odoo.tools import config  # noqa: E402


def fail(sentence):
    print(f"berth: {sentence}", file=sys.stderr, flush=True)
    sys.exit(1)


def password():
    path = os.environ.get("BERTH_DB_PASSWORD_FILE")
    if not path:
        return None
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().rstrip("\n")
    except OSError as error:
        fail(f"The database password cannot be read: {error}. Is the file there, and readable by user odoo?")


def own_database():
    name = config["db_name"]
    return (name[0] if name else None) if isinstance(name, list) else name


connect = sql_db.db_connect
connection_info = sql_db.connection_info_for


def db_connect(to, allow_uri=False, readonly=False):
    # Odoo uses the database `postgres` for its bus and cron notifications; tenants may not connect to it.
    if to == "postgres" and own_database():
        to = own_database()
    return connect(to, allow_uri=allow_uri, readonly=readonly)


def connection_info_for(db_or_uri, readonly=False):
    name, info = connection_info(db_or_uri, readonly)
    secret = password()
    if secret and "dsn" not in info:
        info["password"] = secret
    return name, info


sql_db.db_connect = db_connect
sql_db.connection_info_for = connection_info_for

borrow = sql_db.ConnectionPool.borrow
# Seconds a request waits for one of the pool's connections.
patience_for_connection = 10


def borrow_patiently(self, connection_info):
    # A burst larger than db_maxconn is no error: Odoo would answer 500 at once, and its own limit of threads
    # counts open websockets as well.
    end = time.monotonic() + patience_for_connection
    while True:
        try:
            return borrow(self, connection_info)
        except sql_db.PoolError:
            if time.monotonic() > end:
                raise
            time.sleep(0.005)


sql_db.ConnectionPool.borrow = borrow_patiently


class OwnDatabase:
    """Looks whether the database is the tenant's own. One session serves all looks, once there is one."""

    def __init__(self, name):
        # Odoo's own reading of host, port and user, so that both always speak to the same server.
        self.parameters = connection_info_for(name)[1]
        self.session = None

    def why_not_yet(self):
        """The reason why the database is not to be used yet, or None."""
        try:
            if self.session is None or self.session.closed:
                self.session = psycopg2.connect(connect_timeout=3, **self.parameters)
                self.session.autocommit = True
            with self.session.cursor() as cursor:
                cursor.execute("SELECT 1 FROM ir_config_parameter WHERE key = 'berth.adopted'")
                return None if cursor.fetchone() else "it is not the tenant's own yet"
        except psycopg2.Error as error:
            return (str(error).strip() or repr(error)).splitlines()[0]

    def close(self):
        if self.session is not None:
            self.session.close()


def wait_for_password(seconds):
    # The file is put into the container once the database is the tenant's own: empty at first, and not ours yet.
    path = os.environ.get("BERTH_DB_PASSWORD_FILE")
    end = time.monotonic() + seconds
    while path and not (os.access(path, os.R_OK) and os.path.getsize(path)):
        if time.monotonic() > end:
            fail(f"The password file {path} did not appear, readable by user odoo, within {seconds:g} s.")
        time.sleep(0.025)


def wait_until_adopted(name, seconds):
    database = OwnDatabase(name)
    end = time.monotonic() + seconds
    while True:
        asked = time.monotonic()
        reason = database.why_not_yet()
        if not reason:
            break
        now = time.monotonic()
        if now > end:
            fail(f"Database {name} was not ready after {seconds:g} s: {reason}.")
        # A refused connection costs the server a process: on a busy machine it is asked less often.
        time.sleep(max(0.025, 3 * (now - asked)))
    database.close()


def import_ahead():
    """What Odoo imports when it starts anyway, and the modules that a bare database has."""
    import odoo.cli.server  # noqa: PLC0415, F401
    from odoo.modules.module import load_openerp_module  # noqa: PLC0415
    from odoo.service.server import load_server_wide_modules  # noqa: PLC0415

    load_server_wide_modules()
    here = os.path.dirname(os.path.abspath(__file__))
    try:
        with open(os.path.join(here, "import-ahead.txt"), encoding="utf-8") as file:
            names = file.read().split()
    except FileNotFoundError:
        return
    for name in names:
        load_openerp_module(name)


def serves(arguments):
    """Whether these arguments start the server, and not one of Odoo's other commands."""
    command = next((word for word in arguments if not word.startswith("--addons-path=")), "")
    return command == "server" or command.startswith("-") or not command


arguments = sys.argv[1:]
if serves(arguments) and not {"-h", "--help", "--version"} & set(arguments):
    config.parse_config([word for word in arguments if word != "server"], setup_logging=False)
    import_ahead()
    if own_database() and not odoo.evented and os.environ.get("BERTH_WAIT_FOR_DATABASE", "1") != "0":
        patience = float(os.environ.get("BERTH_WAIT_SECONDS", "120"))
        wait_for_password(patience)
        wait_until_adopted(own_database(), patience)

# Nothing imported so far is ever garbage: the collector need not look at it again.
gc.freeze()
gc.enable()

from odoo.cli.command import main  # noqa: E402

main()
