"""What reports of all verbs are made of: tables, pictures, HTML pages, where they come from."""
