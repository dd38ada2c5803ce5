"""A day of 10,000 receivers of every temper, on the code that decides when each is sent to, without a database."""
