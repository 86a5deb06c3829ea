"""A delay line of a stream, for what must wait beside a computation."""

from amaranth import Module, Signal


def delay(m: Module, source, cycles: int) -> tuple[list, list]:
    """Register ``source`` (a stream) ``cycles`` times.

    Returns
    -------
    valid, payload : list, list
        The stream 1, 2 … ``cycles`` cycles later.
    """
    valid, payload = [], []
    last_valid, last_payload = source.valid, source.payload
    for _ in range(cycles):
        next_valid, next_payload = Signal(), Signal(source.payload.shape())
        m.d.sync += [next_valid.eq(last_valid), next_payload.eq(last_payload)]
        valid.append(next_valid)
        payload.append(next_payload)
        last_valid, last_payload = next_valid, next_payload
    return valid, payload
