/* The target's side of the protocol: one answer for each command, kept so that a repeated command gets it again. */
#include "hb_link.h"
#include "hb_port.h"
#include "hb_runtime.h"

#ifndef HB_BUILD_ID
#error "HB_BUILD_ID: the identity of this build, 16 characters"
#endif

enum {
    REFUSED_UNKNOWN = 1,
    REFUSED_MALFORMED,
    REFUSED_INPUT,
    REFUSED_OUTPUT,
    REFUSED_RANGE,
};

enum {
    REGION_ARENA,
    REGION_STACK,
    REGION_HARNESS_STACK,
};

hb_platform_info hb_platform;

static hb_receiver receiver;
static hb_frame answer;
static hb_request received; /* the rows of a streamed input that lie in the receiver */
static uint32_t nonce;
static bool answered; /* `answer` is that of the last command */

/* What of a streamed input lies in the receiver's frame, which stays as it is until something is waited for. */
static struct {
    uint8_t input;
    uint16_t length;
    uint32_t offset;
} ahead;

static void refuse(uint8_t reason)
{
    answer.bytes[1] = HB_REFUSED;
    *hb_frame_payload(&answer) = reason;
    answer.length = 1;
}

static bool is_reread(uint32_t index)
{
    return hb_model.input[index].offset == HB_REREAD;
}

static bool is_streamed(uint32_t index)
{
    return hb_model.input[index].offset == HB_STREAMED || is_reread(index);
}

static void hello(void)
{
    static const char build_id[16] __attribute__((nonstring)) = HB_BUILD_ID;
    uint8_t *to = hb_frame_payload(&answer);
    hb_arena_forget();
    for (uint32_t i = 0; i < sizeof build_id; i++) {
        to[i] = (uint8_t)build_id[i];
    }
    hb_put32(to + 16, hb_platform.cpuid);
    hb_put32(to + 20, hb_port_clock_hz());
    to[24] = hb_platform.counter;
    to[25] = hb_platform.guards;
    hb_put32(to + 26, hb_platform.empty_step_ticks);
    hb_put32(to + 30, hb_platform.loop_ticks);
    hb_put16(to + 34, hb_model.steps);
    to[36] = (uint8_t)hb_model.inputs;
    to[37] = (uint8_t)hb_model.outputs;
    to[38] = 0;
    to[39] = 0;
    for (uint32_t i = 0; i < hb_model.inputs && i < 8; i++) {
        to[38] |= (uint8_t)(is_streamed(i) << i);
        to[39] |= (uint8_t)(is_reread(i) << i);
    }
    answer.length = 40;
}

static void ping(const uint8_t *payload, uint32_t length)
{
    uint8_t *to = hb_frame_payload(&answer);
    for (uint32_t i = 0; i < length; i++) {
        to[i] = payload[i];
    }
    answer.length = (uint16_t)length;
}

static void input(const uint8_t *payload, uint32_t length)
{
    if (length < 5) {
        refuse(REFUSED_MALFORMED);
        return;
    }
    uint32_t offset = hb_get32(payload + 1), bytes = length - 5;
    if (payload[0] >= hb_model.inputs || is_streamed(payload[0])) {
        refuse(REFUSED_INPUT);
        return;
    }
    const hb_port *port = &hb_model.input[payload[0]];
    if (offset > port->bytes || bytes > port->bytes - offset) {
        refuse(REFUSED_RANGE);
        return;
    }
    uint8_t *to = hb_model.arena + port->offset + offset;
    for (uint32_t i = 0; i < bytes; i++) {
        to[i] = payload[5 + i];
    }
    hb_arena_touched(port->offset + offset + bytes);
}

/* Requests for input use both buffers, so the answer is begun again. */
static void run(uint16_t sequence)
{
    received.bytes = 0;
    ahead.length = 0;
    uint64_t ticks = hb_steps_run();
    hb_frame_begin(&answer, HB_RUN | HB_ANSWER, sequence, nonce);
    hb_put64(hb_frame_payload(&answer), ticks);
    answer.length = 8;
}

static void sample(const uint8_t *payload, uint32_t length)
{
    if (length != 2) {
        refuse(REFUSED_MALFORMED);
        return;
    }
    uint8_t *to = hb_frame_payload(&answer);
    uint32_t step = hb_get16(payload), at = 2;
    hb_put16(to, (uint16_t)step);
    for (; step < hb_model.steps && at + 8 <= HB_PAYLOAD_MAX; step++, at += 8) {
        hb_put64(to + at, hb_steps_ticks((uint16_t)step));
    }
    answer.length = (uint16_t)at;
}

static void put_mark(uint8_t region, hb_mark mark)
{
    uint8_t *to = hb_frame_payload(&answer) + answer.length;
    to[0] = region;
    hb_put32(to + 1, mark.used);
    hb_put32(to + 5, mark.size);
    answer.length += 9;
}

static void watermark(void)
{
    hb_mark arena = {hb_arena_used(), hb_model.arena_bytes};
    put_mark(REGION_ARENA, arena);
    put_mark(REGION_STACK, hb_platform_stack());
    put_mark(REGION_HARNESS_STACK, hb_platform_harness_stack());
}

