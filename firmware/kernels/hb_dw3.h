/* Sweeps of a 3x3 depthwise convolution over pairs of rows (hb_planes.h).
 *
 * With stride 1 two rows of outputs are swept at once, two by two; else, and where one row is left, one row, four at a
 * time. Sums begin with a bias that holds the input's offset, so that pixels are int8 as they are; weights are times 256
 * for a staircase (hb_dsp.h), else times 2.
 */
#ifndef HB_DW3_H
#define HB_DW3_H

#include "hb_planes.h"

/* How rows of outputs, or double rows, are swept: of their windows those in the first `whole` words are done in blocks,
 * and `left` bytes of them are left; after a row so many bytes lead to the next. */
typedef struct {
    int32_t whole, left, x_step, out_step;
} hb_dw3_rows;

/* What sweeps need, in memory because there are not enough registers. Of column c of the weights of a channel,
 * `first[c]` holds rows 0 and 1, `last[c]` rows 1 and 2. Blocks of a row end at `end`, which is `last_end` after the last
 * row. `flags` is the shift in bits 0 to 7; of double rows HB_DW3_HALF, where the first round of blocks is half of one,
 * and HB_DW3_LEFT, where an output is left. */
typedef struct {
    uint32_t first[3], last[3];
    hb_dsp_channel requantize;
    hb_dw3_rows single, twin;
    int32_t out_along, out_across, count, flags;
    const uint32_t *end, *last_end, *kept;
} hb_dw3_state;

enum { HB_DW3_RECORD = 5, HB_DW3_HALF = 1 << 8, HB_DW3_LEFT = 1 << 9 };

/* The sum of the output of the window whose columns begin at `x` and lie `pitch` words apart: word 0 is the upper pair
 * of rows, word 1 the lower one. `lower` asks for the window that begins a row further down. */
HB_KERNEL int32_t hb_dw3_sum(const uint32_t *x, int32_t pitch, int lower, const hb_dw3_state *c)
{
    int32_t sum = c->requantize.bias;
    for (int32_t i = 0; i < 3; i++, x += pitch) {
        sum = lower ? hb_smlad(x[0] >> 16, c->first[i] & 0xffff, sum) : hb_smlad(x[0], c->first[i], sum);
        sum = lower ? hb_smlad(x[1], c->last[i], sum) : hb_smlad(x[1] & 0xffff, c->last[i] >> 16, sum);
    }
    return sum;
}

HB_KERNEL int8_t hb_dw3_output(const uint32_t *x, int32_t pitch, int lower, const hb_dw3_state *c, int staircase)
{
    const int32_t sum = hb_dw3_sum(x, pitch, lower, c);
    return staircase ? hb_staircase_output(sum, c->requantize) : hb_dsp_output(sum, c->requantize);
}

/* Tap `tap` of a column whose words are in p and q, added to the sums of the upper and of the lower row. */
#define HB_DW3_TAP(tap, upper, lower)                                                                                  \
    "smlad %[" upper "], %[p], %[first" #tap "], %[" upper "]\n"                                                       \
    "smlatb %[" lower "], %[p], %[first" #tap "], %[" lower "]\n"                                                      \
    "smlabt %[" upper "], %[q], %[last" #tap "], %[" upper "]\n"                                                       \
    "smlad %[" lower "], %[q], %[last" #tap "], %[" lower "]\n"

#define HB_DW3_UPPER(p, column) "ldr.w %[" p "], [%[x], #" column " * 4 * %c[pitch]]\n"
#define HB_DW3_LOWER(p, column) "ldr.w %[" p "], [%[x], #" column " * 4 * %c[pitch] + 4]\n"
#define HB_DW3_COLUMN(column) HB_DW3_UPPER("p", column) HB_DW3_LOWER("q", column)

/* Two by two outputs, of columns 0 to 3; x goes on by two. Upper row a and b, lower row c and d. Columns 0 and 1 come
 * with the bias in one group of loads: until sums begin there is room for them in a, d, p and q. The last load of the
 * group moves x, so that no address waits for it. `MEANWHILE` may load a where that costs a cycle only. */
