"""The HTML report: plain values of a page, its charts, and one template call."""
