/* Products as in hb_packed.h, of few quads: FPU registers hold the weights of a pair of output channels, as they are and
 * sign-extended: 30 cycles for the 32 products of a quad, where moves out of them take one (HB_KEEPS_IN_FPU).
 */
#ifndef HB_HELD_H
#define HB_HELD_H

#include "hb_packed.h"

/* Quads that there is room for. */
#define HB_HELD_QUADS (HB_KEEPS_IN_FPU ? 8 : 0)

/* Fetching weights pays from so many blocks on. */
#define HB_HELD_BLOCKS 2

/* Four pixels, one of two words of a quad. Registers: r0 to r7 are the sums, r8 to r11 words of activations, r12 one of
 * weights, lr points to activations. */
#define HB_HELD_PRODUCTS(a, b, a0, a1, a2, b0, b1, b2)                                                                 \
    "vmov r12, s" #a "\n"                                                                                              \
    "smlad r0, r8, r12, " #a0 "\n"                                                                                     \
    "smlad r1, r9, r12, " #a1 "\n"                                                                                     \
    "smlad r2, r10, r12, " #a2 "\n"                                                                                    \
    "smlad r3, r11, r12, r3\n"                                                                                         \
    "vmov r12, s" #b "\n"                                                                                              \
    "smlad r4, r8, r12, " #b0 "\n"                                                                                     \
    "smlad r5, r9, r12, " #b1 "\n"                                                                                     \
    "smlad r6, r10, r12, " #b2 "\n"                                                                                    \
    "smlad r7, r11, r12, r7\n"
#define HB_HELD_HALF(a, b) "ldmia.w lr!, {r8, r9, r10, r11}\n" HB_HELD_PRODUCTS(a, b, r0, r1, r2, r4, r5, r6)

/* The first quad of a block, where the others are entered, and one of them: 88 bytes of code. */
#define HB_HELD_FIRST                                                                                                  \
    "str.w r12, %[out]\n"                                                                                              \
    "ldr.w r3, %[bias_a]\n"                                                                                            \
    "ldr.w r7, %[bias_b]\n"                                                                                            \
    "ldr.w r9, [lr, #4]\n"                                                                                             \
    "ldr.w r10, [lr, #8]\n"                                                                                            \
    "ldr.w r11, [lr, #12]\n"                                                                                           \
    "ldr.w r8, [lr], #16\n" HB_HELD_PRODUCTS(0, 1, r3, r3, r3, r7, r7, r7) HB_HELD_HALF(2, 3) "ldr.w pc, %[entry]\n"
#define HB_HELD_QUAD(a, b, c, d) HB_HELD_HALF(a, b) HB_HELD_HALF(c, d)

/* Fetches the weights of a quad: 28 bytes of code. */
#define HB_HELD_FETCH(a, b, c, d)                                                                                      \
    "ldmia.w r12!, {r0, r1}\n"                                                                                         \
    "sxtb16.w r2, r0\n"                                                                                                \
    "sxtb16.w r3, r1\n"                                                                                                \
    "vmov s" #a ", r0\n"                                                                                               \
    "vmov s" #b ", r1\n"                                                                                               \
    "vmov s" #c ", r2\n"                                                                                               \
    "vmov s" #d ", r3\n"

/* What is done for each of the last HB_HELD_QUADS - 1 quads. Fewer enter it later. */
#define HB_HELD_OTHERS(EACH)                                                                                           \
    EACH(4, 5, 6, 7)                                                                                                   \
    EACH(8, 9, 10, 11)                                                                                                 \
    EACH(12, 13, 14, 15)                                                                                               \
    EACH(16, 17, 18, 19)                                                                                               \
    EACH(20, 21, 22, 23)                                                                                               \
    EACH(24, 25, 26, 27)                                                                                               \
    EACH(28, 29, 30, 31)

#define HB_HELD_PAIR                                                                                                   \
    "ldr.w r12, %[packed]\n" HB_HELD_FETCH(0, 1, 2, 3) "ldr.w pc, %[fetch]\n"                                          \
                                                       "6:\n" HB_HELD_OTHERS(HB_HELD_FETCH) "str.w r12, %[packed]\n"

/* As HB_PACKED_BLOCKS, with one round; weights are fetched from 6 on. */
#define HB_HELD_2X4(PAIR, REQUANTIZE)                                                                                  \
    __asm volatile(                                                                                                    \
        "adr.w r8, 1f\n"                                                                                               \
        "adr.w r9, 6f\n"                                                                                               \
        "ldr.w r10, %[entry]\n"                                                                                        \
        "ldr.w r11, %[fetch]\n"                                                                                        \
        "add.w r8, r8, r10\n"                                                                                          \
        "add.w r9, r9, r11\n"                                                                                          \
        "str.w r8, %[entry]\n"                                                                                         \
        "str.w r9, %[fetch]\n"                                                                                         \
        "b.w 3f\n"                                                                                                     \
        ".balign 4\n"                                                                                                  \
        "1:\n" HB_HELD_OTHERS(HB_HELD_QUAD) REQUANTIZE HB_PACKED_STORE_4 "beq.w 4f\n"                                  \
                                                                         "2:\n" HB_HELD_FIRST "4:\n"                   \
                                                                         "ldr.w r0, %[record]\n"                       \
                                                                         "ldr.w r1, %[stop]\n"                         \
                                                                         "cmp.w r0, r1\n"                              \
                                                                         "beq.w 5f\n"                                  \
                                                                         "3:\n" HB_HELD_PAIR PAIR "b.w 2b\n"           \
                                                                         "5:\n"                                        \
        : [packed] "+m"(packed), [record] "+m"(record), [base] "+m"(out), [entry] "+m"(entry), [fetch] "+m"(fetch),    \
          [out] "=m"(result), [bias_a] "=m"(bias_a), [bias_b] "=m"(bias_b), [multiplier_a] "=m"(multiplier_a),         \
          [multiplier_b] "=m"(multiplier_b), [addend_a] "=m"(addend_a), [addend_b] "=m"(addend_b),                     \
          [shifts] "=m"(shifts)                                                                                        \
        : [tile] "m"(tile.pixels), [end] "m"(end), [stop] "m"(stop), [pitch] "m"(pitch)                                \
        : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory", "s0", \
          "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15", "s16",       \
          "s17", "s18", "s19", "s20", "s21", "s22", "s23", "s24", "s25", "s26", "s27", "s28", "s29", "s30", "s31")

/* As hb_packed_pairs, of blocks of four. */
HB_KERNEL void hb_held_pairs(hb_quads tile, int32_t pairs, const uint32_t *packed, const int32_t *record, int8_t *out,
                             int32_t pitch, int staircase)
{
#if HB_KEEPS_IN_FPU
    const uint32_t *const end = tile.pixels + 8 * tile.quads * tile.blocks;
    const int32_t *const stop = record + HB_PACKED_RECORD(staircase) * pairs;
    const int32_t skipped = HB_HELD_QUADS - tile.quads;
    int32_t entry = 88 * skipped + 1, fetch = 28 * skipped + 1;
    int32_t bias_a, bias_b, multiplier_a, multiplier_b, addend_a, addend_b, shifts;
    int8_t *result;
    if (staircase) {
        HB_HELD_2X4(HB_PACKED_PAIR_STAIRCASE, HB_PACKED_STAIRCASE_4);
    } else {
        HB_HELD_2X4(HB_PACKED_PAIR_LONG, HB_PACKED_REQUANTIZE_4);
    }
#else
    hb_packed_pairs(tile, 4, pairs, packed, NULL, record, out, pitch, staircase);
#endif
}

#endif