#define HB_DW3_2X2(REQUANTIZE, MEANWHILE)                                                                              \
    "ldr.w %[b], %[bias]\n" HB_DW3_LOWER("d", "0")                                                                     \
        HB_DW3_COLUMN("1") "ldr.w %[a], [%[x]], #2 * 4 * %c[pitch]\n"                                                  \
                           "smlatb %[c], %[a], %[first0], %[b]\n"                                                      \
                           "smlad %[a], %[a], %[first0], %[b]\n"                                                       \
                           "smlabt %[a], %[d], %[last0], %[a]\n"                                                       \
                           "smlad %[c], %[d], %[last0], %[c]\n"                                                        \
                           "smlatb %[d], %[p], %[first0], %[b]\n"                                                      \
                           "smlad %[b], %[p], %[first0], %[b]\n"                                                       \
                           "smlabt %[b], %[q], %[last0], %[b]\n"                                                       \
                           "smlad %[d], %[q], %[last0], %[d]\n" HB_DW3_TAP(1, "a", "c") HB_DW3_COLUMN("0")             \
                               HB_DW3_TAP(2, "a", "c") HB_DW3_TAP(1, "b", "d") HB_DW3_COLUMN("1")                      \
                                   HB_DW3_TAP(2, "b", "d") REQUANTIZE "strb.w %[a], [%[out]]\n"                        \
                                                                      "ldr.w %[p], %[out_along]\n"                     \
                                                                      "ldr.w %[q], %[out_across]\n" MEANWHILE          \
                                                                      "strb.w %[b], [%[out], %[p]]\n"                  \
                                                                      "strb.w %[c], [%[out], %[q]]\n"                  \
                                                                      "add.w %[q], %[q], %[p]\n"                       \
                                                                      "strb.w %[d], [%[out], %[q]]\n"                  \
                                                                      "add.w %[out], %[out], %[p], lsl #1\n"

/* One output of the upper and one of the lower row. */
#define HB_DW3_2X1(REQUANTIZE)                                                                                         \
    "ldr.w %[a], %[bias]\n" HB_DW3_COLUMN("0") HB_DW3_UPPER("b", "1")                                                  \
        HB_DW3_LOWER("d", "1") "smlatb %[c], %[p], %[first0], %[a]\n"                                                  \
                               "smlad %[a], %[p], %[first0], %[a]\n"                                                   \
                               "smlad %[c], %[q], %[last0], %[c]\n"                                                    \
                               "smlabt %[a], %[q], %[last0], %[a]\n" HB_DW3_COLUMN(                                    \
                                   "2") "smlad %[a], %[b], %[first1], %[a]\n"                                          \
                                        "smlatb %[c], %[b], %[first1], %[c]\n"                                         \
                                        "smlabt %[a], %[d], %[last1], %[a]\n"                                          \
                                        "smlad %[c], %[d], %[last1], %[c]\n" HB_DW3_TAP(2, "a", "c") REQUANTIZE        \
        "strb.w %[a], [%[out]]\n"                                                                                      \
        "ldr.w %[q], %[out_across]\n"                                                                                  \
        "strb.w %[c], [%[out], %[q]]\n"

#define HB_DW3_STAIRCASE_2 HB_DW3_STAIRCASE("a") HB_DW3_STAIRCASE("c")
#define HB_DW3_STAIRCASE_4 HB_DW3_STAIRCASE("a") HB_DW3_STAIRCASE("b") HB_DW3_STAIRCASE("c") HB_DW3_STAIRCASE("d")
#define HB_DW3_STAIRCASE(sum) "smmla %[" sum "], %[" sum "], %[p], %[q]\n" HB_STAIRCASE_SSAT(sum)
#define HB_DW3_CONSTANTS                                                                                               \
    "ldr.w %[p], %[multiplier]\n"                                                                                      \
    "ldr.w %[q], %[addend]\n"

/* In four instructions, which need another register: t, or x, which is kept on the stack meanwhile. */
#define HB_DW3_ROUND(sum, t)                                                                                           \
    "add.w %[" t "], %[q], %[" sum "], asr #31\n"                                                                      \
    "smmlar %[" sum "], %[" sum "], %[p], %[" t "]\n"
