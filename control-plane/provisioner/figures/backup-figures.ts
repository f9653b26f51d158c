import { Gauge } from "prom-client";
import type { Metrics } from "../../observability/metrics.ts";

/** @param lastBackup the moment that the last good backup is of, if there ever was one */
export function addBackupFigures(
  { registry, lookUp }: Metrics,
  lastBackup: () => Promise<Date | undefined>,
): void {
  const age = new Gauge({
    name: "berth_platform_backup_age_seconds",
    help: "Time since the moment that the last good backup of the platform is of; +Inf when there never was one",
    registers: [registry],
  });
  lookUp({
    name: "backup",
    source: "`<data>/platform/last-backup.json`",
    figures: [age],
    look: lastBackup,
    show: (at) => age.set(at ? (Date.now() - at.getTime()) / 1_000 : Number.POSITIVE_INFINITY),
  });
}
