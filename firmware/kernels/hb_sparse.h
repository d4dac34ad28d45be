/* Sparse int8 weights on cores with SMLA and SMLAD: streams of entries, tiles of eight pixels, and the loops that go
 * over them: here those of single weights, in hb_sparse_pairs.h those of two.
 *
 * Activations are held as (x + 128) * 2^bits, `bits` being HB_DOUBLED or HB_STAIRCASE of hb_dsp.h; what the input's
 * offset is besides lies in the bias. A stream holds, output channel by output channel and each in whole words:
 *
 *     singles   bias; bytes: jump, gap, weight, gap, weight, ... 255, filled up to a word; multiplier, addend, shift
 *     pairs     bias; words of bytes: weight, gap, weight, 0 (jump in the first one); 0; multiplier, addend, shift
 *
 * A gap is the distance from the entry before (from the first place of a tile for the first one), in places of a tile;
 * a longer one is bridged by entries of weight 0. `jump` says where in a round of the loop, of eight entries, the second
 * entry of the channel is: that many of them, 1 to 8, are left. Where outputs are staircases there is no shift. Of a
 * channel without entries there is its output, a word, and a word with the mark, 255 or 0, in its place.
 * hilbench/kernels/sparse.py writes streams.
 */
#ifndef HB_SPARSE_H
#define HB_SPARSE_H

#include "hb_dsp.h"

#define HB_SPARSE_END 255

/* Multiplier to x0, addend to x1, shift to `weight`; then a sum becomes int8. `t` is free. */
#define HB_SPARSE_STAIRCASE_CONSTANTS                                                                                  \
    "ldr.w %[x0], [%[stream]]\n"                                                                                       \
    "ldr.w %[x1], [%[stream], #4]\n"                                                                                   \
    "add.w %[stream], %[stream], #8\n"
#define HB_SPARSE_STAIRCASE_OUTPUT(sum) HB_STAIRCASE_ASM(sum, "x0", "x1")
#define HB_SPARSE_DOUBLED_CONSTANTS                                                                                    \
    "ldr.w %[x0], [%[stream]]\n"                                                                                       \
    "ldr.w %[x1], [%[stream], #4]\n"                                                                                   \
    "ldr.w %[weight], [%[stream], #8]\n"                                                                               \
    "add.w %[stream], %[stream], #12\n"
#define HB_SPARSE_DOUBLED_OUTPUT(sum)                                                                                  \
    "add.w %[t], %[x1], %[" sum "], asr #31\n"                                                                         \
    "smmlar %[" sum "], %[" sum "], %[x0], %[t]\n"                                                                     \
    "asr.w %[" sum "], %[" sum "], %[weight]\n"                                                                        \
    "ssat %[" sum "], #8, %[" sum "]\n"

/* Entries of a channel after its first one, of 1 << `log` bytes and `size` bytes of code: eight a round. MORE leaves the
 * flags at "ne" if there are more; JUMP loads the jump into x0: it is computed, because a table would be read from
 * flash. Within a round the stream's pointer is 8 << `log` bytes after the entry in place 0. */
#define HB_SPARSE_ROUNDS(ENTRY, log, size, JUMP, MORE)                                                                 \
    MORE "beq.w 3f\n" JUMP "adr.w %[x1], 2f\n"                                                                         \
         "mov.w %[weight], #" size "\n"                                                                                \
         "add.w %[stream], %[stream], %[x0], lsl #" log "\n"                                                           \
         "mls %[x0], %[x0], %[weight], %[x1]\n"                                                                        \
         "mov pc, %[x0]\n"                                                                                             \
         ".balign 4\n"                                                                                                 \
         "1:\n"                                                                                                        \
         "add.w %[stream], %[stream], #8<<" log "\n" ENTRY("0") ENTRY("1") ENTRY("2") ENTRY("3") ENTRY("4") ENTRY("5") \
             ENTRY("6") ENTRY("7") "2:\n" MORE "bne.w 1b\n"                                                            \
                                   "3:\n"

/* The end of a channel of singles: its last gap is the mark, and words go on after it. */
#define HB_SINGLES_MORE "cmp.w %[t], #255\n"
#define HB_SINGLES_ALIGN                                                                                               \
    "add.w %[stream], %[stream], #3\n"                                                                                 \
    "bic.w %[stream], %[stream], #3\n"

/* Eight sums to int8, stored `stride` bytes apart; then the next channel, if there is one. At 5 a7 is the output of all
 * eight pixels. */