#define HB_DW3_SHIFT(sum)                                                                                              \
    "asr.w %[" sum "], %[" sum "], %[p]\n"                                                                             \
    "ssat %[" sum "], #8, %[" sum "]\n"
#define HB_DW3_DOUBLED_4(t)                                                                                            \
    HB_DW3_CONSTANTS HB_DW3_ROUND("a", t) HB_DW3_ROUND("b", t) HB_DW3_ROUND("c", t)                                    \
        HB_DW3_ROUND("d", t) "ldr.w %[p], %[flags]\n" HB_DW3_SHIFT("a") HB_DW3_SHIFT("b") HB_DW3_SHIFT("c")            \
            HB_DW3_SHIFT("d")
#define HB_DW3_DOUBLED_2X2 "str.w %[x], %[kept]\n" HB_DW3_DOUBLED_4("x") "ldr.w %[x], %[kept]\n"

/* To the next row of outputs, a pair of rows further on. */
#define HB_DW3_NEXT_ROW                                                                                                \
    "ldr.w %[p], %[x_step]\n"                                                                                          \
    "ldr.w %[q], %[out_step]\n"                                                                                        \
    "add.w %[x], %[x], %[p]\n"                                                                                         \
    "add.w %[out], %[out], %[q]\n"                                                                                     \
    "ldr.w %[p], %[end]\n"                                                                                             \
    "ldr.w %[q], %[last_end]\n"                                                                                        \
    "add.w %[p], %[p], #4\n"                                                                                           \
    "str.w %[p], %[end]\n"                                                                                             \
    "cmp.w %[p], %[q]\n"                                                                                               \
    "bne.w 0b\n"

/* Registers: four sums, six of weights, two of a column, two pointers: all fourteen. What is needed once a round is
 * kept on the stack. Eight outputs a round; the first round is entered at label 2 if it is half of one. */
#define HB_DW3_TWO_ROWS(REQUANTIZE_4, REQUANTIZE_2)                                                                    \
    __asm volatile(                                                                                                    \
        "0:\n"                                                                                                         \
        "ldr.w %[p], %[flags]\n"                                                                                       \
        "ldr.w %[q], %[end]\n"                                                                                         \
        "cmp.w %[x], %[q]\n"                                                                                           \
        "beq.w 3f\n"                                                                                                   \
        "tst.w %[p], #256\n"                                                                                           \
        "bne.w 2f\n"                                                                                                   \
        ".balign 4\n"                                                                                                  \
        "1:\n" HB_DW3_2X2(REQUANTIZE_4, "") "2:\n" HB_DW3_2X2(                                                         \
            REQUANTIZE_4, "ldr.w %[a], %[end]\n") "cmp.w %[x], %[a]\n"                                                 \
                                                  "bne.w 1b\n"                                                         \
                                                  "ldr.w %[p], %[flags]\n"                                             \
                                                  "3:\n"                                                               \
                                                  "lsls.w %[p], %[p], #32 - 8 - 2\n"                                   \
                                                  "bpl.w 4f\n" HB_DW3_2X1(REQUANTIZE_2) "4:\n" HB_DW3_NEXT_ROW         \
        : HB_DW3_CHANGED, [p] "=&r"(p), [q] "=&r"(q), [kept] "+m"(w->kept)                                             \
        : HB_DW3_TOPS, [last0] "r"(w->last[0]), [last1] "r"(w->last[1]), [last2] "r"(w->last[2]),                      \
          [out_across] "m"(w->out_across), [x_step] "m"(w->twin.x_step), [out_step] "m"(w->twin.out_step),             \
          HB_DW3_MEMORY                                                                                                \
        : "cc", "memory")

#define HB_DW3_DOUBLED_2X1                                                                                             \
    HB_DW3_CONSTANTS HB_DW3_ROUND("a", "b") HB_DW3_ROUND("c", "b") "ldr.w %[p], %[flags]\n" HB_DW3_SHIFT("a")          \
        HB_DW3_SHIFT("c")

