"""The files that programs read: their addresses below the site, and what each holds."""

BASE = "api/v1"
SCHEMA = "schema.json"
FILES = {
    "studies": "Every study with its indication and the analyses that use it.",
    "analyses": "Every analysis with its estimate, one flat record each.",
    "versions": "Every published version.",
}
