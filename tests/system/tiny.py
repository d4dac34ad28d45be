"""A small model written by hand: it doubles, adds one, and reverses eight bytes, with a place for a crime."""

from __future__ import annotations

MODEL = """
#include "hb_model.h"

#define ARENA_BYTES {arena}

static uint8_t arena[ARENA_BYTES] __attribute__((section(".arena"), aligned(16)));

__attribute__((noinline)) static void hb_step_00_double(void)
{{
    for (int i = 0; i < 8; i++) {{
        arena[8 + i] = (uint8_t)(2 * arena[i]);
    }}
}}

__attribute__((noinline)) static void hb_step_01_add(void)
{{
    for (int i = 0; i < 8; i++) {{
        arena[16 + i] = (uint8_t)(1 + arena[8 + i]);
    }}
    {crime}
}}

__attribute__((noinline)) static void hb_step_02_reverse(void)
{{
    for (int i = 0; i < 8; i++) {{
        arena[ARENA_BYTES - 1 - i] = arena[16 + i];
    }}
}}

static void run(void)
{{
    hb_step_begin(0);
    hb_step_00_double();
    hb_step_begin(1);
    hb_step_01_add();
    hb_step_begin(2);
    hb_step_02_reverse();
    hb_step_begin(3);
}}

static const hb_port inputs[] = {{{{0, 8}}}};
static const hb_port outputs[] = {{{{ARENA_BYTES - 8, 8}}}};
const hb_model_info hb_model = {{arena, ARENA_BYTES, 3, 1, 1, inputs, outputs, run}};
"""


def tiny(crime: str = "", arena: int = 40, before: str = "") -> dict[str, str]:
    """Sources of the model; `crime` is a statement in step 1, `before` a declaration it may need."""
    return {"model.c": before + MODEL.format(crime=crime, arena=arena)}


STREAMED_BYTES = 600


def streaming(how: str = "HB_STREAMED", before: str = "") -> dict[str, str]:
    """The same model, whose input comes in pieces while it runs, and is more than one frame holds.

    `how` says whether it comes once; `before` is a statement before the pieces that count are asked for.
    """
    text = tiny()["model.c"].replace("{{0, 8}}", f"{{{{{how}, {STREAMED_BYTES}}}}}")
    fetch = before + "hb_input_fetch(0, 0, 3, arena);\n    hb_input_fetch(0, 254, 5, arena + 3);\n"
    return {"model.c": text.replace("hb_step_begin(0);", "hb_step_begin(0);\n    " + fetch)}


def streamed(data: bytes) -> bytes:
    """An input of which the streaming model sees eight bytes."""
    return (data[:3] + bytes(251) + data[3:]).ljust(STREAMED_BYTES, b"\1")


def expected(data: bytes) -> bytes:
    """What the model makes of eight bytes."""
    return bytes((2 * byte + 1) & 0xFF for byte in reversed(data))
