INSERT INTO audit (actor, action, target, tenant_id, origin, request_id, before, after) VALUES
  ('service:user', 'service.start', 'user', 'ten_acme000000000001', '192.0.2.7', 'req_0', '{"on": false}', '{"on": true}');
