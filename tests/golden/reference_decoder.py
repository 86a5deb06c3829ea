"""An independent decoder: slow, obvious, following docs/stream-format.md step by step.

It shares nothing with the package, not even a constant: bits are strings of '0' and '1', and the
CRC is computed bit by bit. reference_projection.py makes the measurements of mode PROJECTION.
"""

import math
from fractions import Fraction

SYNC = bytes.fromhex("1acffc1d")
DATA, METADATA = 0, 1
FIXED, RICE, HUFFMAN, ADAPTIVE, PROJECTION = 0, 1, 2, 3, 4
SPARSE, DENSE, LOADED = 0, 1, 2
SEQUENTIAL, NP1, NP2 = 0, 1, 2
RESTART = 1

HEADER = [
    ("sync", 32), ("version", 4), ("kind", 4), ("mode", 4), ("flags", 4), ("stream_id", 8),
    ("extension", 8), ("sequence", 16), ("error_bound", 8), ("order", 8), ("frame_index", 64),
    ("drop_count", 32), ("channels_minus_1", 12), ("sample_bits_minus_1", 4), ("aux_bits", 5),
    ("parameter", 11), ("check", 32),
]  # fmt: skip
ABOUT = [
    ("rate_microhertz", 64), ("lsb_picovolts", 32), ("probe", 128), ("packet_frames", 16),
    ("restart_interval", 16),
]  # fmt: skip
MATRIX = [
    ("family", 4), ("window_log2", 4), ("hold_log2", 4), ("measurements_minus_1", 7),
    ("highpass_shift", 4), ("shift", 4), ("code_bits", 5), ("seed", 32),
]  # fmt: skip

COUNTS = """
     1  1  1  1  1  0  2  0  0  1  2 55
     0  3  1  1  0  2  2  0  0  2  1 53
     0  3  1  1  0  2  2  0  0  2  1 53
     0  3  1  1  0  2  2  0  0  2  1 53
     0  2  3  0  2  2  2  0  0  2  3 49
     0  1  4  2  2  2  2  0  1  1  1 49
     0  1  4  2  2  2  1  1  3  1  3 45
     0  0  5  4  2  2  1  2  1  2  1 45
     0  0  5  3  3  3  3  2  1  3  1 41
     0  0  4  5  3  3  2  4  1  3  3 37
     0  0  3  6  4  4  4  4  2  2  3 33
     0  0  1 10  4  4  4  3  4  3  3 29
     0  0  0 11  5  6  4  3  4  4  3 25
     0  0  0  9  8  7  5  5  4  5  5 17
     0  0  0  6 13  8  6  6  7  5  5  9
     0  0  0  3 18  9  8  6  7  6  7  1
"""  # of codes of 1 to 12 bits, table by table


def code_book(counts):
    """Return the class of each code, a string of bits."""
    book, code = {}, ""
    for length, count in enumerate(counts, 1):
        for _ in range(count):
            if code == "":
                code = "1" * length
            else:
                code = code.ljust(length, "0")
                code = f"{int(code, 2) - 1:0{length}b}"
            book[code] = len(book)
    return book


BOOKS = [code_book([int(count) for count in row.split()]) for row in COUNTS.strip().split("\n")]
BOOKS = [{**book, "0" * 12: "escape"} for book in BOOKS]


class Bits:
    """A run of bits, taken from its start on."""

    def __init__(self, data):
        self.text = "".join(f"{byte:08b}" for byte in data)
        self.at = 0

    def take(self, count):
        self.at += count
        if self.at > len(self.text):
            raise ValueError("the codes run past the payload")
        return int("0" + self.text[self.at - count : self.at], 2)

    def fields(self, layout):
        return {name: self.take(width) for name, width in layout}


def crc_register(register, data):
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ 0xEDB88320 if register % 2 else register >> 1
    return register


def is_check(register, data):
    return len(data) == 4 and register ^ 0xFFFFFFFF == int.from_bytes(data, "big")


def read_packet(capture, start):
    """Return the packet at byte ``start`` as a dict, or None if it is damaged."""
    register = crc_register(0xFFFFFFFF, capture[start : start + 28])
    if not is_check(register, capture[start + 28 : start + 32]):
        return None
    packet = Bits(capture[start : start + 32]).fields(HEADER)
    if packet["version"] != 1:
        return None
    at = start + 32 + 4 * packet["extension"]
    register = crc_register(register, capture[start + 32 : at])
    first = at
    for count in range(65536):
        word = capture[at : at + 4]
        register = crc_register(register, word)
        if word[2:] == count.to_bytes(2, "big") and is_check(register, capture[at + 4 : at + 8]):
            return packet | {
                "frames": int.from_bytes(word[:2], "big"),
                "words": capture[start + 32 : first],
                "payload": capture[first:at],
                "end": at + 8,
            }
        at += 4
        if at >= len(capture):
            return None
    return None


