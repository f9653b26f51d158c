ALTER TABLE "operations" ADD COLUMN "organization_id" text;--> statement-breakpoint
ALTER TABLE "stacks" ADD COLUMN "organization_id" text;--> statement-breakpoint
CREATE INDEX "operations_organization" ON "operations" USING btree ("organization_id","seq");