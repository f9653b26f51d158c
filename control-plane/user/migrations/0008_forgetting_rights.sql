-- An account whose address was never confirmed is removed after a while (account/forget-unconfirmed.ts).
GRANT DELETE ON users TO auth_run;
