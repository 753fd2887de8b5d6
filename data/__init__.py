"""Shipped cases, one folder each."""