static void output(const uint8_t *payload, uint32_t length)
{
    if (length != 5) {
        refuse(REFUSED_MALFORMED);
        return;
    }
    uint32_t offset = hb_get32(payload + 1), room = HB_PAYLOAD_MAX - 9;
    if (payload[0] >= hb_model.outputs) {
        refuse(REFUSED_OUTPUT);
        return;
    }
    const hb_port *port = &hb_model.output[payload[0]];
    if (offset > port->bytes) {
        refuse(REFUSED_RANGE);
        return;
    }
    uint32_t bytes = port->bytes - offset < room ? port->bytes - offset : room;
    uint8_t *to = hb_frame_payload(&answer);
    to[0] = payload[0];
    hb_put32(to + 1, offset);
    hb_put32(to + 5, port->bytes);
    for (uint32_t i = 0; i < bytes; i++) {
        to[9 + i] = hb_model.arena[port->offset + offset + i];
    }
    answer.length = (uint16_t)(9 + bytes);
}

static void execute(hb_frame *command)
{
    const uint8_t *payload = hb_frame_payload(command);
    uint8_t kind = hb_frame_kind(command);
    hb_frame_begin(&answer, kind | HB_ANSWER, hb_frame_sequence(command), nonce);
    switch (kind) {
    case HB_HELLO:
        hello();
        break;
    case HB_PING:
        ping(payload, command->length);
        break;
    case HB_INPUT:
        input(payload, command->length);
        break;
    case HB_RUN:
        run(hb_frame_sequence(command));
        break;
    case HB_SAMPLE:
        sample(payload, command->length);
        break;
    case HB_WATERMARK:
        watermark();
        break;
    case HB_OUTPUT:
        output(payload, command->length);
        break;
    default:
        refuse(REFUSED_UNKNOWN);
    }
}

static void next_command(void)
{
    while (!hb_receive(&receiver, hb_port_get())) {
    }
}

/* HELLO with a new nonce begins a new run; anything else of another nonce belongs to a run that is over. */
static bool is_ours(const hb_frame *command)
{
    if (hb_frame_nonce(command) == nonce && nonce != 0) {
        return true;
    }
    if (hb_frame_kind(command) != HB_HELLO) {
        return false;
    }
    nonce = hb_frame_nonce(command);
    answered = false;
    return true;
}

static void want(uint16_t sequence)
{
    uint8_t *to = hb_frame_payload(&answer);
    hb_frame_begin(&answer, HB_WANT, sequence, nonce);
    to[0] = ahead.input;
    hb_put32(to + 1, ahead.offset);
    hb_put16(to + 5, ahead.length);
    answer.length = 7;
    hb_frame_send(&answer, hb_port_put);
}

/* Wait for the rows wanted last. The host repeats its RUN when it hears nothing, which is when the want is repeated. */
static void await_rows(uint16_t sequence)
{
    const hb_frame *frame = &receiver.frame;
    for (;;) {
        next_command();
        if (!is_ours(frame)) {
            continue;
        }
        if (hb_frame_kind(frame) == HB_RUN) {
            hb_frame_send(&answer, hb_port_put);
        } else if (hb_frame_kind(frame) == HB_ROWS && hb_frame_sequence(frame) == sequence) {
            return;
        }
    }
}

static bool is_ahead(const hb_request *request)
{
    return request->input == ahead.input && request->offset - ahead.offset < ahead.length;
}

/* As many bytes as a frame holds, from the first one asked for on. */
static void read_ahead(const hb_request *request)
{
    static uint16_t sequence;
    uint32_t left = hb_model.input[request->input].bytes - request->offset;
    ahead.input = request->input;
    ahead.offset = request->offset;
    ahead.length = (uint16_t)(left < HB_PAYLOAD_MAX ? left : HB_PAYLOAD_MAX);
    want(++sequence);
    await_rows(sequence);
}

void hb_serve_request(const hb_request *request)
{
    hb_request rest = *request;
    for (; rest.bytes > 0; rest.bytes--) {
        if (!is_ahead(&rest)) {
            read_ahead(&rest);
        }
        *rest.to++ = hb_frame_payload(&receiver.frame)[rest.offset++ - ahead.offset];
    }
}

/* Uses the answer's buffer: allowed only before a command is executed. */
static void say(const char *text)
{
    hb_frame_begin(&answer, HB_LOG, 0, nonce);
    for (; text[answer.length] != 0 && answer.length < HB_PAYLOAD_MAX; answer.length++) {
        hb_frame_payload(&answer)[answer.length] = (uint8_t)text[answer.length];
    }
    hb_frame_send(&answer, hb_port_put);
}

static void serve(hb_frame *command)
{
    if (hb_frame_kind(command) == HB_ROWS) {
        return; /* comes late: it was sent twice */
    }
    bool again = answered && hb_frame_sequence(command) == hb_frame_sequence(&answer);
    if (!again) {
        if (hb_frame_kind(command) == HB_HELLO && hb_platform.note) {
            say(hb_platform.note);
        }
        execute(command);
        answered = true;
    }
    hb_frame_send(&answer, hb_port_put);
}

void hb_serve(void)
{
    for (;;) {
        next_command();
        if (is_ours(&receiver.frame)) {
            serve(&receiver.frame);
        }
    }
}

void hb_serve_fault(const hb_fault *fault)
{
    const uint32_t registers[] = {fault->pc,   fault->lr,      fault->psr, fault->cfsr,
                                  fault->hfsr, fault->address, fault->sp};
    for (;;) {
        hb_frame_begin(&answer, HB_FAULT, 0, nonce);
        uint8_t *to = hb_frame_payload(&answer);
        to[0] = fault->kind;
        hb_put16(to + 1, fault->step);
        for (uint32_t i = 0; i < 7; i++) {
            hb_put32(to + 3 + 4 * i, registers[i]);
        }
        answer.length = 31;
        hb_frame_send(&answer, hb_port_put);
        do {
            next_command();
        } while (!is_ours(&receiver.frame));
    }
}
