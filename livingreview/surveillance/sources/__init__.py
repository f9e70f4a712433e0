"""Servers that are asked: one module each, from its answers to records."""