/* One row: `top` holds a column's upper pair, `low` its lower one. The weights of row 2 are in two registers. */
#define HB_DW3_TOP(tap, sum, top) "smlad %[" sum "], %[" top "], %[first" #tap "], %[" sum "]\n"
#define HB_DW3_LOW_0(sum, low) "smlabb %[" sum "], %[" low "], %[low01], %[" sum "]\n"
#define HB_DW3_LOW_1(sum, low) "smlabt %[" sum "], %[" low "], %[low01], %[" sum "]\n"
#define HB_DW3_LOW_2(sum, low) "smlabt %[" sum "], %[" low "], %[low2], %[" sum "]\n"
#define HB_DW3_EVEN(column, next) HB_DW3_COLUMN(column) HB_DW3_UPPER("r", next)
#define HB_DW3_ODD(column, next) HB_DW3_LOWER("p", column) HB_DW3_UPPER("q", next) HB_DW3_LOWER("r", next)

/* Four outputs of windows that begin one column apart. Loads pipeline in groups of three. */
#define HB_DW3_1X4_STRIDE_1                                                                                            \
    "ldr.w %[a], %[bias]\n" HB_DW3_EVEN(                                                                               \
        "0", "1") "smlad %[b], %[r], %[first0], %[a]\n"                                                                \
                  "mov.w %[c], %[a]\n"                                                                                 \
                  "mov.w %[d], %[a]\n" HB_DW3_TOP(0, "a", "p") HB_DW3_LOW_0("a", "q") HB_DW3_TOP(1, "a", "r")          \
                      HB_DW3_ODD("1", "2") HB_DW3_LOW_1("a", "p") HB_DW3_LOW_0("b", "p") HB_DW3_TOP(2, "a", "q")       \
                          HB_DW3_TOP(1, "b", "q") HB_DW3_TOP(0, "c", "q") HB_DW3_LOW_2("a", "r")                       \
                              HB_DW3_LOW_1("b", "r") HB_DW3_LOW_0("c", "r") HB_DW3_EVEN("3", "4")                      \
                                  HB_DW3_TOP(2, "b", "p") HB_DW3_TOP(1, "c", "p") HB_DW3_TOP(0, "d", "p")              \
                                      HB_DW3_LOW_2("b", "q") HB_DW3_LOW_1("c", "q") HB_DW3_LOW_0("d", "q")             \
                                          HB_DW3_TOP(2, "c", "r") HB_DW3_TOP(1, "d", "r") HB_DW3_ODD("4", "5")         \
                                              HB_DW3_LOW_2("c", "p") HB_DW3_LOW_1("d", "p") HB_DW3_TOP(2, "d", "q")    \
                                                  HB_DW3_LOW_2("d", "r")

/* Two columns apart. */
#define HB_DW3_1X4_STRIDE_2                                                                                            \
    "ldr.w %[a], %[bias]\n" HB_DW3_EVEN(                                                                               \
        "0", "1") "mov.w %[b], %[a]\n"                                                                                 \
                  "mov.w %[c], %[a]\n"                                                                                 \
                  "mov.w %[d], %[a]\n" HB_DW3_TOP(0, "a", "p") HB_DW3_LOW_0("a", "q") HB_DW3_TOP(1, "a", "r")          \
                      HB_DW3_ODD("1", "2") HB_DW3_LOW_1("a", "p") HB_DW3_TOP(2, "a", "q") HB_DW3_TOP(0, "b", "q")      \
                          HB_DW3_LOW_2("a", "r") HB_DW3_LOW_0("b", "r") HB_DW3_EVEN("3", "4") HB_DW3_TOP(1, "b", "p")  \
                              HB_DW3_LOW_1("b", "q") HB_DW3_TOP(2, "b", "r") HB_DW3_TOP(0, "c", "r")                   \
                                  HB_DW3_ODD("4", "5") HB_DW3_LOW_2("b", "p") HB_DW3_LOW_0("c", "p")                   \
                                      HB_DW3_TOP(1, "c", "q") HB_DW3_LOW_1("c", "r") HB_DW3_EVEN("6", "7")             \
                                          HB_DW3_TOP(2, "c", "p") HB_DW3_TOP(0, "d", "p") HB_DW3_LOW_2("c", "q")       \
                                              HB_DW3_LOW_0("d", "q") HB_DW3_TOP(1, "d", "r") HB_DW3_ODD("7", "8")      \
                                                  HB_DW3_LOW_1("d", "p") HB_DW3_TOP(2, "d", "q")                       \
                                                      HB_DW3_LOW_2("d", "r")

