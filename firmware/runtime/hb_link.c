#include "hb_link.h"

uint16_t hb_get16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

uint32_t hb_get32(const uint8_t *at)
{
    return hb_get16(at) | (uint32_t)hb_get16(at + 2) << 16;
}

void hb_put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

void hb_put32(uint8_t *at, uint32_t value)
{
    hb_put16(at, (uint16_t)value);
    hb_put16(at + 2, (uint16_t)(value >> 16));
}

void hb_put64(uint8_t *at, uint64_t value)
{
    hb_put32(at, (uint32_t)value);
    hb_put32(at + 4, (uint32_t)(value >> 32));
}

/* CRC-32 of IEEE 802.3, reflected, four bits at a time: a table of 64 bytes instead of 1 KiB. */
uint32_t hb_crc32(const uint8_t *data, uint32_t length)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = 0xffffffffu;
    for (uint32_t i = 0; i < length; i++) {
        crc ^= data[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

void hb_frame_begin(hb_frame *frame, uint8_t kind, uint16_t sequence, uint32_t nonce)
{
    frame->length = 0;
    frame->bytes[0] = HB_LINK_VERSION;
    frame->bytes[1] = kind;
    hb_put16(frame->bytes + 2, sequence);
    hb_put32(frame->bytes + 4, nonce);
}

/* The number of bytes from `at` on, at most 254, that come before a zero byte or the end. */
static uint32_t run_length(const uint8_t *at, const uint8_t *end)
{
    uint32_t run = 0;
    while (at + run < end && at[run] != 0 && run < 254) {
        run++;
    }
    return run;
}

void hb_frame_send(hb_frame *frame, void (*put)(uint8_t))
{
    uint32_t body = HB_HEADER_BYTES + frame->length;
    hb_put32(frame->bytes + body, hb_crc32(frame->bytes, body));
    const uint8_t *at = frame->bytes, *end = at + body + HB_CRC_BYTES;
    bool more = true;
    put(0);
    while (more) {
        uint32_t run = run_length(at, end);
        put((uint8_t)(run + 1));
        for (uint32_t i = 0; i < run; i++) {
            put(at[i]);
        }
        at += run;
        more = at < end; /* what stopped the run is a zero byte, or the run is full */
        if (more && run < 254) {
            at++;
        }
    }
    put(0);
}

static void store(hb_receiver *receiver, uint8_t byte)
{
    if (receiver->filled == HB_FRAME_MAX) {
        receiver->bad = true;
        return;
    }
    receiver->frame.bytes[receiver->filled++] = byte;
}

/* Whether what was collected is a frame; `left` not 0 means that a code promised more. */
static bool is_good(hb_receiver *receiver)
{
    uint32_t filled = receiver->filled;
    if (receiver->bad || receiver->left != 0 || filled < HB_HEADER_BYTES + HB_CRC_BYTES) {
        return false;
    }
    const uint8_t *bytes = receiver->frame.bytes;
    uint32_t body = filled - HB_CRC_BYTES;
    receiver->frame.length = (uint16_t)(body - HB_HEADER_BYTES);
    return hb_crc32(bytes, body) == hb_get32(bytes + body) && bytes[0] == HB_LINK_VERSION;
}

static bool end_of_frame(hb_receiver *receiver)
{
    bool nothing = receiver->filled == 0 && receiver->left == 0 && !receiver->zero_after && !receiver->bad;
    bool good = !nothing && is_good(receiver);
    if (!nothing && !good) {
        receiver->dropped++;
    }
    receiver->filled = 0;
    receiver->left = 0;
    receiver->zero_after = false;
    receiver->bad = false;
    return good;
}

bool hb_receive(hb_receiver *receiver, uint8_t byte)
{
    if (byte == 0) {
        return end_of_frame(receiver);
    }
    if (receiver->left > 0) {
        receiver->left--;
        store(receiver, byte);
        return false;
    }
    if (receiver->zero_after) {
        store(receiver, 0);
    }
    receiver->left = (uint8_t)(byte - 1);
    receiver->zero_after = byte != 255;
    return false;
}
