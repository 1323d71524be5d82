"""Words that both trust domains speak. Pure."""
