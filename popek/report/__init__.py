"""Values as text, JSON and pictures."""
