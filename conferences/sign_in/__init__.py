"""The core application as an OAuth client: tokens stay on the server, the browser holds a session cookie only."""
