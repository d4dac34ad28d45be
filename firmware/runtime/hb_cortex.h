/* Registers of the Cortex-M cores (Arm: ARMv6-M, ARMv7-M and ARMv8-M Architecture Reference Manuals), as far as the
 * runtime uses them, and what the parts of the Cortex-M platform give each other. */
#ifndef HB_CORTEX_H
#define HB_CORTEX_H

#include <stdbool.h>
#include <stdint.h>

#include "hb_runtime.h"

#define HB_REGISTER(address) (*(volatile uint32_t *)(address))

#define SYST_CSR HB_REGISTER(0xE000E010u) /* bit 0 enable, 1 interrupt, 2 core clock */
#define SYST_RVR HB_REGISTER(0xE000E014u)
#define SYST_CVR HB_REGISTER(0xE000E018u)
#define SCB_CPUID HB_REGISTER(0xE000ED00u)
#define SCB_ICSR HB_REGISTER(0xE000ED04u)
#define ICSR_PENDSTSET (1u << 26)
#define ICSR_PENDSTCLR (1u << 25)
#define SCB_VTOR HB_REGISTER(0xE000ED08u)
#define SCB_CCR HB_REGISTER(0xE000ED14u)
#define CCR_DIV_0_TRP (1u << 4)
#define SCB_CFSR HB_REGISTER(0xE000ED28u)
#define CFSR_MEMORY 0x000000ffu
#define CFSR_BUS 0x0000ff00u
#define CFSR_MSTKERR (1u << 4)
#define CFSR_MMARVALID (1u << 7)
#define CFSR_STKERR (1u << 12)
#define CFSR_BFARVALID (1u << 15)
#define CFSR_STKOF (1u << 20) /* ARMv8-M */
#define SCB_HFSR HB_REGISTER(0xE000ED2Cu)
#define SCB_MMFAR HB_REGISTER(0xE000ED34u)
#define SCB_BFAR HB_REGISTER(0xE000ED38u)
#define SCB_CPACR HB_REGISTER(0xE000ED88u)
#define MPU_TYPE HB_REGISTER(0xE000ED90u)
#define MPU_CTRL HB_REGISTER(0xE000ED94u)
#define MPU_RNR HB_REGISTER(0xE000ED98u)
#define MPU_RBAR HB_REGISTER(0xE000ED9Cu)
#define MPU_RASR HB_REGISTER(0xE000EDA0u) /* ARMv6-M and ARMv7-M */
#define MPU_RLAR HB_REGISTER(0xE000EDA0u) /* ARMv8-M */
#define MPU_MAIR0 HB_REGISTER(0xE000EDC0u)
#define SCB_DEMCR HB_REGISTER(0xE000EDFCu)
#define DEMCR_TRCENA (1u << 24)
#define DWT_CTRL HB_REGISTER(0xE0001000u)
#define DWT_CTRL_CYCCNTENA (1u << 0)
#define DWT_CTRL_NOCYCCNT (1u << 25)
#define DWT_CYCCNT HB_REGISTER(0xE0001004u)
#define DWT_LAR HB_REGISTER(0xE0001FB0u)
#define DWT_LAR_KEY 0xC5ACCE55u

#if defined(__ARM_ARCH_6M__)
#define HB_ARMV6M 1
#else
#define HB_ARMV6M 0
#endif
#if defined(__ARM_ARCH_8M_MAIN__) || defined(__ARM_ARCH_8_1M_MAIN__)
#define HB_ARMV8M 1
#else
#define HB_ARMV8M 0
#endif

/* From the linker script. The RAM from hb_free on holds the sums of the steps, a guard, and the model's stack. */
extern uint8_t hb_flash_start[], hb_flash_end[], hb_ram_start[], hb_ram_end[], hb_free[];
extern uint8_t hb_arena_guard[], hb_arena_guard_end[], hb_harness_guard[], hb_harness_stack_top[];

#define HB_GUARD_BYTES 256u
#define HB_PAINT 0xC5A55A3Cu

/* End of the guard below the model's stack: the lowest byte that the model may push to. */
uint8_t *hb_stack_bottom(void);

void hb_guards_init(void);
void hb_counter_init(void);

#endif