#define HB_SPARSE_EIGHT_OUTPUTS(CONSTANTS, OUTPUT)                                                                     \
    CONSTANTS OUTPUT("a0") OUTPUT("a1") OUTPUT("a2") OUTPUT("a3") OUTPUT("a4") OUTPUT("a5") OUTPUT("a6")               \
        OUTPUT("a7") "4:\n"                                                                                            \
                     "ldr.w %[x0], %[out]\n"                                                                           \
                     "ldr.w %[x1], %[stride]\n"                                                                        \
                     "ldr.w %[weight], %[end]\n"                                                                       \
                     "strb.w %[a0], [%[x0]]\n"                                                                         \
                     "strb.w %[a1], [%[x0], %[x1]]\n"                                                                  \
                     "strb.w %[a2], [%[x0], %[x1], lsl #1]\n"                                                          \
                     "strb.w %[a4], [%[x0], %[x1], lsl #2]\n"                                                          \
                     "add.w %[t], %[x0], %[x1]\n"                                                                      \
                     "strb.w %[a3], [%[t], %[x1], lsl #1]\n"                                                           \
                     "strb.w %[a5], [%[t], %[x1], lsl #2]\n"                                                           \
                     "add.w %[t], %[t], %[x1]\n"                                                                       \
                     "strb.w %[a6], [%[t], %[x1], lsl #2]\n"                                                           \
                     "add.w %[t], %[t], %[x1]\n"                                                                       \
                     "strb.w %[a7], [%[t], %[x1], lsl #2]\n"                                                           \
                     "add.w %[x0], %[x0], #1\n"                                                                        \
                     "str.w %[x0], %[out]\n"                                                                           \
                     "cmp.w %[x0], %[weight]\n"                                                                        \
                     "bne.w 0b\n"                                                                                      \
                     "b.w 6f\n"                                                                                        \
                     "5:\n"                                                                                            \
                     "mov.w %[a0], %[a7]\n"                                                                            \
                     "mov.w %[a1], %[a7]\n"                                                                            \
                     "mov.w %[a2], %[a7]\n"                                                                            \
                     "mov.w %[a3], %[a7]\n"                                                                            \
                     "mov.w %[a4], %[a7]\n"                                                                            \
                     "mov.w %[a5], %[a7]\n"                                                                            \
                     "mov.w %[a6], %[a7]\n"                                                                            \
                     "b.w 4b\n"                                                                                        \
                     "6:\n"

/* One single with eight pixels, 17 cycles on a Cortex-M4. `t` is the gap before it, and then the one after it. The
 * first one of a channel adds its products to the bias, in a7, others (b0 to b6 = a0 to a6) to the sums. */
#define HB_SINGLE_8(weight_at, gap_at, b0, b1, b2, b3, b4, b5, b6)                                                     \
    "add.w %[tile], %[tile], %[t], lsl #4\n"                                                                           \
    "ldr.w %[x0], [%[tile]]\n"                                                                                         \
    "ldr.w %[x1], [%[tile], #4]\n"                                                                                     \
    "ldrsb.w %[weight], [%[stream], #" weight_at "]\n"                                                                 \
    "smlabb %[a0], %[x0], %[weight], %[" b0 "]\n"                                                                      \
    "smlatb %[a1], %[x0], %[weight], %[" b1 "]\n"                                                                      \
    "smlabb %[a2], %[x1], %[weight], %[" b2 "]\n"                                                                      \
    "smlatb %[a3], %[x1], %[weight], %[" b3 "]\n"                                                                      \
    "ldr.w %[x0], [%[tile], #8]\n"                                                                                     \
    "ldr.w %[x1], [%[tile], #12]\n"                                                                                    \
    "ldrb.w %[t], [%[stream], #" gap_at "]\n"                                                                          \
    "smlabb %[a4], %[x0], %[weight], %[" b4 "]\n"                                                                      \
    "smlatb %[a5], %[x0], %[weight], %[" b5 "]\n"                                                                      \
    "smlabb %[a6], %[x1], %[weight], %[" b6 "]\n"                                                                      \
    "smlatb %[a7], %[x1], %[weight], %[a7]\n"
#define HB_SINGLE_8_ENTRY(place)                                                                                       \
    HB_SINGLE_8("2*" place "-16", "2*" place "-15", "a0", "a1", "a2", "a3", "a4", "a5", "a6")
