// Bulk bench: streams a whole recording through the Verilated encoder, file to file.
//
// stdin:  frames of int16, little-endian: one value per channel, then the auxiliary word where
//         the core has one.
// argv:   capture to write, percent of cycles in which the link is ready, percent of cycles in
//         which the source is idle, clock cycles from sample to sample (1 or more, evenly spaced;
//         idle ones come on top), wave file or "", registers to write first: "address:word,…".
// stdout: one JSON object.
//
// The macros come from the encoder's configuration (sim/bulk.py).

#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "Vbulk.h"
#include "verilated.h"
#if WAVE_FORMAT == 1
#include "verilated_vcd_c.h"
using Trace = VerilatedVcdC;
#elif WAVE_FORMAT == 2
#include "verilated_fst_c.h"
using Trace = VerilatedFstC;
#elif WAVE_FORMAT == 3
#include "verilated_saif_c.h"
using Trace = VerilatedSaifC;
#endif

namespace {

// xorshift64: which cycles are ready or idle; the same in every run.
struct Chance {
    uint64_t state;
    bool percent(int p) {
        if (p >= 100) return true;
        if (p <= 0) return false;
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return static_cast<int>((state >> 32) % 100) < p;
    }
};

class Bench {
  public:
    Bench(const char* path, int ready_percent, [[maybe_unused]] const char* waves)
        : file_(std::fopen(path, "wb")), ready_percent_(ready_percent) {
        if (!file_) {
            std::perror(path);
            std::exit(1);
        }
#if WAVE_FORMAT
        Verilated::traceEverOn(true);
        trace_ = std::make_unique<Trace>();
        core_->trace(trace_.get(), 99);
        trace_->open(waves);
#endif
        core_->rst = 1;
        for (int n = 0; n < 4; ++n) cycle();
        core_->rst = 0;
    }

    void cycle() {
        core_->link_ready = chance_.percent(ready_percent_);
        core_->clk = 0;
        core_->eval();
        dump();
        if (core_->link_taken && !core_->rst) {
            buffer_.push_back(__builtin_bswap32(core_->link_data));
            if (buffer_.size() == 1 << 16) flush();
        }
        core_->clk = 1;
        core_->eval();
        dump();
        ++cycles;
    }

    void write_register(int address, uint32_t value) {
        core_->reg_address = address;
        core_->reg_wdata = value;
        core_->reg_write = 1;
        cycle();
        core_->reg_write = 0;
    }

    uint32_t read_register(int address) {
        core_->reg_address = address;
        for (int n = 0; n < 3; ++n) cycle();  // sim/bulk.v's register, the core's, and to see it
        return core_->reg_rdata;
    }

    // Returns whether everything reached the disk.
    bool finish() {
        flush();
        core_->final();
#if WAVE_FORMAT
        trace_->close();
#endif
        return std::fclose(file_) == 0 && !failed_;
    }

    Vbulk& core() { return *core_; }
    uint64_t cycles = 0;

  private:
    void flush() {
        const size_t written = std::fwrite(buffer_.data(), 4, buffer_.size(), file_);
        failed_ |= written != buffer_.size();
        buffer_.clear();
    }

    void dump() {
#if WAVE_FORMAT
        trace_->dump(time_++);
#endif
    }

    std::unique_ptr<Vbulk> core_ = std::make_unique<Vbulk>();
#if WAVE_FORMAT
    std::unique_ptr<Trace> trace_;
    uint64_t time_ = 0;
#endif
    std::FILE* file_;
    int ready_percent_;
    bool failed_ = false;
    Chance chance_{0x9E3779B97F4A7C15};
    std::vector<uint32_t> buffer_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 7) return 2;
    Bench bench(argv[1], std::atoi(argv[2]), argv[5]);
    const int idle_percent = std::atoi(argv[3]);
    Chance idle{0xD1B54A32D192ED03};
    const double pause = std::atof(argv[4]) - 1;
    double owed = 0;  // cycles of pauses
    constexpr int columns = CHANNELS + (AUX_BITS > 0);
    constexpr size_t block = 256;
    std::vector<uint16_t> frames(columns * block);
    for (const char* at = argv[6]; *at;) {
        char* end;
        const long address = std::strtol(at, &end, 10);
        const unsigned long word = std::strtoul(end + 1, &end, 10);
        bench.write_register(address, word);
        at = *end ? end + 1 : end;
    }
    Vbulk& core = bench.core();
    const uint64_t before = bench.cycles;
    uint64_t total = 0, busy = 0;
    size_t count;

    const auto begin = std::chrono::steady_clock::now();
    while ((count = std::fread(frames.data(), 2 * columns, block, stdin)) > 0) {
        for (size_t f = 0; f < count; ++f) {
            const uint16_t* frame = &frames[f * columns];
            core.sample_aux = AUX_BITS > 0 ? frame[columns - 1] : 0;
            for (int channel = 0; channel < CHANNELS; ++channel) {
                core.sample_valid = 0;
                while (idle.percent(idle_percent)) bench.cycle();
                for (owed += pause; owed >= 1; --owed) bench.cycle();
                core.sample_valid = 1;
                core.sample_first = channel == 0;
                core.sample_value = frame[channel] & ((1u << SAMPLE_BITS) - 1);
                bench.cycle();
            }
        }
        total += count;
    }
    busy = bench.cycles - before;
    core.sample_valid = 0;
    bench.write_register(CONTROL_ADDRESS, 0);  // ends the packet under way
    for (int n = 0; n < LATENCY; ++n) bench.cycle();
    while (!(bench.read_register(STATUS_ADDRESS) & STATUS_IDLE)) {
    }
    const uint32_t dropped = bench.read_register(DROPPED_ADDRESS);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    const bool written = bench.finish();
    std::printf("{\"frames\": %" PRIu64 ", \"cycles\": %" PRIu64 ", \"dropped_reported\": %" PRIu32
                ", \"seconds\": %.6f}\n",
                total, busy, dropped, seconds.count());
    if (!written) std::perror(argv[1]);
    return written ? 0 : 1;
}
