-- The database seals by itself: more entries of one organisation than any had before.
INSERT INTO audit (actor, action, target, organization_id, request_id, before, after)
  SELECT 'user:usr_ada0000000000001', 'tenant.change', 'ten_x', 'org_sealed0000000001', 'late-' || n, '{"name": "Late"}', '{"name": "Later"}'
  FROM generate_series(1, 20) n;
