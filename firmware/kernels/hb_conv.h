/* Arguments of the convolution kernels.
 *
 * Weights are [out_channels][kernel_h][kernel_w][group_inputs] for CONV_2D and [kernel_h][kernel_w][out_channels] for
 * DEPTHWISE_CONV_2D. Sparse weights are kept per tap (out channel, row, column) in that order: `counts` entries each,
 * an entry being a weight in `values` and in `gaps` the distance from the channel of the entry before it (from channel
 * 0 for the first); a distance over 254 is bridged by entries of weight 0.
 */
#ifndef HB_CONV_H
#define HB_CONV_H

#include "hb_kernel.h"

typedef struct {
    int32_t in_rows, in_cols, in_channels, out_channels;
    int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    int32_t groups, group_inputs, group_outputs; /* CONV_2D */
    int32_t channel_multiplier;                  /* DEPTHWISE_CONV_2D */
    int32_t input_offset, output_offset, low, high;
    int32_t tile_words, tile_pixels; /* CONV_2D with SMLAD: words that a pixel reads, and pixels of a tile */
    int32_t winograd_tiles;          /* CONV_2D 3x3: tiles that are transformed at a time */
    int32_t terms;                   /* CONV_2D: weights per output channel */
    int32_t packed_quads, packed_pixels, padded; /* packed weights: quads of a pixel, pixels of a tile; any padding? */
    int32_t packed_band;                         /* and bytes that what a tile reads may take, copied with padding */
    int32_t tall, pair_depth; /* DEPTHWISE_CONV_2D with SMLAD: whether windows are swept down; pairs of rows kept */
    const int8_t *weights, *values;
    const uint8_t *gaps;
    const uint16_t *counts;
    const int32_t *sweep_records, *sweep_taps;         /* the same: what a channel needs, of 3x3 and of other windows */
    const int32_t *pixel_records, *pixel_pair_records; /* what four channels need, and two */
    const int8_t *pixel_padding;                       /* a pixel of padding */
    const int32_t *bias, *multiplier;
    const int8_t *shift;
    const int8_t *packed;                              /* weights of hb_packed.h */
    const int32_t *packed_channels, *packed_staircase; /* and its records, for both requantizations */
    int32_t pixels_collected;                 /* whether windows are put together (conv_2d_pixels_dsp_int8.h) */
    const int32_t *pixels, *pixels_staircase; /* streams of hb_pixels.h, for both requantizations */
    const int8_t *pixels_padding;             /* zero points in the place of a row of a window */
    const int8_t *pair_weights;               /* as hb_thumb.h reads them */
    const int32_t *pair_bias, *pair_channels; /* hb_pair_channels */
    const int32_t *whole_bias;                /* makes sums of products of plain bytes whole */
    const int8_t *quad_weights;               /* DEPTHWISE_CONV_2D: of four channels, tap by tap */
    const int32_t *quad_channels;             /* hb_quad_channels */
    const int32_t *winograd_weights, *winograd_row_weights,
        *winograd_channels;                                      /* transformed; an hb_dsp_channel each */
    const int32_t *sparse_singles, *sparse_pairs, *sparse_quads; /* CONV_2D: streams of hb_sparse.h */
    int32_t staircase;                                           /* which outputs they are for */
    const int8_t *channel_values; /* CONV_2D: sparse weights of whole output channels, terms in the place of channels */
    const uint8_t *channel_gaps;
    const uint16_t *channel_counts;
    const int32_t *thumb_channels; /* hb_thumb_channel */
} hb_conv_int8_args;

typedef struct {
    int32_t in_rows, in_cols, in_channels, out_channels;
    int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    int32_t groups, group_inputs, group_outputs;
    int32_t channel_multiplier;
    float low, high;
    const float *weights, *values;
    const uint8_t *gaps;
    const uint16_t *counts;
    const float *bias;
    const float *channel_values; /* CONV_2D: the same of whole output channels, terms in the place of channels */
    const uint8_t *channel_gaps;
    const uint16_t *channel_counts;
} hb_conv_float32_args;

#endif
