"""How we know: scores, backtests, simulation-based calibration."""
