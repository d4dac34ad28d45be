/* STM32L4 and L4+ (ST RM0351, RM0432): system clock from HSI16 through the PLL, or the MSI as it is after reset.
 *
 *   B-L475E-IOT01A   USART1 on PB6, PB7 (UM2153)
 *   NUCLEO-L4R5ZI    LPUART1 on PG7, PG8, which VDDIO2 feeds (UM2179)
 *
 * Profiles: HB_CLOCK_RESET leaves the MSI at 4 MHz and flash without wait states; any other one runs at HB_CLOCK_HZ.
 */
#include "hb_port.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define RCC 0x40021000u
#define RCC_CR REGISTER(RCC + 0x00) /* HSION 8, HSIRDY 10, PLLON 24, PLLRDY 25 */
#define RCC_CFGR REGISTER(RCC + 0x08)
#define RCC_PLLCFGR REGISTER(RCC + 0x0C)
#define RCC_AHB2ENR REGISTER(RCC + 0x4C)
#define RCC_APB1ENR1 REGISTER(RCC + 0x58)
#define RCC_APB1ENR2 REGISTER(RCC + 0x5C)
#define RCC_APB2ENR REGISTER(RCC + 0x60)
#define PWR_CR2 REGISTER(0x40007004u)
#define PWR_CR5 REGISTER(0x40007080u)
#define FLASH_ACR REGISTER(0x40022000u)

#define HSI_HZ 16000000u
#define MSI_HZ 4000000u
#define CFGR_SW_PLL 3u

#if defined(HB_BOARD_NUCLEO_L4R5ZI)
#define UART 0x40008000u /* LPUART1 */
#define UART_IS_LOW_POWER 1
#define GPIO 0x48001800u /* port G */
#define GPIO_NUMBER 6u
#define TX_PIN 7u
#define RX_PIN 8u
#define PIN_FUNCTION 8u
#define HZ_PER_WAIT_STATE 20000000u /* range 1, RM0432 3.3.3 */
#else
#define UART 0x40013800u /* USART1 */
#define UART_IS_LOW_POWER 0
#define GPIO 0x48000400u /* port B */
#define GPIO_NUMBER 1u
#define TX_PIN 6u
#define RX_PIN 7u
#define PIN_FUNCTION 7u
#define HZ_PER_WAIT_STATE 16000000u /* range 1, RM0351 3.3.3 */
#endif

#define UART_CR1 REGISTER(UART + 0x00)
#define UART_BRR REGISTER(UART + 0x0C)
#define UART_ISR REGISTER(UART + 0x1C)
#define UART_ICR REGISTER(UART + 0x20)
#define UART_RDR REGISTER(UART + 0x24)
#define UART_TDR REGISTER(UART + 0x28)
#define ISR_RXNE (1u << 5)
#define ISR_TXE (1u << 7)
#define CLEAR_ERRORS 0x0Fu /* parity, framing, noise, overrun */

const uint8_t hb_port_counter = HB_COUNTER_DWT;

#if !defined(HB_CLOCK_RESET)

static void set_wait_states(uint32_t states)
{
    FLASH_ACR = (FLASH_ACR & ~0xFu) | states;
    while ((FLASH_ACR & 0xFu) != states) {
    }
}

/* HSI16 / 2 = 8 MHz, times N = Hz / 4 MHz, by 2. Above 80 MHz (L4+) the regulator is boosted and the first step to the
 * full clock is made at half of it (RM0432, 5.1.8 and 6.2.9). */
static void run_at_full_clock(void)
{
    RCC_CR |= 1u << 8;
    while (!(RCC_CR & 1u << 10)) {
    }
    RCC_PLLCFGR = 2u | 1u << 4 | (HB_CLOCK_HZ / 4000000u) << 8 | 1u << 24;
    RCC_CR |= 1u << 24;
    while (!(RCC_CR & 1u << 25)) {
    }
#if HB_CLOCK_HZ > 80000000u
    RCC_APB1ENR1 |= 1u << 28; /* PWR */
    (void)RCC_APB1ENR1;
    PWR_CR5 &= ~(1u << 8); /* R1MODE: boost */
    RCC_CFGR |= 8u << 4;
#endif
    set_wait_states((HB_CLOCK_HZ - 1) / HZ_PER_WAIT_STATE);
    RCC_CFGR = (RCC_CFGR & ~3u) | CFGR_SW_PLL;
    while ((RCC_CFGR >> 2 & 3u) != CFGR_SW_PLL) {
    }
#if HB_CLOCK_HZ > 80000000u
    for (volatile uint32_t i = 0; i < 100; i++) {
    }
    RCC_CFGR &= ~(0xFu << 4);
#endif
}

#endif

static uint32_t pll_hz(void)
{
    uint32_t setting = RCC_PLLCFGR;
    uint32_t input = (setting & 3u) == 2u ? HSI_HZ : MSI_HZ;
    return input / ((setting >> 4 & 0xFu) + 1) * (setting >> 8 & 0x7Fu) / (2 * ((setting >> 25 & 3u) + 1));
}

/* Read back from what the clock tree says; the PLL's input is the MSI at 4 MHz or HSI16. */
uint32_t hb_port_clock_hz(void)
{
    switch (RCC_CFGR >> 2 & 3u) {
    case 1:
        return HSI_HZ;
    case CFGR_SW_PLL:
        return pll_hz();
    default:
        return MSI_HZ;
    }
}

static void connect_pin(uint32_t pin)
{
    volatile uint32_t *mode = &REGISTER(GPIO + 0x00), *function = &REGISTER(GPIO + 0x20 + pin / 8 * 4);
    *function = (*function & ~(0xFu << pin % 8 * 4)) | PIN_FUNCTION << pin % 8 * 4;
    *mode = (*mode & ~(3u << 2 * pin)) | 2u << 2 * pin;
}

static void start_uart(void)
{
    RCC_AHB2ENR |= 1u << GPIO_NUMBER;
#if UART_IS_LOW_POWER
    RCC_APB1ENR1 |= 1u << 28; /* PWR */
    (void)RCC_APB1ENR1;
    PWR_CR2 |= 1u << 9; /* VDDIO2 is there */
    RCC_APB1ENR2 |= 1u;
    (void)RCC_APB1ENR2;
    UART_BRR = (uint32_t)(((uint64_t)hb_port_clock_hz() * 256 + HB_BAUD / 2) / HB_BAUD);
#else
    RCC_APB2ENR |= 1u << 14;
    (void)RCC_APB2ENR;
    UART_BRR = (hb_port_clock_hz() + HB_BAUD / 2) / HB_BAUD;
#endif
    connect_pin(TX_PIN);
    connect_pin(RX_PIN);
    UART_CR1 = 1u << 0 | 1u << 2 | 1u << 3;
}

void hb_port_init(void)
{
#if !defined(HB_CLOCK_RESET)
    run_at_full_clock();
#endif
    start_uart();
}

uint8_t hb_port_get(void)
{
    uint32_t status;
    while (!((status = UART_ISR) & ISR_RXNE)) {
        if (status & CLEAR_ERRORS) {
            UART_ICR = CLEAR_ERRORS;
        }
    }
    return (uint8_t)UART_RDR;
}

void hb_port_put(uint8_t byte)
{
    while (!(UART_ISR & ISR_TXE)) {
    }
    UART_TDR = byte;
}
