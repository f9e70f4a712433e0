"""Files that a person has exported: one module for each form, from its bytes to records."""
