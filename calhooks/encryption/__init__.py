"""What is secret in the database is encrypted: the keys, the column types, and the change from one key to the next."""