#define HB_SINGLES_JUMP "ldrb.w %[x0], [%[stream], #-4]\n"
#define HB_SINGLES_8                                                                                                   \
    "ldr.w %[tile], %[tiles]\n"                                                                                        \
    "ldr.w %[a7], [%[stream]]\n"                                                                                       \
    "ldrb.w %[t], [%[stream], #5]\n"                                                                                   \
    "add.w %[stream], %[stream], #8\n"                                                                                 \
    "cmp.w %[t], #255\n"                                                                                               \
    "beq.w 5f\n" HB_SINGLE_8("-2", "-1", "a7", "a7", "a7", "a7", "a7", "a7", "a7")                                     \
        HB_SPARSE_ROUNDS(HB_SINGLE_8_ENTRY, "1", "60", HB_SINGLES_JUMP, HB_SINGLES_MORE) HB_SINGLES_ALIGN

/* Registers: eight sums, two or three words of pixels, weights, gap or entry, a pointer into the tile and one into the
 * stream: all fourteen; the rest is on the stack. */
#define HB_SPARSE_TILE(SUMS, CONSTANTS, OUTPUT)                                                                        \
    __asm volatile(".balign 4\n"                                                                                       \
                   "0:\n" SUMS HB_SPARSE_EIGHT_OUTPUTS(CONSTANTS, OUTPUT)                                              \
                   : [a0] "=&r"(a0), [a1] "=&r"(a1), [a2] "=&r"(a2), [a3] "=&r"(a3), [a4] "=&r"(a4), [a5] "=&r"(a5),   \
                     [a6] "=&r"(a6), [a7] "=&r"(a7), [x0] "=&r"(x0), [x1] "=&r"(x1), [weight] "=&r"(weight),           \
                     [t] "=&r"(t), [tile] "=&r"(tile), [stream] "+&r"(stream), [out] "+m"(out)                         \
                   : [tiles] "m"(tiles), [stride] "m"(stride), [end] "m"(end)                                          \
                   : "cc", "memory")

/* What plain C takes from the end of a channel, whose entries stop at `stop`, and the output that it makes of a sum. */
HB_KERNEL hb_dsp_channel hb_sparse_constants(const uint8_t *head, const uint8_t *stop, int staircase,
                                             const uint8_t **next)
{
    const uint8_t *const at = head + (stop - head + 3) / 4 * 4;
    const hb_dsp_channel channel = {(int32_t)hb_load32(head), (int32_t)hb_load32(at), (int32_t)hb_load32(at + 4),
                                    staircase ? HB_STAIRCASE_SHIFT : (int32_t)hb_load32(at + 8)};
    *next = at + (staircase ? 8 : 12);
    return channel;
}

HB_KERNEL int8_t hb_sparse_output(int32_t sum, hb_dsp_channel channel, int staircase)
{
    return staircase ? hb_staircase_output(sum, channel) : hb_dsp_output(sum, channel);
}

/* All output channels of the eight pixels of a tile, which has eight 16-bit numbers in each place, one term of each
 * pixel. Pixel i of a channel goes to out[i * stride]. */
HB_KERNEL void hb_singles_8(const int16_t *tiles, const uint8_t *stream, int32_t channels, int32_t stride, int8_t *out,
                            int staircase)
{
    const int8_t *const end = out + channels;
#ifdef __ARM_FEATURE_DSP
    const int16_t *tile;
    int32_t a0, a1, a2, a3, a4, a5, a6, a7, x0, x1, weight, t;
    if (staircase) {
        HB_SPARSE_TILE(HB_SINGLES_8, HB_SPARSE_STAIRCASE_CONSTANTS, HB_SPARSE_STAIRCASE_OUTPUT);
    } else {
        HB_SPARSE_TILE(HB_SINGLES_8, HB_SPARSE_DOUBLED_CONSTANTS, HB_SPARSE_DOUBLED_OUTPUT);
    }
#else
    for (; out < end; out++) {
        uint32_t sums[8] = {0};
        const uint8_t *entry = stream + 5;
        if (*entry == HB_SPARSE_END) {
            for (int32_t i = 0; i < 8; i++) {
                out[i * stride] = (int8_t)stream[0];
            }
            stream += 8;
            continue;
        }
        for (const int16_t *x = tiles; *entry != HB_SPARSE_END; entry += 2) {
            x += 8 * *entry;
            for (int32_t i = 0; i < 8; i++) {
                sums[i] += (uint32_t)(x[i] * (int8_t)entry[1]);
            }
        }
        const hb_dsp_channel channel = hb_sparse_constants(stream, entry + 1, staircase, &stream);
        for (int32_t i = 0; i < 8; i++) {
            out[i * stride] = hb_sparse_output((int32_t)((uint32_t)channel.bias + sums[i]), channel, staircase);
        }
    }
#endif
}