def packets(capture):
    """Yield every sound packet."""
    at = capture.find(SYNC)
    while at >= 0:
        packet = read_packet(capture, at)
        if packet:
            yield packet
        at = capture.find(SYNC, packet["end"] if packet else at + 1)


def metadata(packet):
    return Bits(packet["payload"]).fields(ABOUT)


def known(packet):
    width, parameter = packet["sample_bits_minus_1"] + 1, packet["parameter"]
    fits = 2 <= parameter <= width if packet["mode"] == FIXED else parameter == 0
    if packet["mode"] == PROJECTION:
        fits = fits and matrix_is_known(packet)
    period = {SEQUENTIAL: 1, NP1: 24, NP2: 32}
    return (
        packet["mode"] in (FIXED, RICE, HUFFMAN, ADAPTIVE, PROJECTION)
        and fits
        and packet["error_bound"] == 0
        and packet["channels_minus_1"] >= 1
        and packet["order"] in period
        and (packet["channels_minus_1"] + 1) % period[packet["order"]] == 0
        and width >= 8
        and packet["aux_bits"] <= 16
    )


def matrix_of(packet):
    """The fields of the extension words of mode PROJECTION."""
    told = Bits(packet["words"]).fields(MATRIX)
    return told | {
        "window": 2 ** told["window_log2"],
        "hold": 2 ** told["hold_log2"],
        "measurements": told["measurements_minus_1"] + 1,
    }


