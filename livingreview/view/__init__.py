"""What pages say, as data: numbers, identifiers and keys of messages; no markup, no sentence."""
