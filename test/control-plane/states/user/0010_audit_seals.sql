-- Sealed by what the migration has brought: one at the end of a chain, one at the beginning of another.
INSERT INTO audit (actor, action, target, organization_id, request_id, after) VALUES
  ('user:usr_ada0000000000001', 'organization.change', 'org_acme000000000001', 'org_acme000000000001', 'req_7', '{"name": "Acme Ltd"}'),
  ('user:usr_cat0000000000001', 'organization.create', 'org_chain00000000001', 'org_chain00000000001', 'req_8', '{"name": "Chain Ltd"}');
