"""What the measurements of mode PROJECTION are of: high-pass and matrices, in whole numbers.

Like reference_decoder.py it shares nothing with the package. ``told``: its `matrix_of` a packet.
"""

SPARSE, DENSE, LOADED = 0, 1, 2


def states(seed, count):
    """The generator's states, one for each slot of each group of frames: mixed seed, xorshift."""
    state = seed
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        state = (state ^ (state >> shift)) * factor % 2**32
    if count:
        yield state
    for _ in range(count - 1):
        state ^= state * 2**13 % 2**32
        state ^= state // 2**17
        state ^= state * 2**5 % 2**32
        yield state


def rows(told, slots, coefficients=()):
    """The matrix of each slot: lists of M rows of N coefficients."""
    window, hold, count = told["window"], told["hold"], told["measurements"]
    if told["family"] == LOADED:
        return [coefficients] * slots
    groups = window // hold
    drawn = list(states(told["seed"], groups * slots))
    made = [[[0] * window for _ in range(count)] for _ in range(slots)]
    for frame in range(window):
        group = frame // hold
        for slot in range(slots):
            state = drawn[group * slots + slot]
            for k in range(count):
                if told["family"] == DENSE:
                    sign = 1 - 2 * (state // 2**k % 2)
                    made[slot][k][frame] = sign if k <= frame <= window - count + k else 0
                    continue
                hit = state // 2**20 * count // 2**12
                if group < count:
                    hit = group
                elif group >= groups - count:
                    hit = group - (groups - count)
                made[slot][k][frame] = (1 - 2 * (state % 2)) * (k == hit)
    return made


class Probe:
    """One probe's high-pass and projection."""

    def __init__(self, told, slots, coefficients=()):
        self.told, self.rows = told, rows(told, slots, coefficients)
        self.means = None

    def packet(self, samples, fresh, given):
        """The measurements, lists by slot, of ``samples``, lists by slot.

        ``given``: the frame of a window with which each measurement is complete.
        """
        values = self.highpass(samples, fresh) if self.told["highpass_shift"] else samples
        window, found = self.told["window"], []
        for first in range(0, len(values), window):
            part = values[first : first + window]
            for k in [k for k, frame in enumerate(given) if frame < len(part)]:
                sums = [
                    sum(own[k][n] * frame[slot] for n, frame in enumerate(part))
                    for slot, own in enumerate(self.rows)
                ]
                found.append([total // 2 ** self.told["shift"] for total in sums])
        return found

    def highpass(self, samples, fresh):
        one, values = 2 ** self.told["highpass_shift"], []
        if fresh:
            self.means = [one * x for x in samples[0]]
        for frame in samples:
            values.append([x - mean // one for x, mean in zip(frame, self.means, strict=True)])
            self.means = [mean + y for mean, y in zip(self.means, values[-1], strict=True)]
        return values
