/* STM32H7 (ST RM0433, RM0455): HSI64 through PLL1 with both caches; or HSI64 as it is after reset.
 *
 *   NUCLEO-H743ZI2     USART3 on PD8, PD9 (UM2407), fed by the LDO; never run
 *   NUCLEO-H7A3ZI-Q    USART3 on PD8, PD9 (UM2408), fed by the SMPS; never run
 *
 * Profiles: HB_CLOCK_RESET leaves 64 MHz, no caches and flash as it is; any other one runs at HB_CLOCK_HZ. Above 400
 * MHz an H743 needs revision V of the silicon (VOS0, RM0433).
 */
#include "hb_cache.h"
#include "hb_port.h"
#include "hb_stm32.h"

#define RCC 0x58024400u
#define RCC_CR (RCC + 0x00)
#define RCC_CFGR (RCC + 0x10)
#define RCC_D1CFGR (RCC + 0x18) /* CDCFGR1 of the H7A3; D2CFGR and D3CFGR follow */
#define RCC_D2CFGR (RCC + 0x1C)
#define RCC_D3CFGR (RCC + 0x20)
#define RCC_PLLCKSELR (RCC + 0x28)
#define RCC_PLLCFGR (RCC + 0x2C)
#define RCC_PLL1DIVR (RCC + 0x30)
#if defined(HB_BOARD_NUCLEO_H7A3ZI)
#define RCC_ENABLES (RCC + 0x134) /* RCC_AHB3ENR, RM0455 */
#else
#define RCC_ENABLES (RCC + 0xD4) /* RCC_AHB3ENR, RM0433 */
#endif
#define RCC_AHB4ENR (RCC_ENABLES + 0x0C)
#define RCC_APB1LENR (RCC_ENABLES + 0x14)
#define RCC_APB4ENR (RCC_ENABLES + 0x20)
#define PWR_CSR1 0x58024804u /* bit 13 ACTVOSRDY */
#define PWR_CR3 0x5802480Cu  /* bit 1 LDOEN, 2 SMPSEN (SCUEN on the H743) */
#define PWR_D3CR 0x58024818u /* SRDCR of the H7A3: bits 15:14 VOS, 13 VOSRDY */
#define SYSCFG_PWRCR 0x5800042Cu
#define FLASH_ACR 0x52002000u

#define HSI_HZ 64000000u
#define SW_PLL 3u
#define PLL_ON (1u << 24)
#define PLL_READY (1u << 25)
#define VOS_READY (1u << 13)

#define GPIO 0x58020C00u /* port D */
#define USART 0x40004800u

const uint8_t hb_port_counter = HB_COUNTER_DWT;

#if !defined(HB_CLOCK_RESET)

#if defined(HB_BOARD_NUCLEO_H7A3ZI)

#define LATENCY (6u | 3u << 4) /* VOS0, up to 280 MHz: RM0455, flash latency */

static void raise_voltage(void)
{
    HB_REG(PWR_CR3) = (HB_REG(PWR_CR3) & ~7u) | 1u << 2; /* direct SMPS */
    hb_stm32_wait(PWR_CSR1, VOS_READY);
    HB_REG(PWR_D3CR) |= 3u << 14;
    hb_stm32_wait(PWR_D3CR, VOS_READY);
}

static void divide_buses(void)
{
    HB_REG(RCC_D1CFGR) = 4u << 4;
    HB_REG(RCC_D2CFGR) = 4u << 4 | 4u << 8;
    HB_REG(RCC_D3CFGR) = 4u << 4;
}

#else

#define LATENCY (4u | 2u << 4) /* VOS0, bus up to 240 MHz: RM0433, flash latency */

static void raise_voltage(void)
{
    HB_REG(PWR_CR3) = (HB_REG(PWR_CR3) & ~7u) | 1u << 1; /* LDO */
    hb_stm32_wait(PWR_CSR1, VOS_READY);
    HB_REG(PWR_D3CR) |= 3u << 14; /* VOS1 first, then over-drive to VOS0 */
    hb_stm32_wait(PWR_D3CR, VOS_READY);
    hb_stm32_enable(RCC_APB4ENR, 1u << 1);
    hb_stm32_enable(SYSCFG_PWRCR, 1u << 0);
    hb_stm32_wait(PWR_D3CR, VOS_READY);
}

static void divide_buses(void)
{
    HB_REG(RCC_D1CFGR) = 8u | 4u << 4; /* bus at half of the core, APB at half of that */
    HB_REG(RCC_D2CFGR) = 4u << 4 | 4u << 8;
    HB_REG(RCC_D3CFGR) = 4u << 4;
}

#endif

/* HSI64 / 4 = 16 MHz, times N = Hz / 8 MHz, by 2. The wide range of the VCO, inputs of 8 to 16 MHz, output P. */
static void run_at_full_clock(void)
{
    raise_voltage();
    HB_REG(RCC_PLLCKSELR) = 4u << 4;
    HB_REG(RCC_PLLCFGR) = 3u << 2 | 1u << 16;
    HB_REG(RCC_PLL1DIVR) = (HB_CLOCK_HZ / 8000000u - 1) | 1u << 9 | 1u << 16 | 1u << 24;
    hb_stm32_enable(RCC_CR, PLL_ON);
    hb_stm32_wait(RCC_CR, PLL_READY);
    HB_REG(FLASH_ACR) = LATENCY;
    hb_stm32_wait(FLASH_ACR, LATENCY);
    divide_buses();
    HB_REG(RCC_CFGR) |= SW_PLL;
    hb_stm32_wait(RCC_CFGR, SW_PLL << 3);
    hb_caches_on();
}

#endif

uint32_t hb_port_clock_hz(void)
{
    uint32_t input = HB_REG(RCC_PLLCKSELR) >> 4 & 0x3Fu, dividers = HB_REG(RCC_PLL1DIVR);
    if ((HB_REG(RCC_CFGR) >> 3 & 7u) != SW_PLL) {
        return HSI_HZ;
    }
    return HSI_HZ / input * ((dividers & 0x1FFu) + 1) / ((dividers >> 9 & 0x7Fu) + 1);
}

/* What a prescaler makes of a clock: undivided below `first`, then by 2, 4, 8, 16. */
static uint32_t divided(uint32_t hz, uint32_t setting, uint32_t first)
{
    return setting < first ? hz : hz >> (setting - first + 1);
}

/* Clock of APB1; HPRE never divides by more than 16 here. */
static uint32_t bus_hz(void)
{
    uint32_t bus = divided(hb_port_clock_hz(), HB_REG(RCC_D1CFGR) & 0xFu, 8);
    return divided(bus, HB_REG(RCC_D2CFGR) >> 4 & 7u, 4);
}

void hb_port_init(void)
{
#if !defined(HB_CLOCK_RESET)
    run_at_full_clock();
#endif
    hb_stm32_enable(RCC_AHB4ENR, 1u << 3);
    hb_stm32_enable(RCC_APB1LENR, 1u << 18);
    hb_stm32_pin(GPIO, 8, 7);
    hb_stm32_pin(GPIO, 9, 7);
    hb_stm32_usart_start(USART, (bus_hz() + HB_BAUD / 2) / HB_BAUD);
}

uint8_t hb_port_get(void)
{
    return hb_stm32_usart_get(USART);
}

void hb_port_put(uint8_t byte)
{
    hb_stm32_usart_put(USART, byte);
}
