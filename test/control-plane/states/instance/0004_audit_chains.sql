-- What seals entries comes with the next migration, in the same release.
-- Nothing yet in public.audit.chain, public.audit.position, public.audit.line, public.audit.hash, public.audit_heads.chain, public.audit_heads.position, public.audit_heads.hash.
INSERT INTO audit (actor, action, target, tenant_id, organization_id, request_id) VALUES
  ('service:tenant', 'operation.create', 'op_owned00000000001', 'ten_owned00000000001', 'org_acme000000000001', 'req_5');
