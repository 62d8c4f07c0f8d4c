// SPDX-License-Identifier: GPL-2.0
/*
 * VMware's balloon: a transport of the balloon class.
 *
 * The host is asked by reading an I/O port, see vmware.h for the protocol. It
 * answers at once, so nothing here waits. The target is polled; where the host
 * can, it also rings a VMCI doorbell when the target changes.
 *
 * A host may say that it has forgotten everything (RESET), for instance after
 * the guest moved to another machine. The class then takes all pages back and
 * the protocol starts again, maybe with other capabilities.
 *
 * Locks: there are none. What changes here is changed by operations that the
 * class never runs at the same time (see struct balloon_ops), but for the
 * counters and what the host told, which are atomic: the doorbell may ring, and
 * debugfs be read, at any time.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/balloon_device.h>
#include <linux/debugfs.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/vmw_vmci_api.h>
#include <asm/hypervisor.h>
#include <kunit/static_stub.h>
#include <kunit/visibility.h>

#include "vmware.h"

#define NOT_TOLD		(-1LL)

#define VMBALLOON_WANTED	(VMBALLOON_BASIC | VMBALLOON_BATCHED |	\
				 VMBALLOON_BATCHED_2M | VMBALLOON_DOORBELL | \
				 (IS_ENABLED(CONFIG_64BIT) ?		\
				  VMBALLOON_WIDE_TARGET : 0))

/* As they have always been called in debugfs. */
static const char * const vmballoon_names[VMBALLOON_NR_COMMANDS] = {
	[VMBALLOON_START] = "start",
	[VMBALLOON_TARGET] = "target",
	[VMBALLOON_LOCK] = "lock",
	[VMBALLOON_UNLOCK] = "unlock",
	[VMBALLOON_GUEST_ID] = "guestType",
	[VMBALLOON_BATCH_LOCK] = "batchLock",
	[VMBALLOON_BATCH_UNLOCK] = "batchUnlock",
	[VMBALLOON_2M_LOCK] = "2m-lock",
	[VMBALLOON_2M_UNLOCK] = "2m-unlock",
	[VMBALLOON_SET_DOORBELL] = "doorbellSet",
};

/**
 * struct vmballoon - the balloon of a VMware guest
 * @balloon: its device in the class
 * @capabilities: what was agreed on with the host; 0 if the protocol is ended
 * @limits: what the class was told
 * @entries: the batch page
 * @doorbell: rung by the host; invalid if there is none
 * @told: the target that came with the last answer about pages; NOT_TOLD when
 *	it was used, or may be too old
 * @commands: how often each command was given
 * @failed: how often it did not succeed
 * @rings: how often the doorbell was rung
 * @starts: how often the protocol started
 * @locked: small units [0] and large ones [1] that the host took
 * @refused: likewise, that it did not unlock [0], or not lock [1]
 */
struct vmballoon {
	struct balloon_device *balloon;
	unsigned long capabilities;
	struct balloon_limits limits;
	u64 *entries;
	struct vmci_handle doorbell;
	atomic64_t told;

	atomic_long_t commands[VMBALLOON_NR_COMMANDS];
	atomic_long_t failed[VMBALLOON_NR_COMMANDS];
	atomic_long_t rings, starts;
	atomic_long_t locked[2], refused[2][2];
};

static bool vmwballoon_shrinker_enable;
module_param(vmwballoon_shrinker_enable, bool, 0444);
MODULE_PARM_DESC(vmwballoon_shrinker_enable,
		 "Give memory back when the guest reclaims memory; off by default, as it may cost performance");

/* The one place that talks to the host; a debugger can stop here, too. */
VISIBLE_IF_KUNIT noinline void vmballoon_port(struct vmballoon_call *call)
{
	unsigned long rax = VMBALLOON_MAGIC, rcx = call->ecx;
	unsigned long rdx = VMBALLOON_PORT;

	KUNIT_STATIC_STUB_REDIRECT(vmballoon_port, call);

	asm volatile("inl %%dx, %%eax"
		     : "+a" (rax), "+b" (call->rbx), "+c" (rcx), "+d" (rdx),
		       "+S" (call->rsi)
		     :: "memory");
	call->eax = rax;
	call->ecx = rcx;
}
EXPORT_SYMBOL_IF_KUNIT(vmballoon_port);

