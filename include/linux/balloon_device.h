/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Balloon devices: memory that a hypervisor asks its guest to give up.
 *
 * The class (drivers/balloon/core.c) decides: how much to take and when, from
 * which node and in which block size, what to do under pressure, when to try
 * again, what happens on suspend, reboot and memory hotplug. It takes all pages
 * and gives them back, migrates them, and counts and shows everything.
 *
 * A transport (drivers/balloon/virtio.c, vmware.c, ppc_cmm.c) knows the words
 * of one hypervisor: struct balloon_ops. It takes no page of the balloon, keeps
 * none, and runs no policy. What its hypervisor bears is in struct
 * balloon_limits.
 *
 * Documentation/driver-api/balloon.rst shows how the two work together.
 */
#ifndef _LINUX_BALLOON_DEVICE_H
#define _LINUX_BALLOON_DEVICE_H

#include <linux/bits.h>
#include <linux/types.h>

struct balloon_device;
struct device;

/**
 * struct balloon_batch - units that are offered to the host, or asked back
 * @order: size of a unit: 2^order pages, naturally aligned
 * @nr: how many units; never more than the batch of struct balloon_limits
 * @pfns: the first page frame number of each unit (pages of PAGE_SIZE); rising
 *	within a run of neighbours, and wherever the class can arrange it
 * @failed: one bit for each unit, all clear at the start: the transport sets
 *	it with balloon_batch_fail() where the host said no
 * @nr_failed: how many bits are set in @failed
 *
 * Belongs to the operation it is passed to, for as long as that runs.
 */
struct balloon_batch {
	unsigned int order;
	unsigned int nr;
	unsigned long *pfns;
	unsigned long *failed;
	unsigned int nr_failed;
};

void balloon_batch_fail(struct balloon_batch *batch, unsigned int i);

/**
 * struct balloon_ops - what a transport can do
 *
 * All operations may sleep. None runs before balloon_device_register() is
 * called, nor after balloon_device_unregister() has returned. @inflate,
 * @deflate, @reset and @stop never run at the same time for one device; they
 * run under its host lock, which memory offlining and the OOM killer may be
 * waiting for. So the class calls them with reclaim off: what they allocate comes
 * from the reserves, and should be little. They wait for the host killably, and
 * no longer than balloon_device_impatient() says.
 *
 * Errors of @inflate and @deflate, and what the class makes of them:
 *
 * * 0: the host did what was asked, but for the units in @failed. Units that
 *   were not inflated are the guest's again; units that were not deflated stay
 *   in the balloon.
 * * -EBUSY: the host did nothing, and asks to come back later.
 * * -ECONNRESET: the host did nothing, and has forgotten every page it had. The
 *   class takes all pages back without asking, and calls @reset.
 * * -EINTR: the wait was killed, or took too long. All units are in doubt: they
 *   stay in the balloon, and count as quarantined until the transport answers the
 *   next request. It must not do that before the host answered this one.
 * * -EAGAIN: the host has not answered an earlier request, the wait for which was
 *   killed again, or took too long. It was not asked: the units of that request
 *   stay in doubt, these are not.
 * * any other: the host is gone or broken. All units are in doubt, and the
 *   device takes and gives no page any more, until it is reset or unregistered.
 */
struct balloon_ops {
	/**
	 * @target: how much the host wants to have, in pages of PAGE_SIZE. Not
	 * limited in any way: the class checks what it gets. Returns 0, or an
	 * error as above. Not while pages move, so that it may depend on
	 * balloon_device_actual().
	 */
	int (*target)(struct balloon_device *balloon, u64 *pages);

	/** @inflate: offer pages. The guest does not touch them any more. */
	int (*inflate)(struct balloon_device *balloon,
		       struct balloon_batch *batch);

	/** @deflate: ask for pages. They are used when this has returned. */
	int (*deflate)(struct balloon_device *balloon,
		       struct balloon_batch *batch);

	/**
	 * @report: tell the host how many pages of PAGE_SIZE are in the
	 * balloon. Optional. Called after each batch of which something was
	 * done.
	 */
	void (*report)(struct balloon_device *balloon, u64 pages);

	/**
	 * @reset: start the protocol, or start it again, so that the host has no
	 * page of this guest. May call balloon_device_set_limits(). Optional.
	 * Returns 0; -EBUSY to be called again later; any other error if the
	 * host is gone.
	 */
	int (*reset)(struct balloon_device *balloon);

