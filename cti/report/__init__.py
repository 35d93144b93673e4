"""Reports over days, weeks, months and quarters: from raw records to one document, shown as JSON, table or page."""
