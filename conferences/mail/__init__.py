"""Mails about conferences: an invitation or a cancellation for one recipient each."""
