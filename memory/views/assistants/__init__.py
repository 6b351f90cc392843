"""Pages about an assistant as such: its settings, its people, what it may use. One subject a file."""