/* Four outputs a round, then one. Registers: four sums, five of weights, three of pixels, two pointers: all fourteen. */
#define HB_DW3_ONE_ROW(SUMS, REQUANTIZE_4, REQUANTIZE_1)                                                               \
    __asm volatile("0:\n"                                                                                              \
                   "ldr.w %[r], %[end]\n"                                                                              \
                   "cmp.w %[x], %[r]\n"                                                                                \
                   "beq.w 2f\n"                                                                                        \
                   ".balign 4\n"                                                                                       \
                   "1:\n" SUMS REQUANTIZE_4 "strb.w %[a], [%[out]]\n"                                                  \
                   "ldr.w %[p], %[out_along]\n"                                                                        \
                   "ldr.w %[r], %[end]\n"                                                                              \
                   "strb.w %[b], [%[out], %[p]]\n"                                                                     \
                   "strb.w %[c], [%[out], %[p], lsl #1]\n"                                                             \
                   "add.w %[q], %[p], %[p], lsl #1\n"                                                                  \
                   "strb.w %[d], [%[out], %[q]]\n"                                                                     \
                   "add.w %[x], %[x], #4 * 4 * %c[step]\n"                                                             \
                   "add.w %[out], %[out], %[p], lsl #2\n"                                                              \
                   "cmp.w %[x], %[r]\n"                                                                                \
                   "bne.w 1b\n"                                                                                        \
                   "2:\n"                                                                                              \
                   "ldr.w %[p], %[left]\n"                                                                             \
                   "cmp.w %[p], #0\n"                                                                                  \
                   "beq.w 4f\n"                                                                                        \
                   ".balign 4\n"                                                                                       \
                   "3:\n"                                                                                              \
                   "ldr.w %[a], %[bias]\n" HB_DW3_EVEN("0", "1") HB_DW3_LOWER("b", "1") HB_DW3_UPPER("c", "2")         \
                       HB_DW3_LOWER("d", "2") HB_DW3_TOP(0, "a", "p") HB_DW3_LOW_0("a", "q") HB_DW3_TOP(1, "a", "r")   \
                           HB_DW3_LOW_1("a", "b") HB_DW3_TOP(2, "a", "c") HB_DW3_LOW_2("a", "d") REQUANTIZE_1          \
                   "strb.w %[a], [%[out]]\n"                                                                           \
                   "ldr.w %[p], %[out_along]\n"                                                                        \
                   "ldr.w %[q], %[left]\n"                                                                             \
                   "ldr.w %[r], %[end]\n"                                                                              \
                   "add.w %[x], %[x], #4 * %c[step]\n"                                                                 \
                   "add.w %[out], %[out], %[p]\n"                                                                      \
                   "add.w %[r], %[r], %[q]\n"                                                                          \
                   "cmp.w %[x], %[r]\n"                                                                                \
                   "bne.w 3b\n"                                                                                        \
                   "4:\n" HB_DW3_NEXT_ROW                                                                              \
                   : HB_DW3_CHANGED, [p] "=&r"(p), [q] "=&r"(q), [r] "=&r"(r)                                          \
                   : HB_DW3_TOPS, [low01] "r"(low01), [low2] "r"(w->last[2]), [step] "i"(step),                        \
                     [left] "m"(w->single.left), [x_step] "m"(w->single.x_step), [out_step] "m"(w->single.out_step),   \
                     HB_DW3_MEMORY                                                                                     \
                   : "cc", "memory")

