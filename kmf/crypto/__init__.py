"""Pure key code: no Django, no I/O, no clock."""
