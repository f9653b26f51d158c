INSERT INTO users (id, name, email, email_verified, image, language, created_at, updated_at) VALUES
  ('usr_ada0000000000001', 'Ada Example', 'ada@acme.example', true, 'https://acme.example/ada.png', 'de',
   '2025-01-02 03:04:05Z', '2025-01-03 04:05:06Z'),
  ('usr_new0000000000001', 'Never Confirmed', 'new@acme.example', false, NULL, 'en', now(), now());

-- The password is the one that the tests sign in with, and nobody's.
INSERT INTO accounts (id, account_id, provider_id, user_id, password) VALUES
  ('acc_ada0000000000001', 'usr_ada0000000000001', 'credential', 'usr_ada0000000000001',
   'ef7b0bcec4b1e408a1cdcd9cee067d64:329b9923d25ea1719e29eea8c052c09c512dd048150f415ecb2a448d128351cfad84b99985bdbaa2cd5cbf8b4aaed69c48c3228e59066e6c79e11b5bac24147f');
INSERT INTO accounts (id, account_id, provider_id, user_id, access_token, refresh_token, id_token, access_token_expires_at,
  refresh_token_expires_at, scope) VALUES
  ('acc_ada0000000000002', '8f0c', 'elsewhere', 'usr_ada0000000000001', 'of-nobody', 'of-nobody', 'of-nobody',
   '2025-01-02 04:04:05Z', '2025-02-02 03:04:05Z', 'openid');

INSERT INTO sessions (id, token, user_id, expires_at, ip_address, user_agent) VALUES
  ('ses_ada0000000000001', 'a-session-of-the-tests-of-states', 'usr_ada0000000000001', now() + interval '6 days',
   '192.0.2.7', 'a browser');

INSERT INTO verifications (id, identifier, value, expires_at) VALUES
  ('ver_new0000000000001', 'the hash of a code', 'usr_new0000000000001', now() + interval '1 day');
