"""What remains of calls: records, contact legs, decisions, agents' states, and what is read and written from them."""
