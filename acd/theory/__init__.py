"""What is known on paper: formulas the engine is held against, and staffing is planned with. Pure arithmetic."""
