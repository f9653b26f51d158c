-- What seals entries comes with the next migration, in the same release.
-- Nothing yet in public.audit.chain, public.audit.position, public.audit.line, public.audit.hash, public.audit_heads.chain, public.audit_heads.position, public.audit_heads.hash.
INSERT INTO audit (actor, action, target, organization_id, request_id) VALUES
  ('user:usr_ada0000000000001', 'organization.create', 'org_acme000000000001', 'org_acme000000000001', 'req_6');
