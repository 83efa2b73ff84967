"""Pages for people: static files and their texts; nothing is loaded from elsewhere."""
