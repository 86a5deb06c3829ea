"""Skins: the whole core behind a standard bus."""
