/* Products of widened activations and packed weights, which are bytes in flash: one SXTB16 serves four weights.
 *
 * A quad is four terms of a sum. Of its weights w0 to w3 halfwords 256 * w0 + w1 and 256 * w2 + w3 make one word; of
 * its activations, bytes x0 to x3, one word is (x0, x2), and one is what they are with the even bytes b turned into
 * 127 - b, an exclusive or: (256 * x1 + 127 - x0, 256 * x3 + 127 - x2). As
 *
 *     (256 * w0 + w1) * x0 + w1 * (256 * x1 + 127 - x0) = 256 * (w0 * x0 + w1 * x1) + 127 * w1
 *
 * a word of weights is multiplied as it is with the first word of activations, and its even bytes, sign-extended, with
 * the second one. The bias makes good what is left over, as it does the input's zero point. Sums hold 256 times their
 * value, modulo 2^32.
 *
 * Weights lie in flash by pairs of output channels: a word of the first one's quad, then one of the second one's.
 */
#ifndef HB_PACKED_H
#define HB_PACKED_H

#include "hb_dsp.h"

/* In a Cortex-M4 moving a word out of an FPU register takes a cycle and never waits, as a load does. Of later cores some
 * take three cycles for that; of others nothing is published. */
#if defined(HB_CORE_CORTEX_M4) && defined(__ARM_FEATURE_DSP) && defined(__ARM_FP)
#define HB_KEEPS_IN_FPU 1
#else
#define HB_KEEPS_IN_FPU 0
#endif

/* Four activations; their words go `step` apart. */
HB_KERNEL void hb_widen_quad(uint32_t bytes, uint32_t *wide, int32_t step)
{
    wide[0] = hb_sxtb16(bytes);
    wide[step] = bytes ^ 0x007f007f;
}

/* Four activations each of the four pixels of a block. */
HB_KERNEL void hb_widen_quads(const int8_t *a, const int8_t *b, const int8_t *c, const int8_t *d, uint32_t *wide)
{
    const uint32_t of_a = hb_load32(a), of_b = hb_load32(b);
    const uint32_t of_c = hb_load32(c), of_d = hb_load32(d);
    hb_widen_quad(of_a, wide, 4);
    hb_widen_quad(of_b, wide + 1, 4);
    hb_widen_quad(of_c, wide + 2, 4);
    hb_widen_quad(of_d, wide + 3, 4);
}

/* How the sums of two output channels become int8, as in hb_dsp.h, in flash: biases, multipliers, addends; then shifts,
 * the second one eight bits higher, where outputs are no staircases. Biases are part of 256 times the sums; the shift
 * of staircases is one more than there. */
#define HB_PACKED_RECORD(staircase) ((staircase) ? 6 : 7)

HB_KERNEL hb_dsp_channel hb_packed_channel(const int32_t *record, int32_t which, int staircase)
{
    const int32_t shift = staircase ? HB_STAIRCASE_SHIFT + 1 : record[6] >> 8 * which & 0xff;
    return (hb_dsp_channel){record[which], record[2 + which], record[4 + which], shift};
}

HB_KERNEL int8_t hb_packed_output(int32_t sum, hb_dsp_channel channel, int staircase)
{
    const int32_t scaled = hb_smmla(sum, channel.multiplier, channel.addend) >> channel.shift;
    return staircase ? (int8_t)hb_saturate8(scaled) : hb_dsp_output(sum >> 7, channel);
}

/* Blocks of four pixels or of three, or one block of one or two: of each quad the first words of all its pixels, then the second
 * ones. */
typedef struct {
    const uint32_t *pixels;
    int32_t blocks, lanes, quads;
} hb_quads;

/* 32 products in 32 cycles on a Cortex-M4: ten loads in four groups, which pipeline, two SXTB16, 16 SMLAD. All fourteen
 * registers are taken: r0 to r3 are the sums of the first channel, r4 to r7 those of the second, r8 and r9 words of
 * weights, r10 and r11 words of activations, r12 and lr point to weights and activations, one word low. `mark` is ! where
 * these go on to the next round. Sums begin with what a0 to b2 hold; r3 and r7, written last, with themselves. */
