/* 3x3 depthwise convolutions of pixels side by side, whose windows begin a column apart: two channels of four pixels at a
 * time.
 *
 * Columns 0 and 1 of a row make a pair for SMLAD, as do 2 and 3, 4 and 5. So do weights 0 and 1, and 1 and 2: the first
 * of two pixels takes weights 0 and 1 times its first pair and weight 2 times the lower half of the next, the second
 * takes weight 0 times the upper half of the first and weights 1 and 2 times the next. In flash both pairs of weights
 * are words of two channels each, three times; what two channels need for their outputs follows them.
 */
#ifndef HB_DWX_H
#define HB_DWX_H

#include "hb_dwp.h"

enum { HB_DWX_WEIGHT_WORDS = 6 };

/* Two columns of two channels: channel 0 in p, channel 1 in q. Those of columns 0 and 1, and of others. */
#define HB_DWX_PAIR                                                                                                    \
    "pkhbt %[p], %[p], %[q], lsl #16\n"                                                                                \
    "sxtb16 %[q], %[p], ror #8\n"                                                                                      \
    "sxtb16.w %[p], %[p]\n"
#define HB_DWX_COLUMNS_01                                                                                              \
    "ldr.w %[q], %[column1]\n"                                                                                         \
    "ldrh.w %[p], [%[x]]\n"                                                                                            \
    "ldrh.w %[q], [%[x], %[q]]\n" HB_DWX_PAIR
#define HB_DWX_COLUMNS(first, second)                                                                                  \
    "ldr.w %[p], %[column" first "]\n"                                                                                 \
    "ldr.w %[q], %[column" second "]\n"                                                                                \
    "ldrh.w %[p], [%[x], %[p]]\n"                                                                                      \
    "ldrh.w %[q], [%[x], %[q]]\n" HB_DWX_PAIR
/* Two weights of both channels: channel 0 in u, channel 1 in v. */
#define HB_DWX_LOAD_WEIGHTS "ldr.w %[u], [%[w]], #4\n"
#define HB_DWX_WEIGHTS                                                                                                 \
    "sxtb16 %[v], %[u], ror #8\n"                                                                                      \
    "sxtb16.w %[u], %[u]\n"

/* Pixels i and j: their first columns, which begin the sums in row 0, and their last. */
#define HB_DWX_BEGIN(i, j)                                                                                             \
    "smuad %[a" i "], %[p], %[u]\n"                                                                                    \
    "smuad %[b" i "], %[q], %[v]\n"                                                                                    \
    "smultb %[a" j "], %[p], %[u]\n"                                                                                   \
    "smultb %[b" j "], %[q], %[v]\n"
#define HB_DWX_FIRST(i, j)                                                                                             \
    "smlad %[a" i "], %[p], %[u], %[a" i "]\n"                                                                         \
    "smlad %[b" i "], %[q], %[v], %[b" i "]\n"                                                                         \
    "smlatb %[a" j "], %[p], %[u], %[a" j "]\n"                                                                        \
    "smlatb %[b" j "], %[q], %[v], %[b" j "]\n"
#define HB_DWX_LAST(i, j)                                                                                              \
    "smlabt %[a" i "], %[p], %[u], %[a" i "]\n"                                                                        \
    "smlabt %[b" i "], %[q], %[v], %[b" i "]\n"                                                                        \
    "smlad %[a" j "], %[p], %[u], %[a" j "]\n"                                                                         \
    "smlad %[b" j "], %[q], %[v], %[b" j "]\n"
#define HB_DWX_ROW(PRODUCTS)                                                                                           \
    HB_DWX_LOAD_WEIGHTS HB_DWX_COLUMNS_01 HB_DWX_WEIGHTS PRODUCTS("0", "1") HB_DWX_COLUMNS("2", "3")                   \
        PRODUCTS("2", "3") HB_DWX_LOAD_WEIGHTS HB_DWX_WEIGHTS HB_DWX_LAST("0", "1") HB_DWX_COLUMNS("4", "5")           \
            HB_DWX_LAST("2", "3")
