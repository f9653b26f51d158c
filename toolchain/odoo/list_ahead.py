"""Prints the modules that every database gets, in the order to import them: run once, when the image is made."""
import odoo.init  # noqa: F401
from odoo.modules.module import Manifest, initialize_sys_path
from odoo.tools import config

config.parse_config([], setup_logging=False)
initialize_sys_path()
manifests = {manifest.name: manifest for manifest in Manifest.all_addon_manifests()}
installed = ["base"]
# A module that installs itself does so once all it hangs on is there, which may take several rounds.
while added := [
    name
    for name, manifest in sorted(manifests.items())
    if name not in installed
    and manifest["installable"]
    and manifest["auto_install"]
    and not manifest.get("countries")
    and set(manifest["auto_install"]) <= set(installed)
    and set(manifest["depends"]) <= set(installed)
]:
    installed += added
print(*installed)
