/* What the library offers to io.yuebing.kernels; see NativePanels.java. */
#ifndef YUEBING_KERNELS_H
#define YUEBING_KERNELS_H

#include <stdint.h>

/* How weights are held in a panel's words: PanelEncoding.java, in its order. */
enum encoding { F32, F16, BF16, NIBBLE, BYTE, E4M3 };

/* A matrix's panels: PanelShape.java. Inputs are counted with those that fill a group's last word. */
struct shape {
    int32_t encoding;
    int32_t groups;
    int32_t group_inputs;
    int32_t last_group_inputs;
    int32_t half_scales;
    int32_t own_zeros;
};

/* The same as arguments of a function; flags: 1 half_scales, 2 own_zeros. */
#define SHAPE_ARGUMENTS \
    int32_t encoding, int32_t groups, int32_t group_inputs_, int32_t last_group_inputs, int32_t flags
#define SHAPE {encoding, groups, group_inputs_, last_group_inputs, flags & 1, flags >> 1 & 1}

#endif
