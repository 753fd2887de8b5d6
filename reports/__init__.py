"""Report templates and styles."""
