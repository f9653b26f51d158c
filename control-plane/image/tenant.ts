// What the image of the tenant service runs.
import { openTenantAlone } from "../alone/tenant.ts";
import { runInImage } from "./run.ts";

await runInImage("tenant", openTenantAlone);
