"""Loaded by schemathesis: what cannot be said in its configuration."""

import schemathesis

# Seconds a long poll may take. What is longer answers as this does, only later.
LONGEST_WAIT = 0.05


@schemathesis.hook
def before_call(context, case, kwargs):
    query = case.query or {}
    try:
        if LONGEST_WAIT < float(query["wait"]) <= 30:
            query["wait"] = str(LONGEST_WAIT)
    except (KeyError, TypeError, ValueError):
        # None, or one that is refused at once.
        pass
