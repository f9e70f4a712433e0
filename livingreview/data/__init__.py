"""The tables: what each is, read, validated, kept typed, and what was read of them."""
