"""An independent implementation of the media protection of docs/protocol.md: what the browser's is compared with.

It shares no code with the shipped one, opens recordings of a media server, and never runs in a server process.
"""
