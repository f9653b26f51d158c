import { controlPlane } from "./control-plane.ts";
import type { DashboardSpec } from "./dashboard.ts";
import { fleet } from "./fleet.ts";
import { machine } from "./machine.ts";
import { postgresql } from "./postgresql.ts";
import { tenant } from "./tenant.ts";
import { traefik } from "./traefik.ts";

export const dashboards: DashboardSpec[] = [fleet, tenant, controlPlane, postgresql, traefik, machine];