static u32 vmballoon_ask(struct vmballoon *vmb, enum vmballoon_command command,
			 unsigned long rbx, unsigned long rsi,
			 struct vmballoon_call *answer)
{
	struct vmballoon_call call = { .ecx = command, .rbx = rbx, .rsi = rsi };

	atomic_long_inc(&vmb->commands[command]);
	vmballoon_port(&call);
	if (call.eax != VMBALLOON_SUCCESS &&
	    (command != VMBALLOON_START || call.eax != VMBALLOON_CAPABILITIES))
		atomic_long_inc(&vmb->failed[command]);
	if (answer)
		*answer = call;
	return call.eax;
}

/*
 * The target.
 */

static bool vmballoon_wide_target(const struct vmballoon *vmb)
{
	return vmb->capabilities & VMBALLOON_WIDE_TARGET;
}

/* What a host without wide targets leaves in the upper half means nothing. */
static u64 vmballoon_told(const struct vmballoon *vmb, unsigned long rbx)
{
	return vmballoon_wide_target(vmb) ? rbx : (u32)rbx;
}

static int vmballoon_target(struct balloon_device *balloon, u64 *pages)
{
	struct vmballoon *vmb = balloon_device_data(balloon);
	unsigned long limit = totalram_pages();
	struct vmballoon_call answer;
	u32 status;

	/* Every batch is followed by a look at the target: no need to ask. */
	*pages = atomic64_xchg(&vmb->told, NOT_TOLD);
	if (*pages != NOT_TOLD)
		return 0;

	if (!vmballoon_wide_target(vmb))
		limit = min(limit, U32_MAX);
	status = vmballoon_ask(vmb, VMBALLOON_TARGET, limit, 0, &answer);
	switch (status) {
	case VMBALLOON_SUCCESS:
		*pages = vmballoon_told(vmb, answer.rbx);
		return 0;
	case VMBALLOON_RESET:
		return -ECONNRESET;
	default:
		/* Nothing depends on it: the next answer may be better. */
		pr_warn_once("the host does not tell its target: status %u\n",
			     status);
		fallthrough;
	case VMBALLOON_BUSY:
		return -EBUSY;
	}
}

/* VMCI's part of a doorbell, of which there is none where tests run. */
VISIBLE_IF_KUNIT int vmballoon_create_doorbell(struct vmci_handle *doorbell,
					       vmci_callback ring, void *data)
{
	KUNIT_STATIC_STUB_REDIRECT(vmballoon_create_doorbell, doorbell, ring,
				   data);

	return vmci_doorbell_create(doorbell, 0, VMCI_PRIVILEGE_FLAG_RESTRICTED,
				    ring, data);
}
EXPORT_SYMBOL_IF_KUNIT(vmballoon_create_doorbell);

VISIBLE_IF_KUNIT int vmballoon_destroy_doorbell(struct vmci_handle doorbell)
{
	KUNIT_STATIC_STUB_REDIRECT(vmballoon_destroy_doorbell, doorbell);

	return vmci_doorbell_destroy(doorbell);
}
EXPORT_SYMBOL_IF_KUNIT(vmballoon_destroy_doorbell);

static void vmballoon_ring(void *data)
{
	struct vmballoon *vmb = data;

	atomic_long_inc(&vmb->rings);
	atomic64_set(&vmb->told, NOT_TOLD);
	balloon_device_kick(vmb->balloon);
}

static void vmballoon_remove_doorbell(struct vmballoon *vmb)
{
	if (vmci_handle_is_invalid(vmb->doorbell))
		return;
	vmballoon_ask(vmb, VMBALLOON_SET_DOORBELL, VMCI_INVALID_ID,
		      VMCI_INVALID_ID, NULL);
	vmballoon_destroy_doorbell(vmb->doorbell);
	vmb->doorbell = VMCI_INVALID_HANDLE;
}

/*
 * Without a doorbell there is polling. The callback is not a delayed one: then
 * destroying the doorbell does not have to wait for a worker.
 */
static void vmballoon_add_doorbell(struct vmballoon *vmb)
{
	int error;

	if (!(vmb->capabilities & VMBALLOON_DOORBELL))
		return;
	error = vmballoon_create_doorbell(&vmb->doorbell, vmballoon_ring, vmb);
	if (error != VMCI_SUCCESS) {
		vmb->doorbell = VMCI_INVALID_HANDLE;
		pr_warn_once("no doorbell (%d), polling\n", error);
		return;
	}
	if (vmballoon_ask(vmb, VMBALLOON_SET_DOORBELL, vmb->doorbell.context,
			  vmb->doorbell.resource, NULL) != VMBALLOON_SUCCESS) {
		pr_warn_once("the host does not take a doorbell, polling\n");
		vmballoon_remove_doorbell(vmb);
	}
}