#define HB_QUAD_HALF(offset, mark, a0, a1, a2, b0, b1, b2)                                                             \
    "smlad r0, r10, r8, " #a0 "\n"                                                                                     \
    "smlad r4, r10, r9, " #b0 "\n"                                                                                     \
    "smlad r1, r11, r8, " #a1 "\n"                                                                                     \
    "smlad r5, r11, r9, " #b1 "\n"                                                                                     \
    "ldr.w r10, [lr, #32 * hb_quad + " offset " + 12]\n"                                                               \
    "ldr.w r11, [lr, #32 * hb_quad + " offset " + 16]" mark "\n"                                                       \
    "smlad r2, r10, r8, " #a2 "\n"                                                                                     \
    "smlad r6, r10, r9, " #b2 "\n"                                                                                     \
    "smlad r3, r11, r8, r3\n"                                                                                          \
    "smlad r7, r11, r9, r7\n"
#define HB_QUAD_BEGUN(mark, a0, a1, a2, b0, b1, b2)                                                                    \
    "ldr.w r8, [r12, #8 * hb_quad + 4]\n"                                                                              \
    "ldr.w r9, [r12, #8 * hb_quad + 8]" mark "\n"                                                                      \
    "ldr.w r10, [lr, #32 * hb_quad + 4]\n"                                                                             \
    "ldr.w r11, [lr, #32 * hb_quad + 8]\n" HB_QUAD_HALF("0", "", a0, a1, a2, b0, b1, b2) /* then the second words */   \
        "sxtb16.w r8, r8\n"                                                                                            \
        "sxtb16.w r9, r9\n"                                                                                            \
        "ldr.w r10, [lr, #32 * hb_quad + 20]\n"                                                                        \
        "ldr.w r11, [lr, #32 * hb_quad + 24]\n" HB_QUAD_HALF("16", mark, r0, r1, r2, r4, r5,                           \
                                                             r6) ".set hb_quad, hb_quad + 1\n"
#define HB_QUAD_2X4(mark) HB_QUAD_BEGUN(mark, r0, r1, r2, r4, r5, r6)
#define HB_QUAD_2X4_FIRST HB_QUAD_BEGUN("", r3, r3, r3, r7, r7, r7)

/* The same of three pixels: 24 products in 24 cycles. A third word of activations is in r3; r7 is not used. */
#define HB_QUAD_THIRDS(offset, mark, a0, a1, b0, b1)                                                                   \
    "ldr.w r10, [lr, #24 * hb_quad + " offset " + 4]\n"                                                                \
    "ldr.w r11, [lr, #24 * hb_quad + " offset " + 8]\n"                                                                \
    "ldr.w r3, [lr, #24 * hb_quad + " offset " + 12]" mark "\n"                                                        \
    "smlad r0, r10, r8, " #a0 "\n"                                                                                     \
    "smlad r4, r10, r9, " #b0 "\n"                                                                                     \
    "smlad r1, r11, r8, " #a1 "\n"                                                                                     \
    "smlad r5, r11, r9, " #b1 "\n"                                                                                     \
    "smlad r2, r3, r8, r2\n"                                                                                           \
    "smlad r6, r3, r9, r6\n"
#define HB_QUAD_BEGUN_3(mark, a0, a1, b0, b1)                                                                          \
    "ldr.w r8, [r12, #8 * hb_quad + 4]\n"                                                                              \
    "ldr.w r9, [r12, #8 * hb_quad + 8]" mark                                                                           \
    "\n" HB_QUAD_THIRDS("0", "", a0, a1, b0, b1) "sxtb16.w r8, r8\n"                                                   \
                                                 "sxtb16.w r9, r9\n" HB_QUAD_THIRDS("12", mark, r0, r1, r4,            \
                                                                                    r5) ".set hb_quad, hb_quad + 1\n"
#define HB_QUAD_2X3(mark) HB_QUAD_BEGUN_3(mark, r0, r1, r4, r5)
#define HB_QUAD_2X3_FIRST HB_QUAD_BEGUN_3("", r2, r2, r6, r6)

/* What is needed in every round and block: on the stack, and where that is faster in FPU registers as well. */
#if HB_KEEPS_IN_FPU
#define HB_RECALL(to, kept, name) "vmov " to ", " kept "\n"
#define HB_PACKED_KEEP                                                                                                 \
    "ldr.w r8, %[last]\n"                                                                                              \
    "ldr.w r9, %[rest]\n"                                                                                              \
    "ldr.w r10, %[back]\n"                                                                                             \
    "vmov s0, r8\n"                                                                                                    \
    "vmov s1, r9\n"                                                                                                    \
    "vmov s2, r10\n"
