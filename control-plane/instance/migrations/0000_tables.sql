CREATE SCHEMA "routing";
--> statement-breakpoint
CREATE SEQUENCE "public"."fencing_tokens" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1;--> statement-breakpoint
CREATE TABLE "audit" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"target" text NOT NULL,
	"tenant_id" text,
	"origin" text,
	"request_id" text NOT NULL,
	"before" jsonb,
	"after" jsonb
);
--> statement-breakpoint
CREATE TABLE "feed" (
	"seq" bigserial PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"tenant_id" text NOT NULL,
	"data" jsonb NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "routing"."hosts" (
	"host" text PRIMARY KEY NOT NULL,
	"tenant" text NOT NULL,
	"instance" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "idempotency" (
	"actor" text NOT NULL,
	"key" text NOT NULL,
	"fingerprint" text NOT NULL,
	"status" integer NOT NULL,
	"headers" jsonb NOT NULL,
	"body" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_actor_key_pk" PRIMARY KEY("actor","key")
);
--> statement-breakpoint
CREATE TABLE "instances" (
	"tenant_id" text NOT NULL,
	"name" text NOT NULL,
	"hosts" text[] NOT NULL,
	"address" "inet",
	"template" text,
	"identity" uuid,
	"ready_at" timestamp (3) with time zone,
	CONSTRAINT "instances_tenant_id_name_pk" PRIMARY KEY("tenant_id","name")
);
--> statement-breakpoint
CREATE TABLE "leases" (
	"tenant_id" text PRIMARY KEY NOT NULL,
	"operation_id" text NOT NULL,
	"worker" text NOT NULL,
	"holder" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"fencing_token" bigint NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "operation_events" (
	"operation_id" text NOT NULL,
	"number" integer NOT NULL,
	"type" text NOT NULL,
	"data" jsonb NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "operation_events_operation_id_number_pk" PRIMARY KEY("operation_id","number")
);
--> statement-breakpoint
CREATE TABLE "operation_steps" (
	"operation_id" text NOT NULL,
	"name" text NOT NULL,
	"position" integer NOT NULL,
	"status" text NOT NULL,
	"detail" text,
	"started_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp (3) with time zone,
	CONSTRAINT "operation_steps_operation_id_name_pk" PRIMARY KEY("operation_id","name")
);
--> statement-breakpoint
CREATE TABLE "operations" (
	"id" text PRIMARY KEY NOT NULL,
	"seq" bigserial NOT NULL,
	"tenant_id" text NOT NULL,
	"kind" text NOT NULL,
	"instance" text,
	"status" text DEFAULT 'queued' NOT NULL,
	"spec_revision" integer NOT NULL,
	"attempt" integer DEFAULT 0 NOT NULL,
	"retry_of" text,
	"error" jsonb,
	"cancel_requested_at" timestamp (3) with time zone,
	"worker" text,
	"fencing_token" bigint,
	"last_event" integer DEFAULT 0 NOT NULL,
	"request_id" text NOT NULL,
	"actor" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp (3) with time zone,
	"finished_at" timestamp (3) with time zone,
	CONSTRAINT "operations_status" CHECK ("operations"."status" in ('queued', 'running', 'succeeded', 'failed', 'cancelled'))
);
--> statement-breakpoint
CREATE TABLE "routing"."routers" (
	"tenant" text NOT NULL,
	"instance" text NOT NULL,
	"target" text NOT NULL,
	"hosts" text[] NOT NULL,
	CONSTRAINT "routers_tenant_instance_pk" PRIMARY KEY("tenant","instance")
);
--> statement-breakpoint
CREATE TABLE "stack_history" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"slug" text,
	"operation_id" text NOT NULL,
	"spec" jsonb,
	"history" jsonb NOT NULL,
	"state" jsonb NOT NULL,
	"salt" text,
	"kept_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "stacks" (
	"tenant_id" text PRIMARY KEY NOT NULL,
	"slug" text,
	"spec" jsonb,
	"revision" integer DEFAULT 0 NOT NULL,
	"applied_revision" integer DEFAULT 0 NOT NULL,
	"desired" text DEFAULT 'present' NOT NULL,
	"status" text NOT NULL,
	"salt" text,
	"secrets" text,
	"ready_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "stacks_desired" CHECK ("stacks"."desired" in ('present', 'absent'))
);
--> statement-breakpoint
CREATE TABLE "templates" (
	"name" text PRIMARY KEY NOT NULL,
	"odoo_version" text NOT NULL,
	"modules" text[] NOT NULL,
	"languages" text[] NOT NULL,
	"countries" text[] NOT NULL,
	"current" boolean DEFAULT false NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "instances" ADD CONSTRAINT "instances_tenant_id_stacks_tenant_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."stacks"("tenant_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "leases" ADD CONSTRAINT "leases_tenant_id_stacks_tenant_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."stacks"("tenant_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "leases" ADD CONSTRAINT "leases_operation_id_operations_id_fk" FOREIGN KEY ("operation_id") REFERENCES "public"."operations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "operation_events" ADD CONSTRAINT "operation_events_operation_id_operations_id_fk" FOREIGN KEY ("operation_id") REFERENCES "public"."operations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "operation_steps" ADD CONSTRAINT "operation_steps_operation_id_operations_id_fk" FOREIGN KEY ("operation_id") REFERENCES "public"."operations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "operations" ADD CONSTRAINT "operations_tenant_id_stacks_tenant_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."stacks"("tenant_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_tenant" ON "audit" USING btree ("tenant_id","id");--> statement-breakpoint
CREATE INDEX "audit_request" ON "audit" USING btree ("request_id");--> statement-breakpoint
CREATE INDEX "hosts_instance" ON "routing"."hosts" USING btree ("tenant","instance");--> statement-breakpoint
CREATE INDEX "idempotency_age" ON "idempotency" USING btree ("created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "instances_address" ON "instances" USING btree ("address");--> statement-breakpoint
CREATE UNIQUE INDEX "operations_seq" ON "operations" USING btree ("seq");--> statement-breakpoint
CREATE INDEX "operations_tenant" ON "operations" USING btree ("tenant_id","seq");--> statement-breakpoint
CREATE INDEX "operations_open" ON "operations" USING btree ("seq") WHERE "operations"."status" in ('queued', 'running');--> statement-breakpoint
CREATE UNIQUE INDEX "operations_one_running" ON "operations" USING btree ("tenant_id") WHERE "operations"."status" = 'running';--> statement-breakpoint
CREATE INDEX "stack_history_tenant" ON "stack_history" USING btree ("tenant_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "stacks_slug" ON "stacks" USING btree ("slug") WHERE "stacks"."status" <> 'gone';--> statement-breakpoint
CREATE INDEX "stacks_status" ON "stacks" USING btree ("status");--> statement-breakpoint
CREATE UNIQUE INDEX "templates_current" ON "templates" USING btree ("current") WHERE "templates"."current";