#define HB_DWX_TO_ROW(row)                                                                                             \
    "ldr.w %[p], %[row" row "]\n"                                                                                      \
    "add.w %[x], %[x], %[p]\n"
#define HB_DWX_ROWS                                                                                                    \
    HB_DWX_ROW(HB_DWX_BEGIN) HB_DWX_TO_ROW("1") HB_DWX_ROW(HB_DWX_FIRST) HB_DWX_TO_ROW("2") HB_DWX_ROW(HB_DWX_FIRST)

/* Outputs of a channel's sums. */
#define HB_DWX_STAIRCASE_CONSTANTS                                                                                     \
    "ldr.w %[p], [%[w]], #4\n"                                                                                         \
    "ldr.w %[q], [%[w]], #4\n"                                                                                         \
    "ldr.w %[u], [%[w]], #4\n"
#define HB_DWX_STAIRCASE(sum) "add.w %[" sum "], %[p], %[" sum "], lsl #8\n" HB_STAIRCASE_ASM(sum, "q", "u")
#define HB_DWX_DOUBLED_CONSTANTS                                                                                       \
    HB_DWX_STAIRCASE_CONSTANTS                                                                                         \
    "ldr.w %[v], [%[w]], #4\n"
#define HB_DWX_DOUBLED(sum)                                                                                            \
    "add.w %[" sum "], %[p], %[" sum "], lsl #1\n"                                                                     \
    "add.w %[x], %[u], %[" sum "], asr #31\n"                                                                          \
    "smmlar %[" sum "], %[" sum "], %[q], %[x]\n"                                                                      \
    "asr.w %[" sum "], %[" sum "], %[v]\n"                                                                             \
    "ssat %[" sum "], #8, %[" sum "]\n"
#define HB_DWX_OUTPUTS(CONSTANTS, OUTPUT)                                                                              \
    CONSTANTS OUTPUT("a0") OUTPUT("a1") OUTPUT("a2") OUTPUT("a3") CONSTANTS OUTPUT("b0") OUTPUT("b1") OUTPUT("b2")     \
        OUTPUT("b3")

/* The place of the first output is in p, the distance to the next in q. */
#define HB_DWX_STORE(i)                                                                                                \
    "strb.w %[a" i "], [%[p]]\n"                                                                                       \
    "strb.w %[b" i "], [%[p], #1]\n"
#define HB_DWX_STORE_NEXT(i) "add.w %[p], %[p], %[q]\n" HB_DWX_STORE(i)
#define HB_DWX_STORES HB_DWX_STORE("0") HB_DWX_STORE_NEXT("1") HB_DWX_STORE_NEXT("2") HB_DWX_STORE_NEXT("3")

/* Two channels a round. Registers: sums a of channel 0 and b of channel 1, two words of pixels and two of weights, two
 * pointers: all fourteen. What is needed once a round is kept on the stack. */
#define HB_DWX_CHANNELS(OUTPUTS)                                                                                       \
    __asm volatile(                                                                                                    \
        ".balign 4\n"                                                                                                  \
        "1:\n" HB_DWX_ROWS OUTPUTS "ldr.w %[p], %[out]\n"                                                              \
        "ldr.w %[q], %[next]\n"                                                                                        \
        "ldr.w %[x], %[begin]\n"                                                                                       \
        "ldr.w %[v], %[end]\n"                                                                                         \
        "add.w %[u], %[p], #2\n"                                                                                       \
        "str.w %[u], %[out]\n" HB_DWX_STORES "add.w %[x], %[x], #2\n"                                                  \
        "str.w %[x], %[begin]\n"                                                                                       \
        "cmp.w %[w], %[v]\n"                                                                                           \
        "bne.w 1b\n"                                                                                                   \
        : [a0] "=&r"(a0), [a1] "=&r"(a1), [a2] "=&r"(a2), [a3] "=&r"(a3), [b0] "=&r"(b0), [b1] "=&r"(b1),              \
          [b2] "=&r"(b2), [b3] "=&r"(b3), [p] "=&r"(p), [q] "=&r"(q), [u] "=&r"(u), [v] "=&r"(v), [x] "+r"(x),         \
          [w] "+r"(w), [begin] "+m"(begin), [out] "+m"(out)                                                            \
        : [column1] "m"(column[1]), [column2] "m"(column[2]), [column3] "m"(column[3]), [column4] "m"(column[4]),      \
          [column5] "m"(column[5]), [row1] "m"(row1), [row2] "m"(row2), [next] "m"(next), [end] "m"(end)               \
        : "cc", "memory")

