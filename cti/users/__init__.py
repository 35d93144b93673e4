"""Who may use the web side: users with roles, their sessions, the wall display's token, and what each role may do."""