/* One single with one pixel, 6 cycles on a Cortex-M4. */
#define HB_SINGLE_1(weight_at, gap_at)                                                                                 \
    "add.w %[tile], %[tile], %[t]\n"                                                                                   \
    "ldrb.w %[x0], [%[tile]]\n"                                                                                        \
    "ldrsb.w %[weight], [%[stream], #" weight_at "]\n"                                                                 \
    "ldrb.w %[t], [%[stream], #" gap_at "]\n"                                                                          \
    "smlabb %[sum], %[x0], %[weight], %[sum]\n"
#define HB_SINGLE_1_ENTRY(place) HB_SINGLE_1("2*" place "-16", "2*" place "-15")
#define HB_SINGLES_1(CONSTANTS, OUTPUT, bits)                                                                          \
    __asm volatile(".balign 4\n"                                                                                       \
                   "0:\n"                                                                                              \
                   "mov.w %[tile], %[pixel]\n"                                                                         \
                   "ldr.w %[bias], [%[stream]]\n"                                                                      \
                   "ldrb.w %[t], [%[stream], #5]\n"                                                                    \
                   "mov.w %[sum], #0\n"                                                                                \
                   "add.w %[stream], %[stream], #8\n"                                                                  \
                   "cmp.w %[t], #255\n"                                                                                \
                   "beq.w 5f\n" HB_SINGLE_1("-2", "-1")                                                                \
                       HB_SPARSE_ROUNDS(HB_SINGLE_1_ENTRY, "1", "20", HB_SINGLES_JUMP, HB_SINGLES_MORE)                \
                           HB_SINGLES_ALIGN CONSTANTS "add.w %[bias], %[bias], %[sum], lsl #" bits                     \
                                                      "\n" OUTPUT("bias") "5:\n"                                       \
                                                                          "strb.w %[bias], [%[out]], #1\n"             \
                                                                          "cmp.w %[out], %[end]\n"                     \
                                                                          "bne.w 0b\n"                                 \
                   : [sum] "=&r"(sum), [bias] "=&r"(bias), [x0] "=&r"(x0), [x1] "=&r"(x1), [weight] "=&r"(weight),     \
                     [t] "=&r"(t), [tile] "=&r"(tile), [stream] "+&r"(stream), [out] "+&r"(out)                        \
                   : [pixel] "r"(pixel), [end] "r"(end)                                                                \
                   : "cc", "memory")

/* All output channels of one pixel, whose terms are the bytes x + 128. */
HB_KERNEL void hb_singles_1(const uint8_t *pixel, const uint8_t *stream, int32_t channels, int8_t *out, int staircase)
{
    const int8_t *const end = out + channels;
#ifdef __ARM_FEATURE_DSP
    const uint8_t *tile;
    int32_t sum, bias, x0, x1, weight, t;
    if (staircase) {
        HB_SINGLES_1(HB_SPARSE_STAIRCASE_CONSTANTS, HB_SPARSE_STAIRCASE_OUTPUT, "7");
    } else {
        HB_SINGLES_1(HB_SPARSE_DOUBLED_CONSTANTS, HB_SPARSE_DOUBLED_OUTPUT, "1");
    }
#else
    for (; out < end; out++) {
        uint32_t sum = 0;
        const uint8_t *entry = stream + 5;
        if (*entry == HB_SPARSE_END) {
            *out = (int8_t)stream[0];
            stream += 8;
            continue;
        }
        for (const uint8_t *x = pixel; *entry != HB_SPARSE_END; entry += 2) {
            x += *entry;
            sum += (uint32_t)(*x * (int8_t)entry[1]);
        }
        const hb_dsp_channel channel = hb_sparse_constants(stream, entry + 1, staircase, &stream);
        sum = (uint32_t)channel.bias + (sum << (staircase ? HB_STAIRCASE : HB_DOUBLED));
        *out = hb_sparse_output((int32_t)sum, channel, staircase);
    }
#endif
}

