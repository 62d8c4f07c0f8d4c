/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The protocol of VMware's balloon. VMware publishes no specification of it:
 * the numbers are those that Linux guests have always used.
 *
 * To give a command, the guest reads 32 bits from an I/O port. The host acts
 * before the instruction ends, and answers in the same registers:
 *
 *		before			after
 *	eax	VMBALLOON_MAGIC		enum vmballoon_status
 *	ecx	enum vmballoon_command	capabilities, after START
 *	edx	VMBALLOON_PORT
 *	rbx	first argument		target in pages, after most commands
 *	rsi	second argument
 *
 * A batch page has an entry for each unit: its first PFN from bit 12 on, and
 * below, where the guest writes 0, the host's answer in five bits.
 */
#ifndef _DRIVERS_BALLOON_VMWARE_H
#define _DRIVERS_BALLOON_VMWARE_H

#include <linux/bits.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include <linux/vmw_vmci_defs.h>

#define VMBALLOON_MAGIC		0x456c6d6f
#define VMBALLOON_PORT		0x5670
#define VMBALLOON_GUEST_LINUX	1

#define VMBALLOON_ENTRY_STATUS	GENMASK_ULL(4, 0)
#define VMBALLOON_BATCH		(PAGE_SIZE / sizeof(u64))
#define VMBALLOON_LARGE_ORDER	(ilog2(SZ_2M) - PAGE_SHIFT)

/* What host and guest agree on: both sides of START. */
#define VMBALLOON_BASIC		BIT(1)	/* one page at a time */
#define VMBALLOON_BATCHED	BIT(2)	/* a batch page */
#define VMBALLOON_BATCHED_2M	BIT(3)	/* ... of 2 MiB units */
#define VMBALLOON_DOORBELL	BIT(4)	/* a signal when the target changes */
#define VMBALLOON_WIDE_TARGET	BIT(5)	/* targets of more than 32 bits */

enum vmballoon_command {
	VMBALLOON_START		= 0,	/* capabilities; 0: end */
	VMBALLOON_TARGET	= 1,	/* size of the guest in pages */
	VMBALLOON_LOCK		= 2,	/* PFN */
	VMBALLOON_UNLOCK	= 3,	/* PFN */
	VMBALLOON_GUEST_ID	= 4,	/* kind of guest */
	VMBALLOON_BATCH_LOCK	= 6,	/* PFN of the batch page, entries */
	VMBALLOON_BATCH_UNLOCK	= 7,
	VMBALLOON_2M_LOCK	= 8,
	VMBALLOON_2M_UNLOCK	= 9,
	VMBALLOON_SET_DOORBELL	= 10,	/* VMCI context, resource */
	VMBALLOON_NR_COMMANDS,
};

enum vmballoon_status {
	VMBALLOON_SUCCESS	= 0,
	VMBALLOON_NO_COMMAND	= 1,
	VMBALLOON_BAD_PFN	= 2,
	VMBALLOON_LOCKED	= 3,	/* the host has it already */
	VMBALLOON_UNLOCKED	= 4,	/* the host does not have it */
	VMBALLOON_PINNED	= 5,
	VMBALLOON_NOT_NEEDED	= 6,
	VMBALLOON_RESET		= 7,	/* the host has no page any more */
	VMBALLOON_BUSY		= 8,
	VMBALLOON_CAPABILITIES	= 0x03000000,	/* success, from START only */
};

/* One command; after it, what the host left in the registers. */
struct vmballoon_call {
	u32 eax;
	u32 ecx;
	unsigned long rbx;
	unsigned long rsi;
};

#if IS_ENABLED(CONFIG_KUNIT)
struct balloon_device;

void vmballoon_port(struct vmballoon_call *call);
int vmballoon_create_doorbell(struct vmci_handle *doorbell, vmci_callback ring,
			      void *data);
int vmballoon_destroy_doorbell(struct vmci_handle doorbell);
struct balloon_device *vmballoon_create(unsigned int flags);
void vmballoon_destroy(struct balloon_device *balloon);
#endif

#endif /* _DRIVERS_BALLOON_VMWARE_H */