	/**
	 * @stop: end the protocol for good, for a suspend or hibernation, or
	 * before another kernel starts, so that the host forgets all pages; it
	 * is asked for when pages are left that the host did not give back; for
	 * hibernation, only with @reset. Optional.
	 * Returns 0 if it is certain that the host does not think of any page
	 * as its own any more.
	 */
	int (*stop)(struct balloon_device *balloon);

	/**
	 * @tune: called before each round, and, under the host lock, before
	 * memory is given back in need, for a transport whose limits are
	 * parameters that can be written to: it calls
	 * balloon_device_set_limits() or balloon_device_set_floor(). Optional.
	 * Must not wait. May run at the same time as itself.
	 */
	void (*tune)(struct balloon_device *balloon);
};

/*
 * How long a host may be silent while balloon_device_leaving(), and while
 * somebody needs memory; see balloon_device_impatient().
 */
#define BALLOON_PATIENCE_MS		5000
#define BALLOON_PATIENCE_NEED_MS	2000

/* What a transport says about its hypervisor, see struct balloon_limits. */
/* Pages are given back when the guest runs out of memory. */
#define BALLOON_DEFLATE_ON_OOM		BIT(0)
/* Its pages stay part of MemTotal: the guest gets them when it needs them. */
#define BALLOON_STAYS_MANAGED		BIT(1)
/*
 * Memory shrinkers may take pages back, and so they are given back when memory
 * runs out, too; inflation then waits for a while.
 */
#define BALLOON_SHRINK			BIT(2)
/* All pages must be given back before the kernel ends or starts another. */
#define BALLOON_RETURN_ON_RESTART	BIT(3)
/* A pending change of the target keeps the system awake. */
#define BALLOON_WAKEUP			BIT(4)
/* For tests: the worker only runs when balloon_device_step() is called. */
#define BALLOON_BY_HAND			BIT(31)

/**
 * struct balloon_limits - what a hypervisor bears
 * @orders: sizes the host takes: bit n is set for units of 2^n pages; at most
 *	two, one of them 0. With order 0 alone, the class still takes large
 *	blocks from the page allocator, and offers their pages one after another
 * @batch: most units of order 0 in a batch
 * @large_batch: most units of the larger order in a batch; 0: as @batch
 * @poll_ms: how often the target is read, in milliseconds; 0: only after
 *	balloon_device_kick()
 * @oom_pages: how many pages are given back each time memory ran out; 0: 256
 * @hotplug_delay_ms: inflation rests for so long after memory was offlined
 * @flags: BALLOON_*
 */
struct balloon_limits {
	unsigned long orders;
	unsigned int batch;
	unsigned int large_batch;
	unsigned int poll_ms;
	unsigned int oom_pages;
	unsigned int hotplug_delay_ms;
	unsigned int flags;
};

/**
 * enum balloon_state - what a balloon device does, see the file state in sysfs
 * @BALLOON_IDLE: it has what the host wants, or has nothing to do
 * @BALLOON_INFLATING: taking pages
 * @BALLOON_DEFLATING: giving pages back
 * @BALLOON_WAITING: not at its target; it tries again later
 * @BALLOON_SUSPENDED: at rest, for a suspend or a restart of the system, or as
 *	the transport wants it
 * @BALLOON_GONE: the host does not answer any more
 */
enum balloon_state {
	BALLOON_IDLE,
	BALLOON_INFLATING,
	BALLOON_DEFLATING,
	BALLOON_WAITING,
	BALLOON_SUSPENDED,
	BALLOON_GONE,
	/* private: */
	BALLOON_NR_STATES,
};

/**
 * enum balloon_reason - why it is in that state, see the file reason in sysfs
 * @BALLOON_TARGET_REACHED: nothing to do
 * @BALLOON_TARGET_CHANGED: on its way to a new target
 * @BALLOON_PRESSURE: the guest is short of memory
 * @BALLOON_FLOOR: all that may be taken was taken
 * @BALLOON_NO_MEMORY: the page allocator has no more
 * @BALLOON_OOM: pages were given back because memory ran out
 * @BALLOON_SHRUNK: pages were given back because a shrinker asked
 * @BALLOON_HOTPLUG: memory is being offlined, or was a moment ago
 * @BALLOON_HOST_REFUSED: the host does not take these pages, or not give them
 * @BALLOON_HOST_BUSY: the host asks to come back later, or has no balloon for
 *	this guest at the moment
 * @BALLOON_HOST_RESET: the host has forgotten all pages
 * @BALLOON_HOST_GONE: the device broke, or was removed
 * @BALLOON_SUSPEND: the system suspends or hibernates, or the transport rests
 * @BALLOON_RESTART: the system restarts
 */
