INSERT INTO instance_figures (tenant_id, instance, looked_at, up, cpu_seconds, memory_bytes, memory_limit_bytes, connections,
  database_bytes, files_bytes, requests_2xx, requests_3xx, requests_4xx, requests_5xx, request_seconds, request_count) VALUES
  ('ten_owned00000000001', 'production', '2026-11-26 09:00:00+00', true, 12.5, 250000000, 1073741824, 4,
  31000000, 2000000, 120, 30, 3, 1, 18.25, 154);
