/* Constants of tiny. Generated: do not edit. */
#include <math.h>
#include <stdint.h>

extern const int8_t hb_00_weights[4];
/* weights of 0 CONV_2D */
const int8_t hb_00_weights[4] __attribute__((aligned(8))) = {
    99, 4, -20, -18
};

extern const int32_t hb_00_bias[1];
/* bias of 0 CONV_2D */
const int32_t hb_00_bias[1] __attribute__((aligned(8))) = {
    1562
};

extern const int32_t hb_00_multiplier[1];
/* multiplier of 0 CONV_2D */
const int32_t hb_00_multiplier[1] __attribute__((aligned(8))) = {
    1149507630
};

extern const int8_t hb_00_shift[1];
/* shift of 0 CONV_2D */
const int8_t hb_00_shift[1] __attribute__((aligned(8))) = {
    -6
};

extern const int8_t hb_02_operand_1[17];
/* constant g1.c1 */
const int8_t hb_02_operand_1[17] __attribute__((aligned(8))) = {
    27, -56, -32, 32, 77, 20, -84, 45, 95, -72, 11, -42, 102, -113, -6, 101, -18
};
