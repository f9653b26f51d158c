UPDATE two_factors SET used_step = 58000000 WHERE id = 'tfa_bob0000000000001';