def matrix_is_known(packet):
    """Can there be such a matrix, and has it measurements of that width?"""
    if len(packet["words"]) != 8:
        return False
    told = matrix_of(packet)
    family, window, hold = told["family"], told["window"], told["hold"]
    count, width = told["measurements"], packet["sample_bits_minus_1"] + 1
    if family not in (SPARSE, DENSE, LOADED) or not 16 <= window <= 256:
        return False
    most = {SPARSE: window // hold // 2, DENSE: min(32, window // 2), LOADED: 8}[family]
    limit = 2**width - 1 if told["highpass_shift"] else 2 ** (width - 1)
    bits = told["code_bits"] + told["shift"]
    widths = {
        SPARSE: limit * (window - 2 * (count - 1) * hold),
        DENSE: limit * (window - count + 1),
        # Of the largest coefficients that such a width may hold, and that there are.
        LOADED: min(max(2 ** (bits - 1) - 1, 0) // limit, window * 2**15) * limit,
    }
    return (
        hold <= (1 if family == LOADED else window // 2)
        and count <= most
        and told["highpass_shift"] <= 12
        and (family == LOADED or told["seed"] > 0)
        and 2 ** (bits - 2) <= widths[family] < 2 ** (bits - 1)
        and 8 <= told["code_bits"] <= 19
        and bits <= 32
    )


def given_frames(told):
    """The frame of the window with which each measurement is complete."""
    window, count, hold = told["window"], told["measurements"], told["hold"]
    if told["family"] == SPARSE:  # the last frame of each of the last groups
        return [window - 1 - hold * later for later in reversed(range(count))]
    return [window - 1 - later for later in reversed(range(count))]


def channel_of_slots(order, channels):
    """Go through the steps of a frame, converter by converter."""
    if order == SEQUENTIAL:
        return list(range(channels))
    steps = 12 if order == NP1 else 16
    return [
        first + 2 * step + odd
        for step in range(steps)
        for first in range(0, channels, 2 * steps)  # of the channels of two converters
        for odd in (0, 1)
    ]


def neighbours_of_slots(order, channels):
    """The three neighbours of each slot, None where there is none."""
    if order == SEQUENTIAL:
        return [[s - n if s >= n else None for n in (1, 2, 3)] for s in range(channels)]
    channel = channel_of_slots(order, channels)
    if order == NP1:
        site = [((43, 11, 59, 27)[c % 4], 20 * (c // 2)) for c in channel]
    else:
        site = [((27, 59)[c % 2], 15 * (c // 2)) for c in channel]

    def nearest(s):
        def rank(n):
            later = 60 if n > s else 0
            return (math.dist(site[s], site[n]) + later, abs(channel[n] - channel[s]), channel[n])

        # A site 16 channels off is 120 micrometres away: three are nearer, later or not.
        around = [n for n in range(channels) if n != s and abs(channel[n] - channel[s]) <= 15]
        return sorted(around, key=rank)[:3]

    return [nearest(s) for s in range(channels)]


def wrap(value, width):
    value %= 2**width
    return value - 2**width if value >= 2 ** (width - 1) else value


class Learner:
    """What mode ADAPTIVE knows of one slot."""

    def __init__(self, neighbours):
        self.neighbours = neighbours
        self.weights = [0, 0, 0, 256, 256, 256, 0, 0]
        self.past = [0, 0, 0]

    def features(self, slot, now, learners):
        """The eight features; ``now``: this frame's differences so far."""
        latest, before = [], []
        for near in self.neighbours:
            if near is None:
                series = [0, 0]
            elif near < slot:
                series = [now[near], *learners[near].past]
            else:
                series = learners[near].past
            latest.append(series[0])
            before.append(series[1])
        return self.past + latest + before[:2]

    def adapt(self, features, residual, width, age):
        """Return the difference, and learn."""
        total = sum(w * f for w, f in zip(self.weights, features, strict=True))
        prediction = (total + 1024) // 2048
        gear = 16 if age < 16 else 8 if age < 64 else 4 if age < 256 else 2 if age < 1024 else 1
        sign = 1 if residual > 0 else -1 if residual < 0 else 0
        largest = max(f if f >= 0 else -f - 1 for f in features)
        unit = 1
        while largest >= 4 * unit:
            unit *= 2
        for i, feature in enumerate(features):
            moved = self.weights[i] + sign * (2 * (feature // unit) + 1) * gear
            self.weights[i] = min(max(moved, -2048), 2047)
        return wrap(residual + prediction, width)


def ordered(packet, slots):
    """What the slots give, by channel."""
    channels = packet["channels_minus_1"] + 1
    values = dict(zip(channel_of_slots(packet["order"], channels), slots, strict=True))
    return [values[channel] for channel in range(channels)]


class Stream:
    """The state of one stream_id."""

    def __init__(self):
        self.valid = False
        self.next_index = self.drop_count = 0  # where the last sound packet ended
        self.sequence = 0  # of that packet
        self.previous, self.sums, self.aux = [], [], 0
        self.learners, self.age = [], 0
        self.raw = True  # no code since the restart

    def accept(self, packet):
        """Return the frames of a packet as (frame index, samples, auxiliary word).

        In mode PROJECTION a row of measurements stands for samples, or None where there is none.
        """
        dropped = (packet["drop_count"] - self.drop_count) % 2**32
        follows = (
            packet["frame_index"] == self.next_index + dropped
            and packet["sequence"] == (self.sequence + 1) % 2**16
        )
        self.sequence = packet["sequence"]
        self.next_index = packet["frame_index"] + packet["frames"]
        self.drop_count = packet["drop_count"]
        self.valid = self.valid and follows
        if packet["kind"] == METADATA:
            return []
        restart = packet["flags"] & RESTART == RESTART
        begins = packet["frames"] > 0 if restart else self.valid
        self.valid = known(packet) and begins
        if not self.valid:
            return []
        return self.read_rows(packet) if packet["mode"] == PROJECTION else self.read_payload(packet)

    def read_payload(self, packet):
        channels = packet["channels_minus_1"] + 1
        width = packet["sample_bits_minus_1"] + 1
        restart = packet["flags"] & RESTART
        mode = packet["mode"]
        if restart:
            self.previous = [0] * channels
            self.sums = [(16 if mode == RICE else 32) * 2 ** (width // 2 - 1)] * channels
            neighbours = neighbours_of_slots(packet["order"], channels) if mode == ADAPTIVE else []
            self.learners = [Learner(near) for near in neighbours]
            self.age = 0
        bits = Bits(packet["payload"])
        frames = []
        for frame in range(packet["frames"]):
            lane = self.auxiliary(bits, packet["aux_bits"], channels)
            differences = []
            for slot in range(channels):
                if restart and frame == 0:
                    symbol = bits.take(width)
                elif mode == FIXED:
                    symbol = self.fixed(bits, packet["parameter"], width)
                elif mode == RICE:
                    symbol = self.rice(bits, slot, width)
                else:
                    symbol = self.huffman(bits, slot, width)
                if symbol >= 2**width:
                    raise ValueError("a symbol is wider than a sample")
                next(lane)
                difference = symbol // 2 if symbol % 2 == 0 else -((symbol + 1) // 2)
                if mode == ADAPTIVE and self.age > 0:
                    features = self.learners[slot].features(slot, differences, self.learners)
                    difference = self.learners[slot].adapt(features, difference, width, self.age)
                differences.append(difference)
                self.previous[slot] = wrap(self.previous[slot] + difference, width)
            if mode == ADAPTIVE and self.age > 0:
                for learner, difference in zip(self.learners, differences, strict=True):
                    learner.past = [difference, *learner.past[:2]]
            self.age += 1
            frames.append((packet["frame_index"] + frame, ordered(packet, self.previous), self.aux))
        return frames

    def read_rows(self, packet):
        """Mode PROJECTION: only the frames in which a measurement is given have codes."""
        channels = packet["channels_minus_1"] + 1
        told = matrix_of(packet)
        width = told["code_bits"]
        if packet["flags"] & RESTART:
            self.sums = [32 * 2 ** (width // 2 - 1)] * channels
            self.age, self.raw = 0, True
        bits = Bits(packet["payload"])
        frames = []
        for frame in range(packet["frames"]):
            lane, row = self.auxiliary(bits, packet["aux_bits"], channels), None
            if frame % told["window"] in given_frames(told):
                row = []
            for slot in range(channels):
                if row is not None:
                    symbol = bits.take(width) if self.raw else self.huffman(bits, slot, width)
                    if symbol >= 2**width:
                        raise ValueError("a symbol is wider than a sample")
                    row.append(symbol // 2 if symbol % 2 == 0 else -((symbol + 1) // 2))
                next(lane)
            if row is not None:
                row, self.raw = ordered(packet, row), False
                self.age += 1
            frames.append((packet["frame_index"] + frame, row, self.aux))
        return frames

    def fixed(self, bits, w, width):
        symbol = bits.take(w)
        return bits.take(width) if w < width and symbol == 2**w - 1 else symbol

    def rice(self, bits, slot, width):
        mean = self.sums[slot] // 16
        k = 0
        while 2 ** (k + 1) <= mean:
            k += 1
        q = 0
        while q < 12 and bits.take(1) == 0:
            q += 1
        symbol = bits.take(width) if q == 12 else q * 2**k + bits.take(k)
        self.sums[slot] += symbol - mean
        return symbol

    def huffman(self, bits, slot, width):
        total = self.sums[slot]
        mean = max(Fraction(total, 32), Fraction(1))
        octave = 0
        while mean >= 2 ** (octave + 1):
            octave += 1
        quarter = int((mean / 2**octave - 1) * 4)
        raw = max(octave - 3, 0)
        code = ""
        while code not in BOOKS[4 * min(octave, 3) + quarter]:
            code += str(bits.take(1))
        kind = BOOKS[4 * min(octave, 3) + quarter][code]
        if kind == "escape":
            symbol = bits.take(width)
        elif kind == 64:
            symbol = 64 * 2**raw + bits.take(raw + 6)
        else:
            symbol = kind * 2**raw + bits.take(raw)
        counted = min(symbol, 2 * (total // 8) + 1)
        if self.age < 16:
            self.sums[slot] = total + 8 * counted - total // 4
        else:
            self.sums[slot] = total + counted - total // 32
        return symbol

    def auxiliary(self, bits, aux_bits, channels):
        """Take what follows each slot's code, one slot a step."""
        group = -(-aux_bits // (channels - 1))
        missing = 0
        if aux_bits > 0 and bits.take(1) == 1:
            self.aux, missing = 0, aux_bits
        yield
        while True:
            count = min(group, missing)
            self.aux = self.aux * 2**count + bits.take(count)
            missing -= count
            yield


def decode(capture):
    """Return {(stream_id, frame index): (samples, auxiliary word)} of all that can be decoded."""
    return read(capture, lambda mode: mode != PROJECTION)


def measured(capture):
    """Return {(stream_id, frame index): (measurements, auxiliary word)} of mode PROJECTION.

    None where no measurement is given with the frame.
    """
    return read(capture, lambda mode: mode == PROJECTION)


def read(capture, wanted):
    streams, frames = {}, {}
    for packet in packets(capture):
        if packet["kind"] in (DATA, METADATA):
            stream = streams.setdefault(packet["stream_id"], Stream())
            found = stream.accept(packet)
            if wanted(packet["mode"]):
                frames |= {(packet["stream_id"], index): (row, aux) for index, row, aux in found}
    return frames