/*
 * Start and end.
 */

static int vmballoon_reset(struct balloon_device *balloon)
{
	struct vmballoon *vmb = balloon_device_data(balloon);
	unsigned long capabilities = VMBALLOON_BASIC;
	struct vmballoon_call answer;
	u32 status;

	vmballoon_remove_doorbell(vmb);
	status = vmballoon_ask(vmb, VMBALLOON_START, VMBALLOON_WANTED, 0,
			       &answer);
	/* Plain success is what hosts say that only know the basic commands. */
	if (status == VMBALLOON_CAPABILITIES)
		capabilities = answer.ecx & VMBALLOON_WANTED;
	else if (status != VMBALLOON_SUCCESS)
		capabilities = 0;
	WRITE_ONCE(vmb->capabilities, capabilities);
	atomic64_set(&vmb->told, NOT_TOLD);
	if (!(capabilities & (VMBALLOON_BASIC | VMBALLOON_BATCHED))) {
		/* It may be switched on later, or on the next machine. */
		if (status != VMBALLOON_BUSY && status != VMBALLOON_RESET)
			pr_warn_once("the host has no balloon: status %u, capabilities %#x\n",
				     status, answer.ecx);
		return -EBUSY;
	}

	vmb->limits.orders = BIT(0);
	vmb->limits.batch = 1;
	if (capabilities & VMBALLOON_BATCHED) {
		vmb->limits.batch = VMBALLOON_BATCH;
		if (capabilities & VMBALLOON_BATCHED_2M)
			vmb->limits.orders |= BIT(VMBALLOON_LARGE_ORDER);
	}
	balloon_device_set_limits(balloon, &vmb->limits);

	if (vmballoon_ask(vmb, VMBALLOON_GUEST_ID, VMBALLOON_GUEST_LINUX, 0,
			  NULL) != VMBALLOON_SUCCESS)
		pr_warn_once("the host does not want to know the guest\n");
	vmballoon_add_doorbell(vmb);
	atomic_long_inc(&vmb->starts);
	return 0;
}

/* A start without capabilities: the host forgets all, and is asked no more. */
static int vmballoon_stop(struct balloon_device *balloon)
{
	struct vmballoon *vmb = balloon_device_data(balloon);
	u32 status;

	vmballoon_remove_doorbell(vmb);
	WRITE_ONCE(vmb->capabilities, 0);
	atomic64_set(&vmb->told, NOT_TOLD);
	status = vmballoon_ask(vmb, VMBALLOON_START, 0, 0, NULL);
	return status == VMBALLOON_SUCCESS ||
	       status == VMBALLOON_CAPABILITIES ? 0 : -EIO;
}

/*
 * Pages.
 */

static int vmballoon_pages(struct balloon_device *balloon,
			   struct balloon_batch *batch, bool lock)
{
	struct vmballoon *vmb = balloon_device_data(balloon);
	bool batched = vmb->capabilities & VMBALLOON_BATCHED;
	bool large = batch->order;
	unsigned long yes = BIT(VMBALLOON_SUCCESS), pfn;
	struct vmballoon_call answer;
	enum vmballoon_command command;
	u32 all, status;
	unsigned int i;

	if (!vmb->capabilities ||
	    WARN_ON_ONCE(batch->nr > vmb->limits.batch ||
			 !(vmb->limits.orders & BIT(batch->order))))
		return -EBUSY;

	if (batched) {
		command = large ? VMBALLOON_2M_LOCK : VMBALLOON_BATCH_LOCK;
		pfn = PHYS_PFN(virt_to_phys(vmb->entries));
		for (i = 0; i < batch->nr; i++)
			vmb->entries[i] = (u64)batch->pfns[i] << PAGE_SHIFT;
	} else {
		command = VMBALLOON_LOCK;
		pfn = batch->pfns[0];
	}
	if (!lock)
		command++;

	/* Basic commands have 32 bits for a page. */
	if (!batched && pfn > U32_MAX)
		all = VMBALLOON_BAD_PFN;
	else
		all = vmballoon_ask(vmb, command, pfn, batch->nr, &answer);
	if (all == VMBALLOON_RESET)
		return -ECONNRESET;
	if (all == VMBALLOON_BUSY)
		return -EBUSY;
	if (all == VMBALLOON_SUCCESS)
		atomic64_set(&vmb->told, vmballoon_told(vmb, answer.rbx));

