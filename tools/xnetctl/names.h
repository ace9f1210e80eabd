/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XNETCTL_NAMES_H
#define XNETCTL_NAMES_H

#include <stdbool.h>
#include <linux/types.h>

/* Room for any name that is made up for something unknown. */
#define XC_NAME_LEN	24

const char *xc_counter_name(unsigned int counter);
bool xc_counter_is_drop(unsigned int counter);
const char *xc_direction_name(__u32 direction, char buf[XC_NAME_LEN]);
const char *xc_state_name(__u32 state, char buf[XC_NAME_LEN]);
const char *xc_fault_name(__u32 fault, char buf[XC_NAME_LEN]);
const char *xc_feature_name(unsigned int bit, char buf[XC_NAME_LEN]);

#endif /* XNETCTL_NAMES_H */
