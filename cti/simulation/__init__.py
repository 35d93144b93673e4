"""Days that have not happened: scenarios from YAML, recorded days, staffing; what the engine made of them, in tables and plots."""