	/*
	 * A page that the host has already must not be used here, and one that
	 * it does not have may be: that is what was asked for.
	 */
	yes |= BIT(lock ? VMBALLOON_LOCKED : VMBALLOON_UNLOCKED);
	for (i = 0; i < batch->nr; i++) {
		status = all;
		/* Of the entries, only the answer is the host's to write. */
		if (batched && all == VMBALLOON_SUCCESS)
			status = READ_ONCE(vmb->entries[i]) &
				 VMBALLOON_ENTRY_STATUS;
		if (status > VMBALLOON_BUSY || status == VMBALLOON_RESET) {
			/*
			 * Nobody knows whose the pages are now. Rather than
			 * giving them up, make the host forget all of them.
			 */
			pr_warn_once("the host answers %s with status %u, starting again\n",
				     vmballoon_names[command], status);
			return vmballoon_stop(balloon) ?: -ECONNRESET;
		}
		if (!(yes & BIT(status)))
			balloon_batch_fail(batch, i);
	}
	atomic_long_add(batch->nr_failed, &vmb->refused[lock][large]);
	if (lock)
		atomic_long_add(batch->nr - batch->nr_failed,
				&vmb->locked[large]);
	return 0;
}

static int vmballoon_inflate(struct balloon_device *balloon,
			     struct balloon_batch *batch)
{
	return vmballoon_pages(balloon, batch, true);
}

static int vmballoon_deflate(struct balloon_device *balloon,
			     struct balloon_batch *batch)
{
	return vmballoon_pages(balloon, batch, false);
}

static const struct balloon_ops vmballoon_ops = {
	.target = vmballoon_target,
	.inflate = vmballoon_inflate,
	.deflate = vmballoon_deflate,
	.reset = vmballoon_reset,
	.stop = vmballoon_stop,
};

/*
 * /sys/kernel/debug/vmmemctl: names and layout are those that it always had.
 */

static void vmballoon_show(struct seq_file *m, const char *name, u64 value)
{
	seq_printf(m, "%-22s: %16llu\n", name, value);
}

static void vmballoon_show_sizes(struct seq_file *m, const char *name,
				 const u64 *sizes)
{
	seq_printf(m, "%-18s(4k): %16llu\n", name, sizes[0]);
	seq_printf(m, "%-18s(2M): %16llu\n", name, sizes[1]);
}

static int vmballoon_debug_show(struct seq_file *m, void *unused)
{
	static const unsigned int orders[2] = { 0, VMBALLOON_LARGE_ORDER };
	struct vmballoon *vmb = m->private;
	unsigned long capabilities = READ_ONCE(vmb->capabilities);
	struct balloon_device *b = vmb->balloon;
	u64 refused[2], refused_lock[2], freed[2];
	unsigned int i;

	seq_printf(m, "%-22s: %#16lx\n", "balloon capabilities",
		   (unsigned long)VMBALLOON_WANTED);
	seq_printf(m, "%-22s: %#16lx\n", "used capabilities", capabilities);
	seq_printf(m, "%-22s: %16s\n", "is resetting",
		   !capabilities ||
		   balloon_device_reason(b) == BALLOON_HOST_RESET ? "y" : "n");
	vmballoon_show(m, "target", balloon_device_target(b));
	vmballoon_show(m, "current", balloon_device_actual(b));

	for (i = 0; i < VMBALLOON_NR_COMMANDS; i++)
		if (vmballoon_names[i])
			seq_printf(m, "%-22s: %16lu (%lu failed)\n",
				   vmballoon_names[i],
				   atomic_long_read(&vmb->commands[i]),
				   atomic_long_read(&vmb->failed[i]));

	/* Once in each poll, at least. */
	vmballoon_show(m, "timer",
		       atomic_long_read(&vmb->commands[VMBALLOON_TARGET]));
	vmballoon_show(m, "doorbell", atomic_long_read(&vmb->rings));
	vmballoon_show(m, "reset", atomic_long_read(&vmb->starts));
	vmballoon_show(m, "shrink",
		       balloon_device_counter(b, BALLOON_COUNT_SHRINKS));
	vmballoon_show(m, "shrinkFree",
		       balloon_device_counter(b, BALLOON_COUNT_SHRUNK));

	for (i = 0; i < 2; i++) {
		long locked = atomic_long_read(&vmb->locked[i]);
		long held = balloon_device_held(b, orders[i]) >> orders[i];

		refused_lock[i] = atomic_long_read(&vmb->refused[true][i]);
		refused[i] = refused_lock[i] +
			     atomic_long_read(&vmb->refused[false][i]);
		/* What was locked, and went: that includes what a reset freed. */
		freed[i] = max(locked - held, 0);
	}
	vmballoon_show_sizes(m, "alloc", (u64 []) {
		balloon_device_counter(b, BALLOON_COUNT_ALLOC),
		balloon_device_counter(b, BALLOON_COUNT_ALLOC_LARGE) });
	vmballoon_show_sizes(m, "allocFail", (u64 []) {
		balloon_device_counter(b, BALLOON_COUNT_ALLOC_FAIL),
		balloon_device_counter(b, BALLOON_COUNT_ALLOC_FAIL_LARGE) });
	vmballoon_show_sizes(m, "errAlloc", refused);
	vmballoon_show_sizes(m, "errFree", refused_lock);
	vmballoon_show_sizes(m, "free", freed);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vmballoon_debug);

