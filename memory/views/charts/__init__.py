"""Where the shapes of the dashboard's pictures stand: pure geometry, drawn by templates as inline SVG."""
