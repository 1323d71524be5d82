"""What each party of the system knows: planted values, the places where they are looked for, and the table of what may be where."""