enum balloon_reason {
	BALLOON_TARGET_REACHED,
	BALLOON_TARGET_CHANGED,
	BALLOON_PRESSURE,
	BALLOON_FLOOR,
	BALLOON_NO_MEMORY,
	BALLOON_OOM,
	BALLOON_SHRUNK,
	BALLOON_HOTPLUG,
	BALLOON_HOST_REFUSED,
	BALLOON_HOST_BUSY,
	BALLOON_HOST_RESET,
	BALLOON_HOST_GONE,
	BALLOON_SUSPEND,
	BALLOON_RESTART,
	/* private: */
	BALLOON_NR_REASONS,
};

/*
 * What a balloon device counts, since it was registered. What was inflated, less
 * what was deflated or poisoned, is in the balloon.
 */
enum balloon_counter {
	BALLOON_COUNT_INFLATED,		/* pages, those in doubt included */
	BALLOON_COUNT_DEFLATED,		/* pages, given or forgotten */
	BALLOON_COUNT_MIGRATED,		/* pages */
	BALLOON_COUNT_REFUSED,		/* pages, large ones */
	BALLOON_COUNT_REFUSED_SMALL,	/* pages, of order 0 */
	BALLOON_COUNT_ALLOC,		/* units of order 0 asked for */
	BALLOON_COUNT_ALLOC_LARGE,	/* larger units asked for */
	BALLOON_COUNT_ALLOC_FAIL,	/* times that none was to be had */
	BALLOON_COUNT_ALLOC_FAIL_LARGE,
	BALLOON_COUNT_OOM,		/* pages */
	BALLOON_COUNT_SHRUNK,		/* pages */
	BALLOON_COUNT_SHRINKS,		/* calls of the shrinker */
	BALLOON_COUNT_POISONED,		/* pages */
	BALLOON_COUNT_RESETS,
	BALLOON_COUNT_CALLS,		/* to inflate and deflate */
	BALLOON_NR_COUNTERS,
};

struct balloon_device *balloon_device_alloc(struct device *parent,
					    const struct balloon_ops *ops,
					    const struct balloon_limits *limits,
					    const char *transport, void *data);
void balloon_device_put(struct balloon_device *balloon);
int balloon_device_register(struct balloon_device *balloon);
void balloon_device_unregister(struct balloon_device *balloon);
struct balloon_device *
devm_balloon_device_register(struct device *parent,
			     const struct balloon_ops *ops,
			     const struct balloon_limits *limits,
			     const char *transport, void *data);

void balloon_device_kick(struct balloon_device *balloon);
void balloon_device_gone(struct balloon_device *balloon);
bool balloon_device_leaving(const struct balloon_device *balloon);
bool balloon_device_impatient(const struct balloon_device *balloon,
			      unsigned long since);
int balloon_device_suspend(struct balloon_device *balloon);
int balloon_device_resume(struct balloon_device *balloon);
int balloon_device_return_all(struct balloon_device *balloon, bool pause);

void balloon_device_set_limits(struct balloon_device *balloon,
			       const struct balloon_limits *limits);
void balloon_device_set_floor(struct balloon_device *balloon, u64 pages);

void *balloon_device_data(const struct balloon_device *balloon);
struct device *balloon_device_dev(struct balloon_device *balloon);
u64 balloon_device_actual(const struct balloon_device *balloon);
u64 balloon_device_target(const struct balloon_device *balloon);
u64 balloon_device_held(const struct balloon_device *balloon,
			unsigned int order);
u64 balloon_device_counter(const struct balloon_device *balloon,
			   enum balloon_counter id);
enum balloon_state balloon_device_state(const struct balloon_device *balloon);
enum balloon_reason balloon_device_reason(const struct balloon_device *balloon);

#ifdef CONFIG_VM_EVENT_COUNTERS
void balloon_vm_events(unsigned long *events);
#else
static inline void balloon_vm_events(unsigned long *events)
{
}
#endif

#if IS_ENABLED(CONFIG_KUNIT)
/*
 * For tests: one round of the worker, at the jiffies of the test's choice;
 * returns in how many the next one is due. And what memory pressure does, and
 * what is done before the kernel ends.
 */
unsigned long balloon_device_step(struct balloon_device *balloon, u64 now);
long balloon_available_pages(void);
long balloon_node_available_pages(int nid);
bool balloon_under_pressure(void);
unsigned long balloon_device_oom(struct balloon_device *balloon);
unsigned long balloon_device_shrink(struct balloon_device *balloon,
				    unsigned long nr_pages);
void balloon_device_reboot(struct balloon_device *balloon, bool restart);
void balloon_devices_hibernate(bool begin);
#endif

#endif /* _LINUX_BALLOON_DEVICE_H */
