"""How sound reaches whoever listens: playlists, recordings, endless streams, and their log."""
