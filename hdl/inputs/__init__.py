"""Front ends: where samples come from. Each gives `layout.source`; its other members are pins."""
