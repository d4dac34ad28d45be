/* tiny. Generated: do not edit.
 *
 * 3 steps over an arena of 4,896 bytes; their order is at the end, in run().
 */
#include "hb_model.h"
#include "hb_view.h"
#include "add_int8.h"
#include "conv_2d_int8.h"
#include "pad.h"

/* Every computed tensor and all working space. */
static uint8_t hb_arena[4896] __attribute__((aligned(8), section(".arena")));
_Static_assert(16 + 40 <= sizeof hb_arena, "tensor of steps 0 to 2");
_Static_assert(72 + 5 <= sizeof hb_arena, "tensor of steps 0 to 2");
_Static_assert(96 + 1836 <= sizeof hb_arena, "tensor of steps 0 to 2");
_Static_assert(1952 + 1836 <= sizeof hb_arena, "tensor of steps 0 to 2");
_Static_assert(3808 + 1071 <= sizeof hb_arena, "window of steps 0 to 2");

/* Stage 1 runs patch by patch. What a row and a column of patches holds of each tensor that is written:
 *   0  g1.in0.copy
 *   1  g1.t0
 */
static const hb_range hb_rows_1[2][2] = {
    {{0, 2}, {0, 2}},
    {{2, 9}, {2, 9}},
};
static const hb_range hb_cols_1[3][2] = {
    {{0, 1}, {0, 1}},
    {{1, 3}, {1, 3}},
    {{3, 12}, {3, 12}},
};

/* Step 0: CONV_2D, operator 0 of the model; conv_2d_int8
 *   from int8 1x10x2x2, at arena + 16: g0.in0
 *   from int8 1x2x1x2, constant: g0.c1
 *   from int32 1, constant: g0.c2
 *   to   int8 1x5x1x1, at arena + 72: g0.t0 */
extern const int8_t hb_00_weights[4];
extern const int32_t hb_00_bias[1];
extern const int32_t hb_00_multiplier[1];
extern const int8_t hb_00_shift[1];
static __attribute__((noinline)) void hb_step_00_conv_2d(void)
{
    static const hb_conv_int8_args args = {
        .in_rows = 10, .in_cols = 2, .in_channels = 2, .out_channels = 1, .kernel_h = 2, .kernel_w = 1, .stride_h = 2,
        .stride_w = 3, .dilation_h = 1, .dilation_w = 1, .pad_top = 0, .pad_left = 0, .groups = 1, .group_inputs = 2,
        .group_outputs = 1, .input_offset = 128, .output_offset = 65, .low = -128, .high = 127, .terms = 4,
        .tile_words = 4, .tile_pixels = 8, .packed_quads = 1, .packed_pixels = 8, .padded = 0, .packed_band = 0,
        .pixels_collected = 1, .weights = hb_00_weights, .bias = hb_00_bias, .multiplier = hb_00_multiplier,
        .shift = hb_00_shift
    };
    hb_conv_2d_int8(hb_whole(hb_arena + 16, 2), hb_whole(hb_arena + 72, 1), (hb_region){0, 5, 0, 1}, &args);
}

/* Step 1: PAD, operator 0 of the model; pad
 *   from int8 1x9x12x17, at arena + 96: g1.in0
 *   to   int8 1x9x12x17, window at arena + 3808: g1.in0.copy */
static __attribute__((noinline)) void hb_step_01_pad(const hb_range *rows, const hb_range *cols)
{
    static const hb_pad_args args = {
        .rows = 9, .cols = 12, .channels = 17, .out_channels = 17, .top = 0, .left = 0, .front = 0, .size = 1, .fill = 2
    };
    hb_pad(
        hb_whole(hb_arena + 96, 12), hb_window(hb_arena + 3808, hb_part(rows[0], cols[0])), hb_part(rows[0], cols[0]),
        &args);
}

/* Step 2: ADD, operator 0 of the model; add_int8
 *   from int8 1x9x12x17, window at arena + 3808: g1.in0.copy
 *   from int8 1x1x1x17, constant: g1.c1
 *   to   int8 1x9x12x17, at arena + 1952: g1.t0 */
extern const int8_t hb_02_operand_1[17];
static __attribute__((noinline)) void hb_step_02_add(const hb_range *rows, const hb_range *cols)
{
    static const hb_binary_int8_args args = {
        .channels = 17, .a_y = 1, .a_x = 1, .a_c = 1, .b_y = 0, .b_x = 0, .b_c = 1, .solved_a = 300443,
        .solved_b = 3676751, .solved_c = 590898057, .solved_shift = 22, .left_shift = 20, .a_offset = -2,
        .a_multiplier = 1403840761, .a_shift = -4, .b_offset = 93, .b_multiplier = 1073741824, .b_shift = 0,
        .subtract = 0, .output_offset = 59, .multiplier = 1882496615, .shift = -19, .low = -128, .high = 127
    };
    hb_add_int8(
        hb_window(hb_arena + 3808, hb_part(rows[0], cols[0])), hb_whole(hb_02_operand_1, 1),
        hb_whole(hb_arena + 1952, 12), hb_part(rows[1], cols[1]), &args);
}

static void run(void)
{
    hb_step_begin(0);
    hb_step_00_conv_2d();
    for (int32_t patch = 0; patch < 6; patch++) {
        const hb_range *rows = hb_rows_1[patch / 3];
        const hb_range *cols = hb_cols_1[patch % 3];
        hb_step_begin(1);
        hb_step_01_pad(rows, cols);
        hb_step_begin(2);
        hb_step_02_add(rows, cols);
    }
    hb_step_begin(3);
}

static const hb_port inputs[2] = {
    {16, 40}, /* g0.in0 */
    {96, 1836}, /* g1.in0 */
};
static const hb_port outputs[2] = {
    {72, 5}, /* g0.t0 */
    {1952, 1836}, /* g1.t0 */
};

const hb_model_info hb_model = {
    .arena = hb_arena,
    .arena_bytes = sizeof hb_arena,
    .steps = 3,
    .inputs = 2,
    .outputs = 2,
    .input = inputs,
    .output = outputs,
    .run = run,
};
