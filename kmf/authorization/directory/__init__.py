"""What the organisation's own directory says of its people: who is not one any more (SCIM 2.0, RFC 7643 and 7644)."""