#define HB_DW3_DOUBLED_1 HB_DW3_CONSTANTS HB_DW3_ROUND("a", "b") "ldr.w %[p], %[flags]\n" HB_DW3_SHIFT("a")

#define HB_DW3_CHANGED                                                                                                 \
    [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [x] "+r"(x), [out] "+r"(out), [end] "+m"(w->end)
#define HB_DW3_TOPS [first0] "r"(w->first[0]), [first1] "r"(w->first[1]), [first2] "r"(w->first[2])
#define HB_DW3_MEMORY                                                                                                  \
    [pitch] "i"(pitch), [bias] "m"(w->requantize.bias), [multiplier] "m"(w->requantize.multiplier),                    \
        [addend] "m"(w->requantize.addend), [flags] "m"(w->flags), [last_end] "m"(w->last_end),                        \
        [out_along] "m"(w->out_along)

/* `rows` double rows of outputs, of windows that begin one column apart. */
HB_KERNEL void hb_dw3_twin_rows(const uint32_t *x, hb_dw3_state *w, int8_t *out, int32_t rows, int32_t pitch,
                                int staircase)
{
#ifdef __ARM_FEATURE_DSP
    int32_t a, b, c, d, p, q;
    w->end = x + w->twin.whole, w->last_end = w->end + rows;
    if (staircase) {
        HB_DW3_TWO_ROWS(HB_DW3_CONSTANTS HB_DW3_STAIRCASE_4, HB_DW3_CONSTANTS HB_DW3_STAIRCASE_2);
    } else {
        HB_DW3_TWO_ROWS(HB_DW3_DOUBLED_2X2, HB_DW3_DOUBLED_2X1);
    }
#else
    for (; rows > 0; rows--, x++, out += 2 * w->out_across) {
        for (int32_t i = 0; i < w->count; i++) {
            out[i * w->out_along] = hb_dw3_output(x + i * pitch, pitch, 0, w, staircase);
            out[i * w->out_along + w->out_across] = hb_dw3_output(x + i * pitch, pitch, 1, w, staircase);
        }
    }
#endif
}

/* `rows` rows of outputs, of windows that begin `stride` columns apart. */
HB_KERNEL void hb_dw3_single_rows(const uint32_t *x, hb_dw3_state *w, int8_t *out, int32_t rows, int32_t pitch,
                                  int32_t stride, int staircase)
{
    const int32_t step = pitch * stride;
#ifdef __ARM_FEATURE_DSP
    const uint32_t low01 = hb_high_halves(w->last[0], w->last[1]);
    int32_t a, b, c, d, p, q, r;
    w->end = x + w->single.whole, w->last_end = w->end + rows;
    if (stride == 1 && staircase) {
        HB_DW3_ONE_ROW(HB_DW3_1X4_STRIDE_1, HB_DW3_CONSTANTS HB_DW3_STAIRCASE_4,
                       HB_DW3_CONSTANTS HB_DW3_STAIRCASE("a"));
    } else if (stride == 1) {
        HB_DW3_ONE_ROW(HB_DW3_1X4_STRIDE_1, HB_DW3_DOUBLED_4("r"), HB_DW3_DOUBLED_1);
    } else if (staircase) {
        HB_DW3_ONE_ROW(HB_DW3_1X4_STRIDE_2, HB_DW3_CONSTANTS HB_DW3_STAIRCASE_4,
                       HB_DW3_CONSTANTS HB_DW3_STAIRCASE("a"));
    } else {
        HB_DW3_ONE_ROW(HB_DW3_1X4_STRIDE_2, HB_DW3_DOUBLED_4("r"), HB_DW3_DOUBLED_1);
    }
#else
    for (; rows > 0; rows--, x++, out += w->out_across) {
        for (int32_t i = 0; i < w->count; i++) {
            out[i * w->out_along] = hb_dw3_output(x + i * step, pitch, 0, w, staircase);
        }
    }
#endif
}

HB_KERNEL hb_dw3_state hb_dw3_state_of(const hb_sweep *s, int32_t pitch)
{
    const int32_t twins = s->along & ~1, fours = s->along & ~3, step = s->stride * pitch;
    return (hb_dw3_state){
        .single = {fours * step, 4 * (s->along & 3) * step, 4 - 4 * s->along * step,
                   s->out_across - s->along * s->out_along},
        .twin = {twins * pitch, 0, 4 - 4 * twins * pitch, 2 * s->out_across - twins * s->out_along},
        .out_along = s->out_along,
        .out_across = s->out_across,
        .count = s->along,
        .flags = (s->along & 2 ? HB_DW3_HALF : 0) | (s->along & 1 ? HB_DW3_LEFT : 0),
    };
}

/* Set up for another channel. All of the record is loaded before anything is stored: loads pipeline. */
HB_KERNEL void hb_dw3_open(hb_dw3_state *w, const int32_t *record, int32_t output_offset, int staircase)
{
    const uint32_t columns[3] = {(uint32_t)record[0], (uint32_t)record[1], (uint32_t)record[2]};
    const int32_t bias = record[3], multiplier = record[4], byte = (int32_t)columns[0] >> 24;
#pragma GCC unroll 3
    for (int32_t i = 0; i < 3; i++) {
        const uint32_t word = columns[i];
        const uint32_t even = staircase ? word << 8 & 0xff00ff00 : hb_sadd16(hb_sxtb16(word), hb_sxtb16(word));
        const uint32_t odd = staircase ? word & 0xff00ff00 : hb_sadd16(hb_sxtb16_odd(word), hb_sxtb16_odd(word));
        w->first[i] = hb_low_halves(even, odd);
        w->last[i] = hb_outer_halves(odd, even);
    }
    if (staircase) {
        w->requantize = hb_staircase_channel_of(bias, multiplier, byte);
    } else {
        w->requantize = hb_dsp_channel_of(bias, multiplier, byte, output_offset);
        w->flags = (w->flags & ~0xff) | -byte;
    }
}

/* `rows` rows of outputs of one channel. */
HB_KERNEL void hb_dw3_channel(hb_dw3_state *w, const uint32_t *x, int8_t *out, int32_t rows, int32_t stride,
                              int32_t pitch, int staircase)
{
    if (stride == 2) {
        hb_dw3_single_rows(x, w, out, rows, pitch, 2, staircase);
        return;
    }
    if (rows > 1) {
        hb_dw3_twin_rows(x, w, out, rows / 2, pitch, staircase);
    }
    if (rows % 2 != 0) {
        hb_dw3_single_rows(x + rows / 2, w, out + (rows - 1) * w->out_across, 1, pitch, 1, staircase);
    }
}

/* `depth` pairs of rows at a time. `staircase` says which requantization of `hb_dsp.h`. */
HB_KERNEL void hb_dw3(const hb_sweep *s, int32_t depth, int staircase)
{
    hb_dw3_state w = hb_dw3_state_of(s, 4 * depth);
    const int32_t at_once = s->stride == 1 ? 2 : 1, band = at_once * (depth - 1), turns = s->across > band;
    for (int32_t channel = 0; channel < s->channels; channel += 4) {
        /* The last group begins earlier where fewer than four channels are left, and what is done is left out. */
        const int32_t group = hb_clamp(s->channels - 4, 0, channel);
        for (int32_t row = 0, k = 0, made = 0; row < s->across; row += band, k += depth - 1) {
            const int32_t rows = hb_clamp(s->across - row, 0, band);
            for (; at_once * (made - k - 1) < rows; made++) {
                hb_pair_make(s, group, made, depth, channel == 0 || turns);
            }
            int8_t *out = s->out + row * s->out_across + channel;
            const int32_t *record = s->records + HB_DW3_RECORD * channel;
            const uint32_t *x = s->words + k + depth * (channel - group);
            for (const uint32_t *const end = s->words + k + 4 * depth; x < end; x += depth, record += HB_DW3_RECORD) {
                hb_dw3_open(&w, record, s->output_offset, staircase);
                hb_dw3_channel(&w, x, out++, rows, s->stride, 4 * depth, staircase);
            }
        }
    }
}

#endif
