DROP INDEX CONCURRENTLY IF EXISTS "operations_checks";
--> statement-breakpoint
CREATE INDEX CONCURRENTLY "operations_checks" ON "operations" USING btree ("tenant_id","seq") WHERE "operations"."kind" = 'check' and "operations"."status" = 'succeeded';
