"""Tests of surveillance: a package, so that its fixtures do not stand in for those of all tests."""
