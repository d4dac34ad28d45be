/* What the STM32 families share: general-purpose pins, and the USART that they have had since the F3.
 *
 * Registers: ST RM0351, GPIO and USART (L4); the same in RM0385 (F7), RM0433 (H7), RM0444 (G0) and RM0456 (U5), FIFO
 * off.
 */
#ifndef HB_STM32_H
#define HB_STM32_H

#include <stdint.h>

#define HB_REG(address) (*(volatile uint32_t *)(address))

#define HB_USART_CR1 0x00u /* bit 0 on, 2 receiver, 3 transmitter */
#define HB_USART_BRR 0x0Cu
#define HB_USART_ISR 0x1Cu /* bits 0 to 3 errors, 5 received, 7 transmitter empty */
#define HB_USART_ICR 0x20u
#define HB_USART_RDR 0x24u
#define HB_USART_TDR 0x28u
#define HB_USART_ERRORS 0x0Fu

/* Alternate function `function` on a pin of the port at `gpio`. */
static inline void hb_stm32_pin(uint32_t gpio, uint32_t pin, uint32_t function)
{
    volatile uint32_t *mode = &HB_REG(gpio), *select = &HB_REG(gpio + 0x20 + pin / 8 * 4);
    *select = (*select & ~(0xFu << pin % 8 * 4)) | function << pin % 8 * 4;
    *mode = (*mode & ~(3u << 2 * pin)) | 2u << 2 * pin;
}

/* Set bits, and read back so that the clock of a unit is there before the unit is used. */
static inline void hb_stm32_enable(uint32_t address, uint32_t bits)
{
    HB_REG(address) |= bits;
    (void)HB_REG(address);
}

static inline void hb_stm32_wait(uint32_t address, uint32_t bits)
{
    while ((HB_REG(address) & bits) != bits) {
    }
}

/* `divider` = clock of the USART / baud rate, rounded. */
static inline void hb_stm32_usart_start(uint32_t usart, uint32_t divider)
{
    HB_REG(usart + HB_USART_BRR) = divider;
    HB_REG(usart + HB_USART_CR1) = 1u << 0 | 1u << 2 | 1u << 3;
}

static inline uint8_t hb_stm32_usart_get(uint32_t usart)
{
    uint32_t status;
    while (!((status = HB_REG(usart + HB_USART_ISR)) & 1u << 5)) {
        if (status & HB_USART_ERRORS) {
            HB_REG(usart + HB_USART_ICR) = HB_USART_ERRORS;
        }
    }
    return (uint8_t)HB_REG(usart + HB_USART_RDR);
}

static inline void hb_stm32_usart_put(uint32_t usart, uint8_t byte)
{
    hb_stm32_wait(usart + HB_USART_ISR, 1u << 7);
    HB_REG(usart + HB_USART_TDR) = byte;
}

#endif
