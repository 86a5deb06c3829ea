"""Links: where packets go. Each takes `words`; its other members are pins."""
