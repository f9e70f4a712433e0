"""The Sphinx extension, the gated build, the bibliography and reruns."""
