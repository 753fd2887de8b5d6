"""Forecasts of coalition ratification votes under the bylaws that decide them."""
