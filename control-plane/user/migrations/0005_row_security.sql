-- A connection sees what belongs to the organisations in its setting berth.organizations (ids with commas between, or
-- "all") and, where berth.tenant names one, to that tenant. Without the settings it sees nothing.
-- In plpgsql, because what is written in SQL is taken apart: then the planner thinks that hardly any row is in scope, and
-- reads a whole table for one page of a list.
CREATE FUNCTION in_scope(organization text) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 AS $$
DECLARE
  organizations text := current_setting('berth.organizations', true);
BEGIN
  RETURN coalesce(organizations = 'all' OR organization = ANY (string_to_array(organizations, ',')), false);
END $$;
--> statement-breakpoint
ALTER TABLE organizations ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY scope ON organizations USING (in_scope(id));
--> statement-breakpoint
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY scope ON members USING (in_scope(organization_id));
--> statement-breakpoint
ALTER TABLE invitations ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY scope ON invitations USING (in_scope(organization_id));
--> statement-breakpoint
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY scope ON api_keys USING (in_scope(organization_id));
--> statement-breakpoint
-- The service: no DDL. A person is not deleted, yet.
GRANT SELECT, INSERT, UPDATE, DELETE ON organizations, members, invitations, api_keys, two_factors, idempotency TO auth_run;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON jwks TO auth_run;
--> statement-breakpoint
-- A link to somebody else's word can be taken away.
GRANT DELETE ON accounts TO auth_run;