#define HB_PACKED_KEPT , "s0", "s1", "s2"
#else
#define HB_RECALL(to, kept, name) "ldr.w " to ", %[" name "]\n"
#define HB_PACKED_KEEP ""
#define HB_PACKED_KEPT
#endif

/* Bytes of code of a quad of so many pixels. */
#define HB_QUAD_CODE(lanes) ((lanes) == 4 ? 112 : 88)

/* Quads of a round: with them all of a block's code is at most 1 KiB, the cache of some microcontrollers' flash. The
 * first round is entered where as many are left as do not fill rounds. */
#define HB_ROUND(staircase) ((staircase) ? 6 : 5)
#define HB_ROUND_5(QUAD) ".set hb_quad, 0\n" HB_TWICE(HB_TWICE(QUAD(""))) QUAD("!")
#define HB_ROUND_6(QUAD) ".set hb_quad, 0\n" HB_TWICE(HB_TWICE(QUAD(""))) QUAD("") QUAD("!")
#define HB_ROUND_NEXT                                                                                                  \
    HB_RECALL("r10", "s0", "last")                                                                                     \
    "cmp.w r12, r10\n"                                                                                                 \
    "bne.w 1b\n"

/* The first quad, whose sums begin with the biases, and where the others' rounds are entered. */
#define HB_PACKED_FIRST(quad, a, b)                                                                                    \
    "str.w r12, %[out]\n"                                                                                              \
    "ldr.w r12, %[first]\n"                                                                                            \
    "ldr.w " a ", %[bias_a]\n"                                                                                         \
    "ldr.w " b ", %[bias_b]\n"                                                                                         \
    ".set hb_quad, 0\n" quad HB_RECALL("r12", "s1", "rest") HB_RECALL("r10", "s2", "back") "sub.w lr, lr, r10\n"       \
                                                                                           "ldr.w pc, %[entry]\n"

#define HB_PACKED_ASM(sum)                                                                                             \
    "asr.w " sum ", " sum ", #7\n"                                                                                     \
    "add.w r9, r11, " sum ", asr #31\n"                                                                                \
    "smmlar " sum ", " sum ", r10, r9\n"                                                                               \
    "asr.w " sum ", " sum ", r8\n"                                                                                     \
    "ssat " sum ", #8, " sum "\n"
#define HB_PACKED_REQUANTIZE(a3, b3)                                                                                   \
    "ldr.w r10, %[multiplier_a]\n"                                                                                     \
    "ldr.w r11, %[addend_a]\n"                                                                                         \
    "ldr.w r8, %[shifts]\n"                                                                                            \
    "ldr.w r12, %[out]\n" HB_PACKED_ASM("r0") HB_PACKED_ASM("r1") HB_PACKED_ASM("r2") a3                               \
        "ldr.w r10, %[multiplier_b]\n"                                                                                 \
        "ldr.w r11, %[addend_b]\n"                                                                                     \
        "lsr.w r8, r8, #8\n" HB_PACKED_ASM("r4") HB_PACKED_ASM("r5") HB_PACKED_ASM("r6") b3

#define HB_PACKED_STAIRCASE_ASM(sum, multiplier, addend)                                                               \
    "smmla " sum ", " sum ", " multiplier ", " addend "\n"                                                             \
    "ssat " sum ", #8, " sum ", asr #11\n"
#define HB_PACKED_STAIRCASE(a3, b3)                                                                                    \
    "ldr.w r10, %[multiplier_a]\n"                                                                                     \
    "ldr.w r11, %[addend_a]\n"                                                                                         \
    "ldr.w r8, %[multiplier_b]\n"                                                                                      \
    "ldr.w r9, %[addend_b]\n"                                                                                          \
    "ldr.w r12, %[out]\n" HB_PACKED_STAIRCASE_A("r0") HB_PACKED_STAIRCASE_A("r1") HB_PACKED_STAIRCASE_A("r2")          \
        a3 HB_PACKED_STAIRCASE_B("r4") HB_PACKED_STAIRCASE_B("r5") HB_PACKED_STAIRCASE_B("r6") b3
#define HB_PACKED_STAIRCASE_A(sum) HB_PACKED_STAIRCASE_ASM(sum, "r10", "r11")
#define HB_PACKED_STAIRCASE_B(sum) HB_PACKED_STAIRCASE_ASM(sum, "r8", "r9")

