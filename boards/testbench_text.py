"""The text of the test bench, to be filled in by `testbench`."""

RUN = """\
# Test bench of the core

It plays `samples.hex` into the core, in every mode that is built, with gaps in the samples and
pauses on the link, and compares each word on the link with `words.hex`, which the golden model
made. It prints PASS, or FAIL and the first word that differs; the exit status tells, too. Run it
where the files are, with Icarus Verilog (11 or later) or Verilator (5 or later); the files
are Verilog-2005, and Icarus Verilog must be told so:

    iverilog -g2005 -o {top}.vvp {sources} && vvp -N {top}.vvp
    verilator --binary --timing -CFLAGS -std=c++20 --top-module {top} -Wno-fatal \\
        {sources} && obj_dir/V{top}
"""

BENCH = """\
// Self-checking test bench; testbench.md tells how to run it.
module {top};
    {declarations}

    {core} dut (
        {connections}
    );

    reg [{entry_bits}-1:0] samples [0:{samples}-1];  // auxiliary word, sample
    reg [32:0] words [0:{words}-1];  // ends a packet, word
    {declare_loads}
    reg [{entry_bits}-1:0] entry;
    integer place, count, taken, step, seed;

    initial clk = 0;
    always #5 clk = ~clk;

    // Everything is driven half a clock before the edge that reads it.
    task write(input [3:0] address, input [31:0] value);
        begin
            reg_address = address;
            reg_wdata = value;
            reg_write = 1;
            @(negedge clk);
            reg_write = 0;
        end
    endtask

    task play_in_mode(input [31:0] mode, input integer first, input integer number);
        begin
            write({mode}, mode);
            write({control}, 1);
            repeat (8) @(negedge clk);  // until samples are taken
            for (place = first; place < first + number; place = place + 1) begin
                while ($random(seed) % 8 == 0) begin
                    sample_valid = 0;
                    @(negedge clk);
                end
                entry = samples[place];
                sample_valid = 1;
                sample_first = place % {channels} == 0;
                sample_value = entry[{sample_bits}-1:0];
                {put_aux}
                @(negedge clk);
            end
            sample_valid = 0;
            write({control}, 0);  // ends the packet
            reg_address = {status};
            repeat (8) @(negedge clk);  // until that is seen
            count = 0;
            while (reg_rdata[{idle}] !== 1) begin
                count = count + 1;
                if (count == 1000000) begin
                    $display("FAIL: the core does not become idle after word %0d", taken);
                    $stop;
                end
                @(negedge clk);
            end
        end
    endtask

    // What is there at a rising edge with link_ready is taken.
    always @(negedge clk) link_ready <= $random(seed) % 4 != 0;
    always @(posedge clk) if (step != 0) begin
        if (link_valid === 1'bx) begin
            $display("FAIL: link_valid is unknown after word %0d", taken);
            $stop;
        end
        if (link_valid && link_ready) begin
            if (taken >= {words}) begin
                $display("FAIL: word %0d is %h, one too many", taken, link_data);
                $stop;
            end
            if ({{link_last, link_data}} !== words[taken]) begin
                $display("FAIL: word %0d is %h, last %b; the golden model's %h, last %b",
                         taken, link_data, link_last, words[taken][31:0], words[taken][32]);
                $stop;
            end
            taken <= taken + 1;
        end
    end

    initial begin
        $readmemh("samples.hex", samples);
        $readmemh("words.hex", words);
        {read_loads}
        taken = 0;
        step = 0;
        seed = 1;
        link_ready = 0;
        sample_valid = 0;
        reg_write = 0;
        reg_address = 0;
        {begin_reset}
        repeat (4) @(negedge clk);
        #2 {end_reset}
        repeat (8) @(negedge clk);
        step = 1;
        write({control}, 0);
        {write_loads}
        {steps}
        repeat (16) @(negedge clk);
        if (taken != {words}) begin
            $display("FAIL: %0d words of {words}", taken);
            $stop;
        end
        $display("PASS: %0d words", taken);
        $finish;
    end
endmodule
"""
