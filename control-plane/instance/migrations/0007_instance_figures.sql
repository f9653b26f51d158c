CREATE UNLOGGED TABLE "instance_figures" (
	"tenant_id" text NOT NULL,
	"instance" text NOT NULL,
	"looked_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"up" boolean NOT NULL,
	"cpu_seconds" double precision,
	"memory_bytes" bigint,
	"memory_limit_bytes" bigint,
	"connections" integer,
	"database_bytes" bigint,
	"files_bytes" bigint,
	"requests_2xx" bigint,
	"requests_3xx" bigint,
	"requests_4xx" bigint,
	"requests_5xx" bigint,
	"request_seconds" double precision,
	"request_count" bigint,
	CONSTRAINT "instance_figures_tenant_id_instance_pk" PRIMARY KEY("tenant_id","instance")
) WITH (fillfactor = 50);
--> statement-breakpoint
-- Every row is written anew every few seconds, into the half of its page that is left free.
ALTER TABLE "instance_figures" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY scope ON "instance_figures" USING (in_scope('all', '') OR EXISTS (SELECT FROM stacks s WHERE s.tenant_id = instance_figures.tenant_id));
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON "instance_figures" TO instance_run;
