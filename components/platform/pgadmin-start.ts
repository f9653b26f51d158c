/** Where pgAdmin's container has what it is given. */
export const pgadminFiles = {
  start: "/etc/berth/start.py",
  config: "/etc/pgadmin/config_system.py",
  servers: "/etc/berth/servers.json",
  password: "/run/berth/tools-password",
  pgpass: "/run/berth/pgpass",
};

/** Where it may write. */
export const pgadminData = "/var/lib/pgadmin";

/** pgAdmin's own configuration: it asks nobody outside, and lets in one person, by password. */
export const pgadminConfig = `import logging

SERVER_MODE = True
DATA_DIR = "${pgadminData}"
SQLITE_PATH = "${pgadminData}/pgadmin4.db"
SESSION_DB_PATH = "${pgadminData}/sessions"
STORAGE_DIR = "${pgadminData}/storage"
LOG_FILE = "/dev/null"
CONSOLE_LOG_LEVEL = logging.WARNING
AUTHENTICATION_SOURCES = ["internal"]
# The servers' password is in a file, so nobody types one that would have to be kept.
MASTER_PASSWORD_REQUIRED = False
ALLOW_SAVE_PASSWORD = False
UPGRADE_CHECK_ENABLED = False
SHOW_GRAVATAR_IMAGE = False
LLM_ENABLED = False
ENABLE_PSQL = False
AUTO_DISCOVER_SERVERS = False
MAX_LOGIN_ATTEMPTS = 20
GLOBALLY_DELIVERABLE = False
`;

/**
 * Starts pgAdmin: the account and its password as the file says, the servers as they are listed, then its web server. The
 * official image's own entry would take the password once only, and from a variable of the whole container.
 */
export const pgadminStart = `import json
import os
import sys

root, email, listen = "/pgadmin4", sys.argv[1], sys.argv[2]
sys.path.insert(0, root)
os.chdir(root)
os.umask(0o077)

with open("${pgadminFiles.password}") as file:
    password = file.read().strip()
with open("${pgadminFiles.pgpass}") as file:
    pgpass = file.read()

# The image's own user, without any right from here on.
os.setgroups([])
os.setgid(0)
os.setuid(5050)


def prepare():
    # Read where the first account is made. They are of this process alone, and gone before another one is started.
    os.environ["PGADMIN_SETUP_EMAIL"], os.environ["PGADMIN_SETUP_PASSWORD"] = email, password
    import config
    import setup
    from pgadmin import create_app
    from pgadmin.model import SCHEMA_VERSION, Server, User, db
    from pgadmin.utils import load_database_servers
    from pgadmin.utils.constants import INTERNAL
    from pgadmin.utils.paths import get_storage_directory

    config.SETTINGS_SCHEMA_VERSION = SCHEMA_VERSION
    app = create_app()
    setup.setup_db(app)
    with app.test_request_context():
        from flask_security.utils import hash_password, verify_password

        # Of another domain, perhaps: it is the first account, whatever it was called.
        user = User.query.order_by(User.id).first()
        changed = user.email != email or not verify_password(password, user.password)
        if changed:
            user.email = user.username = email
            user.password = hash_password(password)
        user.locked, user.login_attempts = False, 0
        db.session.commit()
        # Ours are listed anew; what a person added stays.
        with open("${pgadminFiles.servers}") as file:
            ours = [server["Name"] for server in json.load(file)["Servers"].values()]
        for server in Server.query.filter(Server.user_id == user.id, Server.name.in_(ours)):
            db.session.delete(server)
        db.session.commit()
        load_database_servers("${pgadminFiles.servers}", None, email, True, INTERNAL)
        # pgAdmin looks for it among the person's own files.
        target = os.path.join(get_storage_directory(user), ".pgpass")
        with open(target, "w") as file:
            file.write(pgpass)
        os.chmod(target, 0o600)


child = os.fork()
if child == 0:
    prepare()
    sys.stdout.flush()
    os._exit(0)
_, status = os.waitpid(child, 0)
if status != 0:
    sys.exit("pgAdmin could not be prepared; what it said is above.")
# One process: sessions and connections are kept in its memory.
os.execv(sys.executable, [
    sys.executable, "-m", "gunicorn", "--bind", listen, "--workers", "1", "--threads", "25", "--timeout", "86400",
    "--chdir", root, "--worker-tmp-dir", "/dev/shm", "pgAdmin4:app",
])
`;