/* Four terms of two pixels: 17 cycles on a Cortex-M4. `even` and `odd` shift bytes to where the mask takes them. */
#define HB_SPREAD_FOUR(even, odd)                                                                                      \
    "ldr.w %[a], [%[left]], #4\n"                                                                                      \
    "ldr.w %[b], [%[right]], #4\n"                                                                                     \
    "eor.w %[a], %[a], #0x80808080\n"                                                                                  \
    "eor.w %[b], %[b], #0x80808080\n"                                                                                  \
    "and.w %[a02], %[mask], %[a], lsl #" even "\n"                                                                     \
    "and.w %[b02], %[mask], %[b], lsl #" even "\n"                                                                     \
    "and.w %[a], %[mask], %[a], lsr #" odd "\n"                                                                        \
    "and.w %[b], %[mask], %[b], lsr #" odd "\n"                                                                        \
    "pkhbt %[t], %[a02], %[b02], lsl #16\n"                                                                            \
    "str.w %[t], [%[tile]], #64\n"                                                                                     \
    "pkhbt %[t], %[a], %[b], lsl #16\n"                                                                                \
    "str.w %[t], [%[tile], #-48]\n"                                                                                    \
    "pkhtb %[t], %[b02], %[a02], asr #16\n"                                                                            \
    "str.w %[t], [%[tile], #-32]\n"                                                                                    \
    "pkhtb %[t], %[b], %[a], asr #16\n"                                                                                \
    "str.w %[t], [%[tile], #-16]\n"

/* FOURS is written out, not repeated by the assembler: the compiler counts lines to know how far constants are. */
#define HB_SPREAD_SINGLES(FOURS)                                                                                       \
    __asm volatile("1:\n" FOURS "cmp.w %[left], %[end]\n"                                                              \
                   "bne.w 1b\n"                                                                                        \
                   : [left] "+&r"(left), [right] "+&r"(right), [tile] "+&r"(tile), [a] "=&r"(a), [b] "=&r"(b),         \
                     [a02] "=&r"(a02), [b02] "=&r"(b02), [t] "=&r"(t)                                                  \
                   : [mask] "r"(UINT32_C(0x00ff00ff) << bits), [end] "r"(end)                                          \
                   : "cc", "memory")

/* `count` terms of two pixels into a tile of eight, whose first two they are. */
HB_KERNEL void hb_spread_singles(const int8_t *left, const int8_t *right, int32_t count, int32_t bits, uint32_t *tile)
{
    const int8_t *const end = left + count / 4 * 4;
#ifdef __ARM_FEATURE_DSP
    uint32_t a, b, a02, b02, t;
    if (count >= 4 && bits == HB_STAIRCASE) {
        if (count / 4 % 2 == 0) {
            HB_SPREAD_SINGLES(HB_SPREAD_FOUR("7", "1") HB_SPREAD_FOUR("7", "1"));
        } else {
            HB_SPREAD_SINGLES(HB_SPREAD_FOUR("7", "1"));
        }
    } else if (count >= 4) {
        if (count / 4 % 2 == 0) {
            HB_SPREAD_SINGLES(HB_SPREAD_FOUR("1", "7") HB_SPREAD_FOUR("1", "7"));
        } else {
            HB_SPREAD_SINGLES(HB_SPREAD_FOUR("1", "7"));
        }
    }
#else
    for (; left != end; left += 4, right += 4, tile += 16) {
        hb_split_pixels(hb_load32(left), hb_load32(right), 128, bits, tile, 4);
    }
#endif
    for (int32_t i = 0; i < count % 4; i++, tile += 4) {
        *tile = (uint32_t)(left[i] + 128) << bits | (uint32_t)(right[i] + 128) << (16 + bits);
    }
}

/* `count` bytes as x + 128; also in place. */
HB_KERNEL void hb_flip_bytes(const int8_t *bytes, int32_t count, uint8_t *flipped)
{
    int32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        const uint32_t word = hb_load32(bytes + i) ^ 0x80808080;
        memcpy(flipped + i, &word, 4);
    }
    for (; i < count; i++) {
        flipped[i] = (uint8_t)(bytes[i] + 128);
    }
}

/* One copy of each serves all steps of a model, so that its loop stays in the cache of the flash. */
HB_SHARED void hb_singles_8_doubled(const int16_t *tiles, const uint8_t *stream, int32_t channels, int32_t stride,
                                    int8_t *out)
{
    hb_singles_8(tiles, stream, channels, stride, out, 0);
}

HB_SHARED void hb_singles_8_staircase(const int16_t *tiles, const uint8_t *stream, int32_t channels, int32_t stride,
                                      int8_t *out)
{
    hb_singles_8(tiles, stream, channels, stride, out, 1);
}

HB_SHARED void hb_singles_1_doubled(const uint8_t *pixel, const uint8_t *stream, int32_t channels, int8_t *out)
{
    hb_singles_1(pixel, stream, channels, out, 0);
}

HB_SHARED void hb_singles_1_staircase(const uint8_t *pixel, const uint8_t *stream, int32_t channels, int8_t *out)
{
    hb_singles_1(pixel, stream, channels, out, 1);
}

#endif
