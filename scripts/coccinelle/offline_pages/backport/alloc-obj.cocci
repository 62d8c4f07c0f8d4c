// SPDX-License-Identifier: GPL-2.0-only
///
/// An object is allocated by its size.
///
// When: not include/linux/slab.h /\bkzalloc_obj\b/
// Files: drivers/balloon/core.c drivers/balloon/ppc_cmm.c drivers/balloon/vmware.c

@object@
expression p;
@@
-kzalloc_obj(*p)
+kzalloc(sizeof(*p), GFP_KERNEL)