/* Of four pixels, and of three. */
#define HB_PACKED_REQUANTIZE_4 HB_PACKED_REQUANTIZE(HB_PACKED_ASM("r3"), HB_PACKED_ASM("r7"))
#define HB_PACKED_REQUANTIZE_3 HB_PACKED_REQUANTIZE("", "")
#define HB_PACKED_STAIRCASE_4 HB_PACKED_STAIRCASE(HB_PACKED_STAIRCASE_A("r3"), HB_PACKED_STAIRCASE_B("r7"))
#define HB_PACKED_STAIRCASE_3 HB_PACKED_STAIRCASE("", "")

#define HB_PACKED_STORE_2                                                                                              \
    "ldr.w r10, %[pitch]\n"                                                                                            \
    "ldr.w r11, %[end]\n"                                                                                              \
    "bfi r0, r4, #8, #8\n"                                                                                             \
    "bfi r1, r5, #8, #8\n"                                                                                             \
    "bfi r2, r6, #8, #8\n"                                                                                             \
    "strh.w r0, [r12]\n"                                                                                               \
    "strh.w r1, [r12, r10]\n"
#define HB_PACKED_STORE_3                                                                                              \
    HB_PACKED_STORE_2                                                                                                  \
    "add.w r12, r12, r10, lsl #1\n"                                                                                    \
    "strh.w r2, [r12]\n"                                                                                               \
    "add.w r12, r12, r10\n"                                                                                            \
    "cmp.w lr, r11\n"
#define HB_PACKED_STORE_4                                                                                              \
    HB_PACKED_STORE_2                                                                                                  \
    "strh.w r2, [r12, r10, lsl #1]\n"                                                                                  \
    "add.w r12, r12, r10, lsl #1\n"                                                                                    \
    "bfi r3, r7, #8, #8\n"                                                                                             \
    "strh.w r3, [r12, r10]\n"                                                                                          \
    "add.w r12, r12, r10, lsl #1\n"                                                                                    \
    "cmp.w lr, r11\n"

/* The constants of a pair of channels go to the stack. Blocks begin with r12 where their outputs go. */
#define HB_PACKED_PAIR(words, more)                                                                                    \
    "ldr.w r8, %[record]\n"                                                                                            \
    "ldr.w r12, %[base]\n"                                                                                             \
    "ldr.w lr, %[tile]\n"                                                                                              \
    "ldmia.w r8!, {" words "}\n"                                                                                       \
    "str.w r0, %[bias_a]\n"                                                                                            \
    "str.w r1, %[bias_b]\n"                                                                                            \
    "str.w r2, %[multiplier_a]\n"                                                                                      \
    "str.w r3, %[multiplier_b]\n"                                                                                      \
    "str.w r4, %[addend_a]\n"                                                                                          \
    "str.w r5, %[addend_b]\n" more "str.w r8, %[record]\n"                                                             \
    "add.w r9, r12, #2\n"                                                                                              \
    "str.w r9, %[base]\n"

#define HB_PACKED_NEXT                                                                                                 \
    "ldr.w r8, %[first]\n"                                                                                             \
    "ldr.w r9, %[rest]\n"                                                                                              \
    "ldr.w r10, %[last]\n"                                                                                             \
    "ldr.w r11, %[step]\n"                                                                                             \
    "ldr.w r0, %[record]\n"                                                                                            \
    "ldr.w r1, %[stop]\n"                                                                                              \
    "add.w r8, r8, r11\n"                                                                                              \
    "add.w r9, r9, r11\n"                                                                                              \
    "add.w r10, r10, r11\n"                                                                                            \
    "str.w r8, %[first]\n"                                                                                             \
    "str.w r9, %[rest]\n"                                                                                              \
    "str.w r10, %[last]\n"                                                                                             \
    "cmp.w r0, r1\n"

