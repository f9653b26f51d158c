CREATE TABLE "closed_organizations" (
	"organization_id" text PRIMARY KEY NOT NULL,
	"closed_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
-- Tenants that are there already belong to nobody: the staff alone sees them.
ALTER TABLE "tenants" ADD COLUMN "organization_id" text NOT NULL DEFAULT 'org_none';--> statement-breakpoint
ALTER TABLE "tenants" ALTER COLUMN "organization_id" DROP DEFAULT;--> statement-breakpoint
CREATE INDEX "tenants_organization" ON "tenants" USING btree ("organization_id","seq") WHERE "tenants"."status" <> 'deleted';