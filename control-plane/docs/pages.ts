import { accessPage } from "./access-page.ts";
import { apiPage } from "./api-page.ts";
import { withPictures } from "./architecture-page.ts";
import { metricsPage } from "./metrics-page.ts";
import { settingsPage } from "./settings-page.ts";

/** Pages of docs/ that are made of the code, whole or in part. Each is given what is there now. */
export const pages: Record<string, (now: string) => Promise<string>> = {
  "authorization.md": accessPage,
  "architecture.md": withPictures,
  "metrics.md": metricsPage,
  "reference/api.md": apiPage,
  "reference/settings.md": settingsPage,
};