/* The weights of a pair, where they are not read in place: four quads at a time, then what is left. */
#define HB_PACKED_COPY                                                                                                 \
    "ldr.w r12, %[from]\n"                                                                                             \
    "ldr.w lr, %[first]\n"                                                                                             \
    "ldr.w r8, %[last]\n"                                                                                              \
    "cmp.w r12, #0\n"                                                                                                  \
    "beq.w 9f\n"                                                                                                       \
    "sub.w r8, r8, lr\n"                                                                                               \
    "add.w lr, lr, #4\n"                                                                                               \
    "subs.w r8, r8, #32\n"                                                                                             \
    "blt.w 7f\n"                                                                                                       \
    "6:\n"                                                                                                             \
    "ldmia.w r12!, {r0, r1, r2, r3, r4, r5, r6, r7}\n"                                                                 \
    "stmia.w lr!, {r0, r1, r2, r3, r4, r5, r6, r7}\n"                                                                  \
    "subs.w r8, r8, #32\n"                                                                                             \
    "bge.w 6b\n"                                                                                                       \
    "7:\n"                                                                                                             \
    "adds.w r8, r8, #32\n"                                                                                             \
    "beq.w 9f\n"                                                                                                       \
    "8:\n"                                                                                                             \
    "ldmia.w r12!, {r0, r1}\n"                                                                                         \
    "stmia.w lr!, {r0, r1}\n"                                                                                          \
    "subs.w r8, r8, #8\n"                                                                                              \
    "bne.w 8b\n"                                                                                                       \
    "9:\n"                                                                                                             \
    "str.w r12, %[from]\n"

#define HB_PACKED_PAIR_STAIRCASE HB_PACKED_PAIR("r0, r1, r2, r3, r4, r5", "")
#define HB_PACKED_PAIR_LONG HB_PACKED_PAIR("r0, r1, r2, r3, r4, r5, r6", "str.w r6, %[shifts]\n")

/* A round is at 1, where a block begins at 2, and a pair at 3; what is not needed within a round is kept on the stack.
 */
