"""Fills an empty database with Odoo, ready to be cloned. Runs in the Odoo image; the database's password is
the first line of standard input. Writes one JSON text per line: progress, at the end the catalogue."""
import json
import logging
import secrets
import sys

out = sys.stdout
sys.stdout = sys.stderr

# What the login page, the web client and a printed report ask for; tests' bundles would treble the size.
CSS = ["web.assets_frontend", "web.assets_web", "web.assets_web_print", "web.report_assets_common"]
JS = ["web.assets_frontend_minimal", "web.assets_frontend_lazy", "web.assets_web", "web.report_assets_common"]


def say(**what):
    print(json.dumps(what), file=out, flush=True)


class ModuleProgress(logging.Handler):
    def emit(self, record):
        if record.msg == "Loading module %s (%d/%d)":
            name, index, count = record.args
            say(step=f"module {name}", done=index, total=count)


def build(host, port, database, max_upload):
    password = sys.stdin.readline().rstrip("\n")
    say(step="starting Odoo")
    import odoo.init  # noqa: F401
    from odoo import SUPERUSER_ID, api, release, sql_db
    from odoo.orm.registry import Registry
    from odoo.tools import config

    connect = sql_db.db_connect
    # Tenants may not open the database `postgres`, nor may this.
    sql_db.db_connect = lambda to, *rest, **options: connect(database if to == "postgres" else to, *rest, **options)

    config.parse_config([
        "-d", database, "--db_host", host, "--db_port", port, "-r", database, "--data-dir", "/tmp/odoo",
        "--log-level", "warn", "--log-handler", "odoo.modules.loading:INFO", "--max-cron-threads", "0",
    ], setup_logging=True)
    config["db_password"] = password
    logging.getLogger("odoo.modules.loading").addHandler(ModuleProgress())

    registry = Registry.new(database, update_module=True, install_modules=["base", "web"], new_db_demo=False)
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        parameters = env["ir.config_parameter"]
        parameters.set_param("web.max_file_upload_size", max_upload)

        # In the database, attachments come along with a clone; what a tenant adds goes to its files again.
        say(step="moving attachments into the database")
        parameters.set_param("ir_attachment.location", "db")
        env["ir.attachment"].force_storage()
        qweb = env["ir.qweb"]
        for index, name in enumerate(CSS):
            say(step=f"styles {name}", done=index + 1, total=len(CSS) + len(JS))
            qweb._get_asset_bundle(name, css=True, js=False).css()
        for index, name in enumerate(JS):
            say(step=f"scripts {name}", done=len(CSS) + index + 1, total=len(CSS) + len(JS))
            qweb._get_asset_bundle(name, css=False, js=True).js()
        parameters.set_param("ir_attachment.location", False)

        # A clone that was not made a tenant's own shall let nobody in.
        for user in env["res.users"].with_context(active_test=False).search([]):
            user.password = secrets.token_hex(32)
        env.flush_all()
        cr.execute("SELECT count(*) FROM ir_attachment WHERE store_fname IS NOT NULL")
        if cr.fetchone()[0]:
            raise RuntimeError("attachments were left outside the database")

        def column(query):
            cr.execute(query)
            return [row[0] for row in cr.fetchall()]

        say(catalogue={
            "odooVersion": release.version,
            "modules": column("SELECT name FROM ir_module_module WHERE state <> 'uninstallable' ORDER BY name"),
            "languages": column("SELECT code FROM res_lang ORDER BY code"),
            "countries": column("SELECT code FROM res_country WHERE code IS NOT NULL ORDER BY code"),
        })


build(*sys.argv[1:])