/*
 * The device.
 */

VISIBLE_IF_KUNIT void vmballoon_destroy(struct balloon_device *balloon)
{
	struct vmballoon *vmb = balloon_device_data(balloon);

	balloon_device_unregister(balloon);
	/* No doorbell from here on, whether the class ended the protocol or not. */
	vmballoon_stop(balloon);
	balloon_device_put(balloon);
	free_page((unsigned long)vmb->entries);
	kfree(vmb);
}
EXPORT_SYMBOL_IF_KUNIT(vmballoon_destroy);

VISIBLE_IF_KUNIT struct balloon_device *vmballoon_create(unsigned int flags)
{
	struct vmballoon *vmb = kzalloc_obj(*vmb);
	int error = -ENOMEM;

	if (!vmb)
		return ERR_PTR(error);
	vmb->doorbell = VMCI_INVALID_HANDLE;
	atomic64_set(&vmb->told, NOT_TOLD);
	vmb->limits = (struct balloon_limits) {
		/* The most that a host can take; it says so in reset. */
		.orders = BIT(0) | BIT(VMBALLOON_LARGE_ORDER),
		.batch = VMBALLOON_BATCH,
		.poll_ms = MSEC_PER_SEC,
		.flags = BALLOON_STAYS_MANAGED | flags,
	};
	/* For good: a reset must not have to allocate it. */
	vmb->entries = (u64 *)get_zeroed_page(GFP_KERNEL);
	if (!vmb->entries)
		goto free;
	vmb->balloon = balloon_device_alloc(NULL, &vmballoon_ops, &vmb->limits,
					    "vmware", vmb);
	if (IS_ERR(vmb->balloon)) {
		error = PTR_ERR(vmb->balloon);
		goto free;
	}
	error = balloon_device_register(vmb->balloon);
	if (!error)
		return vmb->balloon;

	balloon_device_put(vmb->balloon);
free:
	free_page((unsigned long)vmb->entries);
	kfree(vmb);
	return ERR_PTR(error);
}
EXPORT_SYMBOL_IF_KUNIT(vmballoon_create);

static struct balloon_device *vmballoon_device;
static struct dentry *vmballoon_debug;

static int __init vmballoon_init(void)
{
	if (x86_hyper_type != X86_HYPER_VMWARE)
		return -ENODEV;
	vmballoon_device =
		vmballoon_create(vmwballoon_shrinker_enable ? BALLOON_SHRINK : 0);
	if (IS_ERR(vmballoon_device))
		return PTR_ERR(vmballoon_device);
	vmballoon_debug = debugfs_create_file("vmmemctl", 0444, NULL,
					      balloon_device_data(vmballoon_device),
					      &vmballoon_debug_fops);
	return 0;
}

/* Late, so that VMCI is there for the doorbell if both are built in. */
late_initcall(vmballoon_init);

static void __exit vmballoon_exit(void)
{
	debugfs_remove(vmballoon_debug);
	vmballoon_destroy(vmballoon_device);
}
module_exit(vmballoon_exit);

MODULE_DESCRIPTION("VMware Memory Control (Balloon) Driver");
MODULE_ALIAS("dmi:*:svnVMware*:*");
MODULE_ALIAS("vmware_vmmemctl");
MODULE_LICENSE("GPL");