#define HB_PACKED_BLOCKS(PAIR, FIRST, ROUND, REQUANTIZE, STORE)                                                        \
    __asm volatile(                                                                                                    \
        "adr.w r10, 1f\n"                                                                                              \
        "ldr.w r11, %[entry]\n"                                                                                        \
        "add.w r10, r10, r11\n"                                                                                        \
        "str.w r10, %[entry]\n"                                                                                        \
        "b.w 3f\n"                                                                                                     \
        ".balign 4\n"                                                                                                  \
        "1:\n" ROUND HB_ROUND_NEXT REQUANTIZE STORE "beq.w 4f\n"                                                       \
        "2:\n" FIRST "4:\n" HB_PACKED_NEXT "beq.w 5f\n"                                                                \
        "3:\n" HB_PACKED_KEEP HB_PACKED_COPY PAIR "b.w 2b\n"                                                           \
        "5:\n"                                                                                                         \
        : [first] "+m"(first), [rest] "+m"(rest), [last] "+m"(last), [record] "+m"(record), [base] "+m"(out),          \
          [entry] "+m"(entry), [from] "+m"(from), [out] "=m"(result), [bias_a] "=m"(bias_a), [bias_b] "=m"(bias_b),    \
          [multiplier_a] "=m"(multiplier_a), [multiplier_b] "=m"(multiplier_b), [addend_a] "=m"(addend_a),             \
          [addend_b] "=m"(addend_b), [shifts] "=m"(shifts)                                                             \
        : [tile] "m"(pixels), [end] "m"(end), [stop] "m"(stop), [step] "m"(step), [back] "m"(back), [pitch] "m"(pitch) \
        : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc",                 \
          "memory" HB_PACKED_KEPT)
#define HB_PACKED_2X4(PAIR, ROUND, REQUANTIZE)                                                                         \
    HB_PACKED_BLOCKS(PAIR, HB_PACKED_FIRST(HB_QUAD_2X4_FIRST, "r3", "r7"), ROUND(HB_QUAD_2X4), REQUANTIZE,             \
                     HB_PACKED_STORE_4)
#define HB_PACKED_2X3(PAIR, ROUND, REQUANTIZE)                                                                         \
    HB_PACKED_BLOCKS(PAIR, HB_PACKED_FIRST(HB_QUAD_2X3_FIRST, "r2", "r6"), ROUND(HB_QUAD_2X3), REQUANTIZE,             \
                     HB_PACKED_STORE_3)

/* `pairs` pairs of output channels of all pixels of blocks of `lanes`, four or three; the outputs of a pixel lie `pitch`
 * bytes after those of the one before it. Weights are copied to `spare`, a pair at a time, unless that is NULL. */
HB_KERNEL void hb_packed_pairs(hb_quads tile, int32_t lanes, int32_t pairs, const uint32_t *packed, uint32_t *spare,
                               const int32_t *record, int8_t *out, int32_t pitch, int staircase)
{
#ifdef __ARM_FEATURE_DSP
    const int32_t others = tile.quads - 1, round = HB_ROUND(staircase);
    const int32_t skipped = others > 0 ? (round - others % round) % round : round;
    const int32_t unread = others > 0 ? skipped - 1 : -1, back = 8 * lanes * unread;
    const uintptr_t size = (uintptr_t)(8 * tile.quads), step = spare ? 0 : size, pixels = (uintptr_t)tile.pixels - 4;
    const uintptr_t end = pixels + (uintptr_t)(8 * lanes * tile.quads * tile.blocks);
    const int32_t *const stop = record + HB_PACKED_RECORD(staircase) * pairs;
    const uint32_t *from = spare ? packed : NULL;
    uintptr_t first = (uintptr_t)(spare ? spare : packed) - 4, rest = first - (uintptr_t)(8 * unread),
              last = first + size;
    uintptr_t entry = (uintptr_t)(HB_QUAD_CODE(lanes) * skipped + 1);
    int32_t bias_a, bias_b, multiplier_a, multiplier_b, addend_a, addend_b, shifts;
    int8_t *result;
    if (staircase && lanes == 4) {
        HB_PACKED_2X4(HB_PACKED_PAIR_STAIRCASE, HB_ROUND_6, HB_PACKED_STAIRCASE_4);
    } else if (staircase) {
        HB_PACKED_2X3(HB_PACKED_PAIR_STAIRCASE, HB_ROUND_6, HB_PACKED_STAIRCASE_3);
    } else if (lanes == 4) {
        HB_PACKED_2X4(HB_PACKED_PAIR_LONG, HB_ROUND_5, HB_PACKED_REQUANTIZE_4);
    } else {
        HB_PACKED_2X3(HB_PACKED_PAIR_LONG, HB_ROUND_5, HB_PACKED_REQUANTIZE_3);
    }
#else
    (void)spare;
    for (; pairs > 0; pairs--, record += HB_PACKED_RECORD(staircase), packed += 2 * tile.quads, out += 2) {
        for (int32_t i = 0; i < 2 * lanes * tile.blocks; i++) {
            const hb_dsp_channel channel = hb_packed_channel(record, i % 2, staircase);
            const uint32_t *wide = tile.pixels + i / (2 * lanes) * tile.quads * 2 * lanes + i / 2 % lanes;
            int32_t sum = channel.bias;
            for (int32_t quad = 0; quad < tile.quads; quad++, wide += 2 * lanes) {
                const uint32_t word = packed[2 * quad + i % 2];
                sum = hb_smlad(hb_sxtb16(word), wide[lanes], hb_smlad(word, wide[0], sum));
            }
            out[i / 2 * pitch + i % 2] = hb_packed_output(sum, channel, staircase);
        }
    }
#endif
}

/* A pair of output channels of one or two pixels, which leave registers for a loop in C. */
HB_KERNEL void hb_packed_lanes(const uint32_t *pixels, int32_t lanes, int32_t quads, const uint32_t *packed,
                               const int32_t *record, int8_t *out, int32_t pitch, int staircase)
{
    const hb_dsp_channel a = hb_packed_channel(record, 0, staircase), b = hb_packed_channel(record, 1, staircase);
    int32_t sum_a[2] = {a.bias, a.bias}, sum_b[2] = {b.bias, b.bias};
#pragma GCC unroll 2
    for (const uint32_t *const end = packed + 2 * quads; packed != end; packed += 2, pixels += 2 * lanes) {
        const uint32_t word_a = packed[0], word_b = packed[1];
#pragma GCC unroll 2
        for (int32_t i = 0; i < lanes; i++) {
            sum_a[i] = hb_smlad(word_a, pixels[i], sum_a[i]);
            sum_b[i] = hb_smlad(word_b, pixels[i], sum_b[i]);
        }
        const uint32_t low_a = hb_sxtb16(word_a), low_b = hb_sxtb16(word_b);
#pragma GCC unroll 2
        for (int32_t i = 0; i < lanes; i++) {
            sum_a[i] = hb_smlad(low_a, pixels[lanes + i], sum_a[i]);
            sum_b[i] = hb_smlad(low_b, pixels[lanes + i], sum_b[i]);
        }
    }
#pragma GCC unroll 2
    for (int32_t i = 0; i < lanes; i++) {
        out[i * pitch] = hb_packed_output(sum_a[i], a, staircase);
        out[i * pitch + 1] = hb_packed_output(sum_b[i], b, staircase);
    }
}

#endif
