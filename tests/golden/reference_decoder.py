"""An independent decoder: slow, obvious, following docs/stream-format.md step by step.

It shares nothing with the package, not even a constant: bits are strings of '0' and '1', and the
CRC is computed bit by bit.
"""

SYNC = bytes.fromhex("1acffc1d")
DATA, METADATA = 0, 1
FIXED, RICE = 0, 1
RESTART = 1

HEADER = [
    ("sync", 32), ("version", 4), ("kind", 4), ("mode", 4), ("flags", 4), ("stream_id", 8),
    ("extension", 8), ("sequence", 16), ("error_bound", 8), ("reserved", 8), ("frame_index", 64),
    ("drop_count", 32), ("channels_minus_1", 12), ("sample_bits_minus_1", 4), ("aux_bits", 5),
    ("parameter", 11), ("check", 32),
]  # fmt: skip
ABOUT = [
    ("rate_microhertz", 64), ("lsb_picovolts", 32), ("probe", 128), ("packet_frames", 16),
    ("restart_interval", 16),
]  # fmt: skip


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
    return (
        packet["mode"] in (FIXED, RICE)
        and fits
        and packet["error_bound"] == 0
        and packet["channels_minus_1"] >= 1
        and width >= 8
        and packet["aux_bits"] <= 16
    )


class Stream:
    """The state of one stream_id."""

    def __init__(self):
        self.valid = False
        self.next_index = self.drop_count = 0  # where the last sound packet ended
        self.sequence = 0  # of that packet
        self.previous, self.sums, self.aux = [], [], 0

    def accept(self, packet):
        """Return the frames of a packet as (frame index, samples, auxiliary word)."""
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
        self.valid = known(packet) and (self.valid or packet["flags"] & RESTART == RESTART)
        return self.read_payload(packet) if self.valid else []

    def read_payload(self, packet):
        channels = packet["channels_minus_1"] + 1
        width = packet["sample_bits_minus_1"] + 1
        restart = packet["flags"] & RESTART
        if restart:
            self.previous = [0] * channels
            self.sums = [16 * 2 ** (width // 2 - 1)] * channels
        bits = Bits(packet["payload"])
        frames = []
        for frame in range(packet["frames"]):
            lane = self.auxiliary(bits, packet["aux_bits"], channels)
            for channel in range(channels):
                if restart and frame == 0:
                    symbol = bits.take(width)
                elif packet["mode"] == FIXED:
                    symbol = self.fixed(bits, packet["parameter"], width)
                else:
                    symbol = self.rice(bits, channel, width)
                next(lane)
                residual = symbol // 2 if symbol % 2 == 0 else -((symbol + 1) // 2)
                sample = self.previous[channel] + residual
                if sample >= 2 ** (width - 1):
                    sample -= 2**width
                if sample < -(2 ** (width - 1)):
                    sample += 2**width
                self.previous[channel] = sample
            frames.append((packet["frame_index"] + frame, list(self.previous), self.aux))
        return frames

    def fixed(self, bits, w, width):
        symbol = bits.take(w)
        return bits.take(width) if w < width and symbol == 2**w - 1 else symbol

    def rice(self, bits, channel, width):
        mean = self.sums[channel] // 16
        k = 0
        while 2 ** (k + 1) <= mean:
            k += 1
        q = 0
        while q < 12 and bits.take(1) == 0:
            q += 1
        symbol = bits.take(width) if q == 12 else q * 2**k + bits.take(k)
        self.sums[channel] += symbol - mean
        return symbol

    def auxiliary(self, bits, aux_bits, channels):
        """Take what follows each channel's code, one channel a step."""
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
    streams, frames = {}, {}
    for packet in packets(capture):
        if packet["kind"] in (DATA, METADATA):
            stream = streams.setdefault(packet["stream_id"], Stream())
            for index, samples, aux in stream.accept(packet):
                frames[packet["stream_id"], index] = (samples, aux)
    return frames
