"""Models, for cocotb, of what is at the other end of the pins."""
