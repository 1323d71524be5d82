"""What each party of the system knows: planted values, where they are looked for, the table of what may be where."""
