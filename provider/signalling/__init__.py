"""Call processing: the signalling sockets of this process and what they ask of the MDD."""
