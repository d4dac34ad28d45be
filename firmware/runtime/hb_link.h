/* The link: frames on the serial line. hilbench/wire/frame.py describes them and is the same in Python. */
#ifndef HB_LINK_H
#define HB_LINK_H

#include <stdbool.h>
#include <stdint.h>

#define HB_LINK_VERSION 1u
#define HB_PAYLOAD_MAX 256u
#define HB_HEADER_BYTES 8u
#define HB_CRC_BYTES 4u
#define HB_FRAME_MAX (HB_HEADER_BYTES + HB_PAYLOAD_MAX + HB_CRC_BYTES)

enum {
    HB_HELLO = 1,
    HB_PING = 2,
    HB_INPUT = 3,
    HB_RUN = 4,
    HB_SAMPLE = 5,
    HB_WATERMARK = 6,
    HB_OUTPUT = 7,
    HB_ROWS = 8,
    HB_FAULT = 0x41,
    HB_LOG = 0x42,
    HB_WANT = 0x43,
    HB_ANSWER = 0x80,
    HB_REFUSED = 0xFF,
};

/* A frame as it is in memory: header and payload, then four bytes of room for the CRC. */
typedef struct {
    uint16_t length; /* of the payload */
    uint8_t bytes[HB_FRAME_MAX];
} hb_frame;

/* A receiver: bytes go in one at a time; what is not a good frame is counted and dropped. */
typedef struct {
    hb_frame frame;
    uint16_t filled;
    uint8_t left;    /* bytes until the next code byte */
    bool zero_after; /* the run that ends now stands for a zero byte */
    bool bad;
    uint32_t dropped;
} hb_receiver;

uint32_t hb_crc32(const uint8_t *data, uint32_t length);

/* Little-endian numbers at any address. */
uint16_t hb_get16(const uint8_t *at);
uint32_t hb_get32(const uint8_t *at);
void hb_put16(uint8_t *at, uint16_t value);
void hb_put32(uint8_t *at, uint32_t value);
void hb_put64(uint8_t *at, uint64_t value);

static inline uint8_t hb_frame_kind(const hb_frame *frame)
{
    return frame->bytes[1];
}

static inline uint16_t hb_frame_sequence(const hb_frame *frame)
{
    return hb_get16(frame->bytes + 2);
}

static inline uint32_t hb_frame_nonce(const hb_frame *frame)
{
    return hb_get32(frame->bytes + 4);
}

static inline uint8_t *hb_frame_payload(hb_frame *frame)
{
    return frame->bytes + HB_HEADER_BYTES;
}

/* Write the header; the payload's length is 0 until somebody says otherwise. */
void hb_frame_begin(hb_frame *frame, uint8_t kind, uint16_t sequence, uint32_t nonce);

/* Close the frame with its CRC and give it, stuffed, to `put` byte by byte. Sending it twice is allowed. */
void hb_frame_send(hb_frame *frame, void (*put)(uint8_t));

/* Take one byte; true when it completes a good frame, which then lies in receiver->frame until the next byte. */
bool hb_receive(hb_receiver *receiver, uint8_t byte);

#endif
