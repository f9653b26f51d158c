import { defineConfig } from "drizzle-kit";

export default defineConfig({
  dialect: "postgresql",
  schema: "control-plane/user/schema.ts",
  out: "control-plane/user/migrations",
});
