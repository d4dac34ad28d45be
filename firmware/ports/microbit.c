/* BBC micro:bit (nRF51822, Cortex-M0) as QEMU emulates it: UART at 0x40002000, and a SysTick, which the real nRF51
 * does not have.
 *
 * Registers: Nordic nRF51 Series Reference Manual 3.0, chapter 29 (UART).
 */
#include "hb_port.h"

#define UART_REGISTER(offset) (*(volatile uint32_t *)(0x40002000u + (offset)))
#define UART_STARTRX UART_REGISTER(0x000)
#define UART_STARTTX UART_REGISTER(0x008)
#define UART_RXDRDY UART_REGISTER(0x108)
#define UART_TXDRDY UART_REGISTER(0x11C)
#define UART_ENABLE UART_REGISTER(0x500)
#define UART_RXD UART_REGISTER(0x518)
#define UART_TXD UART_REGISTER(0x51C)
#define UART_BAUDRATE UART_REGISTER(0x524)
#define BAUDRATE_115200 0x01D7E000u

const uint8_t hb_port_counter = HB_COUNTER_SYSTICK;

void hb_port_init(void)
{
    UART_BAUDRATE = BAUDRATE_115200;
    UART_ENABLE = 4;
    UART_STARTRX = 1;
    UART_STARTTX = 1;
}

uint32_t hb_port_clock_hz(void)
{
    return HB_CLOCK_HZ;
}

uint8_t hb_port_get(void)
{
    while (!UART_RXDRDY) {
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
