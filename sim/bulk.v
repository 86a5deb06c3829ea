// The encoder behind one rank of registers. Verilator then computes the core once per clock edge;
// with inputs that change between edges it would compute most of it three times.
module bulk (
    input  wire                   clk,
    input  wire                   rst,
    input  wire                   sample_valid,
    input  wire                   sample_first,
    input  wire [SAMPLE_BITS-1:0] sample_value,
    input  wire [15:0]            sample_aux,
    input  wire                   link_ready,
    output wire                   link_taken,  // link_data leaves in this cycle
    output wire [31:0]            link_data,
    input  wire [ADDRESS_BITS-1:0]             reg_address,
    input  wire                   reg_write,
    input  wire [31:0]            reg_wdata,
    output wire [31:0]            reg_rdata
);
    parameter SAMPLE_BITS = 10;
    parameter ADDRESS_BITS = 4;

    reg rst_q, sample_valid_q, sample_first_q, link_ready_q, reg_write_q;
    reg [SAMPLE_BITS-1:0] sample_value_q;
    reg [15:0] sample_aux_q;
    reg [ADDRESS_BITS-1:0] reg_address_q;
    reg [31:0] reg_wdata_q;
    wire link_valid, link_last;

    always @(posedge clk) begin
        rst_q <= rst;
        sample_valid_q <= sample_valid;
        sample_first_q <= sample_first;
        sample_value_q <= sample_value;
        sample_aux_q <= sample_aux;
        link_ready_q <= link_ready;
        reg_address_q <= reg_address;
        reg_write_q <= reg_write;
        reg_wdata_q <= reg_wdata;
    end

    assign link_taken = link_valid & link_ready_q;

    probecodec_encoder encoder (
        .clk(clk),
        .rst(rst_q),
        .sample_valid(sample_valid_q),
        .sample_first(sample_first_q),
        .sample_value(sample_value_q),
`ifdef AUX_BITS
        .sample_aux(sample_aux_q[`AUX_BITS-1:0]),
`endif
        .link_valid(link_valid),
        .link_ready(link_ready_q),
        .link_data(link_data),
        .link_last(link_last),
        .reg_address(reg_address_q),
        .reg_write(reg_write_q),
        .reg_wdata(reg_wdata_q),
        .reg_rdata(reg_rdata)
    );
endmodule