/* Output of channel `i` of a record, of the window that begins at `x`. */
HB_KERNEL int8_t hb_dwx_output(const int8_t *x, const int32_t *places, const int32_t *record, int32_t i, int staircase)
{
    const int8_t *const weights = (const int8_t *)record + i;
    const int32_t *const rest = record + HB_DWX_WEIGHT_WORDS + i * hb_dwp_output_words(staircase);
    uint32_t sum = 0;
    for (int32_t tap = 0; tap < 9; tap++) {
        sum += (uint32_t)(x[places[tap]] * weights[8 * (tap / 3) + (tap % 3 < 2 ? tap % 3 * 2 : 6)]);
    }
    return hb_dwp_finish(sum, rest, staircase);
}

/* The channels of records from `w` on, before `end`. */
HB_KERNEL void hb_dwx_channels(const hb_dwp_run *r, const int8_t *x, int8_t *out, const int32_t *w, const int32_t *end,
                               int staircase)
{
    const int32_t step = r->places[1], next = r->channels;
#ifdef __ARM_FEATURE_DSP
    const int32_t column[6] = {0, step, 2 * step, 3 * step, 4 * step, 5 * step};
    const int32_t row1 = r->places[3], row2 = r->places[6] - row1;
    const int8_t *begin = x;
    int32_t a0, a1, a2, a3, b0, b1, b2, b3;
    uint32_t p, q, u, v;
    if (staircase) {
        HB_DWX_CHANNELS(HB_DWX_OUTPUTS(HB_DWX_STAIRCASE_CONSTANTS, HB_DWX_STAIRCASE));
    } else {
        HB_DWX_CHANNELS(HB_DWX_OUTPUTS(HB_DWX_DOUBLED_CONSTANTS, HB_DWX_DOUBLED));
    }
#else
    for (; w < end; w += HB_DWX_WEIGHT_WORDS + 2 * hb_dwp_output_words(staircase), x += 2, out += 2) {
        for (int32_t i = 0; i < 8; i++) {
            out[i / 2 * next + i % 2] = hb_dwx_output(x + i / 2 * step + i % 2, r->places, w, i % 2, staircase);
        }
    }
#endif
}

/* Four pixels. Where one channel is left, the last record is of two of which the first is done already. */
HB_KERNEL void hb_dwx_four(const hb_dwp_run *r, int staircase)
{
    const int32_t words = HB_DWX_WEIGHT_WORDS + 2 * hb_dwp_output_words(staircase), channels = r->channels;
    const int32_t *const end = r->pair_records + channels / 2 * words;
    hb_dwx_channels(r, r->x, r->out, r->pair_records, end, staircase);
    if (channels % 2 != 0) {
        hb_dwx_channels(r, r->x + channels - 2, r->out + channels - 2, end, end + words, staircase);
    }
}

/* Four by four, then one by one. */
HB_KERNEL void hb_dwx_row(const hb_dwp_run *all, void (*four)(const hb_dwp_run *), void (*ones)(const hb_dwp_run *))
{
    hb_dwp_run r = *all;
    for (; r.count > 3; r.count -= 4, r.x += 4 * r.step, r.out += 4 * r.channels) {
        four(&r);
    }
    if (r.count > 0) {
        ones(&r);
    }
}

#endif
