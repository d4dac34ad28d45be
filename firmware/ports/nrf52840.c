/* nRF52840 (Nordic Product Specification v1.7) on its DK: UART0 on P0.06 and P0.08.
 *
 * The core runs at 64 MHz either way. Profiles: HB_CLOCK_RESET leaves the internal oscillator and the flash without its
 * cache; any other one takes the crystal and turns the instruction cache on (PS 4.3.2, NVMC.ICACHECNF).
 */
#include "hb_port.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define CLOCK_HFCLKSTART REGISTER(0x40000000u)
#define CLOCK_HFCLKSTARTED REGISTER(0x40000100u)
#define APPROTECT_DISABLE REGISTER(0x40000558u)
#define UICR_APPROTECT REGISTER(0x10001208u)
#define DEBUG_PORT_OPEN 0x5Au /* HwDisabled, SwDisable */
#define NVMC_ICACHECNF REGISTER(0x4001E540u)
#define P0_OUTSET REGISTER(0x50000508u)
#define P0_DIRSET REGISTER(0x50000518u)
#define P0_PIN_CNF(pin) REGISTER(0x50000700u + 4 * (pin))

#define UART_REGISTER(offset) REGISTER(0x40002000u + (offset))
#define UART_STARTRX UART_REGISTER(0x000)
#define UART_STARTTX UART_REGISTER(0x008)
#define UART_RXDRDY UART_REGISTER(0x108)
#define UART_TXDRDY UART_REGISTER(0x11C)
#define UART_ERRORSRC UART_REGISTER(0x480)
#define UART_ENABLE UART_REGISTER(0x500)
#define UART_PSELTXD UART_REGISTER(0x50C)
#define UART_PSELRXD UART_REGISTER(0x514)
#define UART_RXD UART_REGISTER(0x518)
#define UART_TXD UART_REGISTER(0x51C)
#define UART_BAUDRATE UART_REGISTER(0x524)

#define TX_PIN 6u
#define RX_PIN 8u
#define CORE_HZ 64000000u

#if HB_BAUD == 115200
#define BAUDRATE 0x01D7E000u
#elif HB_BAUD == 230400
#define BAUDRATE 0x03AFB000u
#elif HB_BAUD == 460800
#define BAUDRATE 0x075F7000u
#elif HB_BAUD == 921600
#define BAUDRATE 0x0EBED000u
#elif HB_BAUD == 1000000
#define BAUDRATE 0x10000000u
#else
#error "serial.baud of an nRF52840: 115200, 230400, 460800, 921600 or 1000000"
#endif

const uint8_t hb_port_counter = HB_COUNTER_DWT;

uint32_t hb_port_clock_hz(void)
{
    return CORE_HZ; /* the chip has no other */
}

/* Since build code Fxx the debug port stays shut after a reset unless UICR opens it and the firmware says so too (PS,
 * access port protection); older chips know 0x00 and 0xFF in UICR only, and have no such register. */
static void keep_debug_port_open(void)
{
    if ((UICR_APPROTECT & 0xFFu) == DEBUG_PORT_OPEN) {
        APPROTECT_DISABLE = DEBUG_PORT_OPEN;
    }
}

void hb_port_init(void)
{
    keep_debug_port_open();
#if !defined(HB_CLOCK_RESET)
    CLOCK_HFCLKSTARTED = 0;
    CLOCK_HFCLKSTART = 1;
    while (!CLOCK_HFCLKSTARTED) {
    }
    NVMC_ICACHECNF = 1;
#endif
    P0_OUTSET = 1u << TX_PIN;
    P0_DIRSET = 1u << TX_PIN;
    P0_PIN_CNF(RX_PIN) = 0; /* input, connected, no pull */
    UART_PSELTXD = TX_PIN;
    UART_PSELRXD = RX_PIN;
    UART_BAUDRATE = BAUDRATE;
    UART_ENABLE = 4;
    UART_STARTRX = 1;
    UART_STARTTX = 1;
}

uint8_t hb_port_get(void)
{
    while (!UART_RXDRDY) {
        if (UART_ERRORSRC) {
            UART_ERRORSRC = UART_ERRORSRC;
        }
    }
    UART_RXDRDY = 0;
    return (uint8_t)UART_RXD;
}

void hb_port_put(uint8_t byte)
{
    UART_TXDRDY = 0;
    UART_TXD = byte;
    while (!UART_TXDRDY) {
    }
}
