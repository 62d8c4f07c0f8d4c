// SPDX-License-Identifier: GPL-2.0
/*
 * The balloon class: everything that balloons have in common.
 *
 * A balloon device has a target, set by the host, and a worker that brings its
 * size there in rounds of one batch. Pages come from and go to mm/offline_pages.c,
 * which knows whose they are: nothing is kept in struct page, and no list of
 * pages is kept here. What a round does is decided by balloon_step() alone; time
 * is passed to it, so that tests can do the same without a clock.
 *
 * Locks, from the outside in:
 *
 * round_lock	one round, or one return of all pages, at a time: the worker's
 *		batch, refused pages, back-off. Memory is allocated under it.
 * host_lock	one request to the host at a time: calls of target, inflate,
 *		deflate, reset and stop, and the side batch. Pages that move under
 *		it are in the balloon twice for a while. The OOM killer waits for
 *		it, if not for long, so that nobody allocates memory under it.
 * lock		a spinlock: state, limits, pauses and rests.
 *
 * Pages that are on their way are isolated: nobody else finds them. A page is in
 * its owner's set while the host has it, or may have it.
 */
#define pr_fmt(fmt) "balloon: " fmt

#include <linux/balloon_device.h>
#include <linux/bitmap.h>
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/idr.h>
#include <linux/kobject.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/offline_pages.h>
#include <linux/oom.h>
#include <linux/pm_wakeup.h>
#include <linux/psi.h>
#include <linux/reboot.h>
#include <linux/sched/loadavg.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/suspend.h>
#include <linux/vmstat.h>
#include <linux/workqueue.h>
#include <kunit/static_stub.h>
#include <kunit/visibility.h>

#define CREATE_TRACE_POINTS
#include <trace/events/balloon.h>

/* The first time to wait when a balloon is short of its target, and the last. */
#define BACK_OFF_MIN		(HZ / 4)
#define BACK_OFF_MAX		(16 * HZ)
/* Inflation rests after the guest had to take memory back. */
#define REST_AFTER_NEED		(10 * HZ)
/* Until migration is done with some pages, or to leave the host alone. */
#define A_MOMENT		max(HZ / 50, 1)
/* Not more than one reset in this time. */
#define RESET_PAUSE		HZ
/* Past failures are forgotten no more often than that. */
#define FRESH_PAUSE		HZ
/* A waiting balloon does not start again for less, in pages. */
#define WORTH_A_ROUND		(SZ_1M / PAGE_SIZE)
/* Refused pages are held, not to be offered again, up to so many of a size. */
#define MAX_REFUSED		32
/* Units of a size that are not given, before a pass ends: what they take. */
#define MAX_KEPT		65536
/* In need, so many units are asked for, and a batch, that are not given. */
#define MAX_KEPT_IN_NEED	1024
/* Units in a batch in need, or for migration; a round's may be much longer. */
#define MAX_SIDE_BATCH		1024
/* How often it is tried in vain to get all pages back, if the host is busy. */
#define MAX_TRIES		100
/* A pass over all pages, of which none was given, counts for so many. */
#define TRIES_PER_PASS		10
/* Rounds that the worker makes before it lets others run. */
#define ROUNDS_PER_WORK		16
/* How much of the last ten seconds tasks waited for memory, in per cent. */
#define PRESSURE_SOME		30
#define PRESSURE_FULL		10
#define DEFAULT_OOM_PAGES	256

enum balloon_call_kind {
	CALL_INFLATE,
	CALL_DEFLATE,
	NR_CALLS,
};

/* Who keeps a balloon at rest; bits. */
#define PAUSED_BY_TRANSPORT	BIT(0)
#define PAUSED_BY_PM		BIT(1)
#define PAUSED_BY_RESTART	BIT(2)

#define HISTOGRAM_BUCKETS	24

/* What is not done again so soon. */
struct pace {
	bool done;			/* at last */
	u64 last;
};

/*
 * Units that the host did not give. They stay isolated until all others were
 * asked for, or the same ones would be found again and again.
 */
struct kept_units {
	unsigned int nr, max;
	unsigned long *pfns;
};

/* Pages of one size: a unit of the host's. */
struct balloon_size {
	struct balloon_device *balloon;
	unsigned int order;
	char name[32];
	struct offline_page_owner owner;
	struct offline_page_ops ops;
	atomic_long_t held;		/* pages the host has, or may have */
	/* Isolated, under round_lock, so as not to be offered or asked again. */
	unsigned int nr_refused;	/* the host did not take */
	unsigned long refused[MAX_REFUSED];
	struct kept_units retained;	/* the host did not give */
};

struct balloon_device {
	struct device dev;
	/* A copy: the transport's may be gone when somebody still looks. */
	struct balloon_ops ops;
	const char *transport;
	void *data;
	int id;

	/* Largest first; the last one has order 0. */
	struct balloon_size size[2];
	unsigned int nr_sizes;
	unsigned int max_batch, max_side_batch;

	struct mutex round_lock;	/* up to host_lock; see above */
	struct delayed_work work;
	struct balloon_batch batch;
	bool large_off;			/* none are to be had at the moment */
	unsigned int in_vain;		/* batches of which nothing was given */
	bool waiting;			/* until retry_at */
	u64 retry_at;
	unsigned long back_off;
	struct pace resets, afresh;
	bool unforgotten;		/* until the host starts again */

	struct mutex host_lock;		/* up to lock */
	struct balloon_batch side;
	struct kept_units side_kept;	/* of one size, while it is asked for */
	bool asleep;			/* the host must not be called; set in a round */

	spinlock_t lock;		/* up to notify */
	struct balloon_limits limits;
	enum balloon_state state;
	enum balloon_reason reason;
	unsigned int paused;
	bool resting;			/* until rest_until */
	u64 rest_until;
	enum balloon_reason rest_reason;
	nodemask_t nodes;		/* empty: any */

	struct work_struct notify;
	struct shrinker *shrinker;
	struct dentry *debugfs;

	/* No lock; written and read as a whole. */
	bool live;			/* registered, and not about to go */
	bool gone;
	bool gone_told;			/* on the console */
	bool reset_wanted;
	bool fresh;			/* forget about past failures */
	atomic_t needy;			/* calls in which memory is needed */
	u64 target;
	u64 floor;			/* set in sysfs */
	u64 transport_floor;
	atomic_long_t quarantined;
	atomic64_t counter[BALLOON_NR_COUNTERS];
	atomic_t batches[NR_CALLS][HISTOGRAM_BUCKETS];
	atomic_t host_time[NR_CALLS][HISTOGRAM_BUCKETS];
};

#define to_balloon(_dev) container_of(_dev, struct balloon_device, dev)

static const struct class balloon_class;
static struct workqueue_struct *balloon_wq;
static struct dentry *balloon_debugfs;
static DEFINE_IDA(balloon_ida);
/* From MEM_GOING_OFFLINE to the end of that. */
static bool balloon_offlining;

static const char *const state_names[] = {
	[BALLOON_IDLE] = "idle",
	[BALLOON_INFLATING] = "inflating",
	[BALLOON_DEFLATING] = "deflating",
	[BALLOON_WAITING] = "waiting",
	[BALLOON_SUSPENDED] = "suspended",
	[BALLOON_GONE] = "gone",
};

static const char *const reason_names[] = {
	[BALLOON_TARGET_REACHED] = "target-reached",
	[BALLOON_TARGET_CHANGED] = "target-changed",
	[BALLOON_PRESSURE] = "pressure",
	[BALLOON_FLOOR] = "floor",
	[BALLOON_NO_MEMORY] = "no-memory",
	[BALLOON_OOM] = "oom",
	[BALLOON_SHRUNK] = "shrunk",
	[BALLOON_HOTPLUG] = "hotplug",
	[BALLOON_HOST_REFUSED] = "host-refused",
	[BALLOON_HOST_BUSY] = "host-busy",
	[BALLOON_HOST_RESET] = "host-reset",
	[BALLOON_HOST_GONE] = "host-gone",
	[BALLOON_SUSPEND] = "suspend",
	[BALLOON_RESTART] = "restart",
};

static const char *const counter_names[] = {
	[BALLOON_COUNT_INFLATED] = "inflated",
	[BALLOON_COUNT_DEFLATED] = "deflated",
	[BALLOON_COUNT_MIGRATED] = "migrated",
	[BALLOON_COUNT_REFUSED] = "refused_large",
	[BALLOON_COUNT_REFUSED_SMALL] = "refused",
	[BALLOON_COUNT_ALLOC] = "alloc",
	[BALLOON_COUNT_ALLOC_LARGE] = "alloc_large",
	[BALLOON_COUNT_ALLOC_FAIL] = "alloc_fail",
	[BALLOON_COUNT_ALLOC_FAIL_LARGE] = "alloc_fail_large",
	[BALLOON_COUNT_OOM] = "oom",
	[BALLOON_COUNT_SHRUNK] = "shrunk",
	[BALLOON_COUNT_SHRINKS] = "shrinks",
	[BALLOON_COUNT_POISONED] = "poisoned",
	[BALLOON_COUNT_RESETS] = "resets",
	[BALLOON_COUNT_CALLS] = "calls",
};

static_assert(ARRAY_SIZE(state_names) == BALLOON_NR_STATES);
static_assert(ARRAY_SIZE(reason_names) == BALLOON_NR_REASONS);
static_assert(ARRAY_SIZE(counter_names) == BALLOON_NR_COUNTERS);

/*
 * What others may ask.
 */

/**
 * balloon_device_data - what the transport passed to balloon_device_alloc()
 * @balloon: balloon device
 *
 * Context: any.
 * Return: its own data.
 */
void *balloon_device_data(const struct balloon_device *balloon)
{
	return balloon->data;
}
EXPORT_SYMBOL_GPL(balloon_device_data);

/**
 * balloon_device_dev - the device in /sys/class/balloon, for messages
 * @balloon: balloon device
 *
 * Context: any.
 * Return: the device, without a reference of its own.
 */
struct device *balloon_device_dev(struct balloon_device *balloon)
{
	return &balloon->dev;
}
EXPORT_SYMBOL_GPL(balloon_device_dev);

/**
 * balloon_device_held - how much the host has, in units of one size
 * @balloon: balloon device
 * @order: the size
 *
 * Context: any.
 * Return: pages (not units) in the balloon.
 */
u64 balloon_device_held(const struct balloon_device *balloon,
			unsigned int order)
{
	unsigned int i;

	for (i = 0; i < balloon->nr_sizes; i++)
		if (balloon->size[i].order == order)
			return atomic_long_read(&balloon->size[i].held);
	return 0;
}
EXPORT_SYMBOL_GPL(balloon_device_held);

/**
 * balloon_device_actual - how much the host has
 * @balloon: balloon device
 *
 * Context: any.
 * Return: pages in the balloon, pages in doubt included.
 */
u64 balloon_device_actual(const struct balloon_device *balloon)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < balloon->nr_sizes; i++)
		sum += atomic_long_read(&balloon->size[i].held);
	return sum;
}
EXPORT_SYMBOL_GPL(balloon_device_actual);

/**
 * balloon_device_target - how much the host wants to have
 * @balloon: balloon device
 *
 * Context: any.
 * Return: pages, as of the last round.
 */
u64 balloon_device_target(const struct balloon_device *balloon)
{
	return READ_ONCE(balloon->target);
}
EXPORT_SYMBOL_GPL(balloon_device_target);

/**
 * balloon_device_counter - read a counter
 * @balloon: balloon device
 * @id: which
 *
 * Context: any.
 * Return: the count since the device was allocated.
 */
u64 balloon_device_counter(const struct balloon_device *balloon,
			   enum balloon_counter id)
{
	return atomic64_read(&balloon->counter[id]);
}
EXPORT_SYMBOL_GPL(balloon_device_counter);

/**
 * balloon_device_state - what the device does at the moment
 * @balloon: balloon device
 *
 * Context: any.
 * Return: the state, which may have changed already.
 */
enum balloon_state balloon_device_state(const struct balloon_device *balloon)
{
	return READ_ONCE(balloon->state);
}
EXPORT_SYMBOL_GPL(balloon_device_state);

/**
 * balloon_device_reason - why it does that
 * @balloon: balloon device
 *
 * Context: any.
 * Return: the reason, which may have changed already.
 */
enum balloon_reason balloon_device_reason(const struct balloon_device *balloon)
{
	return READ_ONCE(balloon->reason);
}
EXPORT_SYMBOL_GPL(balloon_device_reason);

static void count(struct balloon_device *b, enum balloon_counter id, u64 nr)
{
	atomic64_add(nr, &b->counter[id]);
}

static unsigned int flags_of(const struct balloon_device *b)
{
	return READ_ONCE(b->limits.flags);
}

/*
 * State and reason.
 */

/* Tells user space; not where the state changes, for that may be anywhere. */
static void balloon_notify(struct work_struct *work)
{
	struct balloon_device *b = container_of(work, struct balloon_device,
						notify);
	enum balloon_reason reason;
	enum balloon_state state;
	char env_state[40], env_reason[40];
	char *env[3] = { env_state, env_reason };

	scoped_guard(spinlock_irqsave, &b->lock) {
		state = b->state;
		reason = b->reason;
	}
	snprintf(env_state, sizeof(env_state), "BALLOON_STATE=%s",
		 state_names[state]);
	snprintf(env_reason, sizeof(env_reason), "BALLOON_REASON=%s",
		 reason_names[reason]);
	sysfs_notify(&b->dev.kobj, NULL, "state");
	sysfs_notify(&b->dev.kobj, NULL, "reason");
	kobject_uevent_env(&b->dev.kobj, KOBJ_CHANGE, env);
}

static void set_state(struct balloon_device *b, enum balloon_state state,
		      enum balloon_reason reason)
{
	scoped_guard(spinlock_irqsave, &b->lock) {
		if (b->state == state && b->reason == reason)
			return;
		b->state = state;
		b->reason = reason;
		/* Unregistration, which waits for it, sets live here, too. */
		if (b->live)
			schedule_work(&b->notify);
	}
	trace_balloon_state(dev_name(&b->dev), state_names[state],
			    reason_names[reason], b->target,
			    balloon_device_actual(b));
}

/* A restart has the last word. */
static void set_paused(struct balloon_device *b)
{
	bool restart = READ_ONCE(b->paused) & PAUSED_BY_RESTART;

	set_state(b, BALLOON_SUSPENDED,
		  restart ? BALLOON_RESTART : BALLOON_SUSPEND);
}

/* Inflation rests: somebody needs the memory more. */
static void balloon_rest(struct balloon_device *b, unsigned long delay,
			 enum balloon_reason reason)
{
	u64 until = get_jiffies_64() + delay;

	guard(spinlock_irqsave)(&b->lock);
	if (b->resting && time_after64(b->rest_until, until))
		return;
	b->resting = true;
	b->rest_until = until;
	b->rest_reason = reason;
}

/**
 * balloon_device_kick - the target may have changed
 * @balloon: balloon device, registered or not
 *
 * Context: any, also hard interrupts.
 */
void balloon_device_kick(struct balloon_device *balloon)
{
	KUNIT_STATIC_STUB_REDIRECT(balloon_device_kick, balloon);

	/* Against unregistration, which sets it under the same lock. */
	guard(spinlock_irqsave)(&balloon->lock);
	if (balloon->live && !(balloon->limits.flags & BALLOON_BY_HAND)) {
		if (balloon->limits.flags & BALLOON_WAKEUP)
			pm_stay_awake(balloon->dev.parent);
		mod_delayed_work(balloon_wq, &balloon->work, 0);
	}
}
EXPORT_SYMBOL_GPL(balloon_device_kick);

/* Something changed that makes past failures worth another try. */
static void start_afresh(struct balloon_device *b)
{
	WRITE_ONCE(b->fresh, true);
	balloon_device_kick(b);
}

/**
 * balloon_device_gone - the host will not answer any more
 * @balloon: balloon device, registered or not
 *
 * The device is at rest from now on, until balloon_device_resume() or its end.
 * The next round says so in the log. Its pages stay offline until it is certain
 * that the host has forgotten them.
 *
 * Context: any, also hard interrupts.
 */
void balloon_device_gone(struct balloon_device *balloon)
{
	WRITE_ONCE(balloon->gone, true);
	balloon_device_kick(balloon);
}
EXPORT_SYMBOL_GPL(balloon_device_gone);

/**
 * balloon_device_leaving - should the host better hurry?
 * @balloon: balloon device
 *
 * Context: any.
 * Return: true if somebody waits for the balloon to come to rest, or it is not
 * registered.
 */
bool balloon_device_leaving(const struct balloon_device *balloon)
{
	return !READ_ONCE(balloon->live) || READ_ONCE(balloon->paused);
}
EXPORT_SYMBOL_GPL(balloon_device_leaving);

/**
 * balloon_device_impatient - has the host been silent for too long?
 * @balloon: balloon device
 * @since: when the host last gave an answer, or was asked if that is later; in
 *	jiffies
 *
 * For waits in operations, which may be a worker's that nobody can kill. A host
 * may take as long as it likes, unless somebody waits for the balloon to come to
 * rest (BALLOON_PATIENCE_MS), or for memory (BALLOON_PATIENCE_NEED_MS). When this
 * is true, an operation returns -EINTR, or -EAGAIN, or that the host is gone.
 *
 * Context: any.
 * Return: true if the wait is to end.
 */
bool balloon_device_impatient(const struct balloon_device *balloon,
			      unsigned long since)
{
	unsigned int ms;

	if (atomic_read(&balloon->needy))
		ms = BALLOON_PATIENCE_NEED_MS;
	else if (balloon_device_leaving(balloon))
		ms = BALLOON_PATIENCE_MS;
	else
		return false;
	return time_after(jiffies, since + msecs_to_jiffies(ms));
}
EXPORT_SYMBOL_GPL(balloon_device_impatient);

/**
 * balloon_device_set_limits - the host bears something else now
 * @balloon: balloon device
 * @limits: new limits; orders and batches cannot get more than those that the
 *	device was allocated with
 *
 * Context: any; orders only change in the reset operation, while the balloon
 * is empty.
 */
void balloon_device_set_limits(struct balloon_device *balloon,
			       const struct balloon_limits *limits)
{
	struct balloon_limits new = *limits;
	unsigned long orders = 0;
	unsigned int i;

	for (i = 0; i < balloon->nr_sizes; i++)
		orders |= BIT(balloon->size[i].order);
	new.orders = (new.orders & orders) | BIT(0);
	new.batch = clamp(new.batch, 1U, balloon->max_batch);
	if (!new.large_batch)
		new.large_batch = new.batch;
	new.large_batch = clamp(new.large_batch, 1U, balloon->max_batch);

	guard(spinlock_irqsave)(&balloon->lock);
	new.flags |= balloon->limits.flags & BALLOON_BY_HAND;
	balloon->limits = new;
}
EXPORT_SYMBOL_GPL(balloon_device_set_limits);

/**
 * balloon_device_set_floor - how much must stay with the guest
 * @balloon: balloon device
 * @pages: memory that inflation leaves to the guest, in pages: of all it has,
 *	used or free. The larger one counts of this and the file in sysfs
 *
 * Context: any.
 */
void balloon_device_set_floor(struct balloon_device *balloon, u64 pages)
{
	if (READ_ONCE(balloon->transport_floor) == pages)
		return;
	WRITE_ONCE(balloon->transport_floor, pages);
	start_afresh(balloon);
}
EXPORT_SYMBOL_GPL(balloon_device_set_floor);

/**
 * balloon_batch_fail - the host does not take, or does not give, a unit
 * @batch: the batch that an operation was called with
 * @i: which unit
 *
 * Context: in the operation.
 */
void balloon_batch_fail(struct balloon_batch *batch, unsigned int i)
{
	if (WARN_ON_ONCE(i >= batch->nr))
		return;
	if (!__test_and_set_bit(i, batch->failed))
		batch->nr_failed++;
}
EXPORT_SYMBOL_GPL(balloon_batch_fail);

/*
 * Talking to the host, under host_lock.
 */

static unsigned int bucket(u64 value)
{
	return min(value ? ilog2(value) + 1 : 0, HISTOGRAM_BUCKETS - 1);
}

/*
 * For a round: memory offlining may hold the lock for as long as the host is
 * silent. The worker cannot be killed, but does not look like a hung task here.
 */
static int lock_host(struct balloon_device *b)
{
	return mutex_lock_killable(&b->host_lock);
}

DEFINE_LOCK_GUARD_0(no_reclaim, _T->flags = memalloc_noreclaim_save(),
		    memalloc_noreclaim_restore(_T->flags), unsigned int flags)

/*
 * The operations that run under host_lock. A bus may allocate memory in them,
 * which must not be reclaimed: that could need this lock.
 */
static int ask_pages(struct balloon_device *b, struct balloon_batch *batch,
		     enum balloon_call_kind kind)
{
	guard(no_reclaim)();
	lockdep_assert_held(&b->host_lock);
	return kind == CALL_INFLATE ? b->ops.inflate(b, batch) :
				      b->ops.deflate(b, batch);
}

static int ask_target(struct balloon_device *b, u64 *target)
{
	guard(no_reclaim)();
	lockdep_assert_held(&b->host_lock);
	return b->ops.target(b, target);
}

static int ask_reset(struct balloon_device *b)
{
	guard(no_reclaim)();
	lockdep_assert_held(&b->host_lock);
	return b->ops.reset ? b->ops.reset(b) : 0;
}

static int ask_stop(struct balloon_device *b)
{
	guard(no_reclaim)();
	lockdep_assert_held(&b->host_lock);
	return b->ops.stop ? b->ops.stop(b) : -EOPNOTSUPP;
}

static void tell_actual(struct balloon_device *b)
{
	guard(no_reclaim)();
	if (b->ops.report)
		b->ops.report(b, balloon_device_actual(b));
}

/* Says so once, whoever learns it, until the device starts again. */
static void host_gone(struct balloon_device *b, int err)
{
	WRITE_ONCE(b->gone, true);
	if (!xchg(&b->gone_told, true))
		dev_warn(&b->dev,
			 "host is gone (error %d): %llu KiB stay offline until the device is reset\n",
			 err, balloon_device_actual(b) << (PAGE_SHIFT - 10));
}

/*
 * Let the host have the batch, or ask for it. Afterwards the count of pages
 * that it has is right, and it was told. -EBUSY also says that it was not asked.
 * -EAGAIN: it was not, because it has not answered the last time.
 */
static int call_host(struct balloon_size *s, struct balloon_batch *batch,
		     enum balloon_call_kind kind)
{
	long pages = (long)batch->nr << s->order, done;
	struct balloon_device *b = s->balloon;
	ktime_t start;
	int err;

	lockdep_assert_held(&b->host_lock);
	batch->order = s->order;
	batch->nr_failed = 0;
	bitmap_zero(batch->failed, batch->nr);
	if (b->asleep || READ_ONCE(b->gone) || READ_ONCE(b->reset_wanted))
		return -EBUSY;

	start = ktime_get();
	err = ask_pages(b, batch, kind);
	count(b, BALLOON_COUNT_CALLS, 1);
	atomic_inc(&b->batches[kind][bucket(batch->nr)]);
	atomic_inc(&b->host_time[kind][bucket(ktime_us_delta(ktime_get(),
							     start))]);
	trace_balloon_batch(dev_name(&b->dev), kind == CALL_INFLATE,
			    batch->order, batch->nr, batch->nr_failed, err);

	switch (err) {
	case 0:
		atomic_long_set(&b->quarantined, 0);
		done = pages - ((long)batch->nr_failed << batch->order);
		if (kind == CALL_DEFLATE) {
			count(b, BALLOON_COUNT_DEFLATED, done);
			done = -done;
		} else {
			count(b, BALLOON_COUNT_INFLATED, done);
			count(b, batch->order ? BALLOON_COUNT_REFUSED :
			      BALLOON_COUNT_REFUSED_SMALL, pages - done);
		}
		atomic_long_add(done, &s->held);
		if (done)
			tell_actual(b);
		return 0;
	case -ECONNRESET:
		WRITE_ONCE(b->reset_wanted, true);
		fallthrough;
	case -EBUSY:
		atomic_long_set(&b->quarantined, 0);
		return err;
	case -EAGAIN:
		return err;
	default:
		/* In doubt: the host may have them. */
		if (kind == CALL_INFLATE) {
			count(b, BALLOON_COUNT_INFLATED, pages);
			atomic_long_add(pages, &s->held);
		}
		/* Some may have been so already, if they were asked for. */
		pages += atomic_long_read(&b->quarantined);
		atomic_long_set(&b->quarantined,
				min_t(u64, pages, balloon_device_actual(b)));
		if (err != -EINTR)
			host_gone(b, err);
		return err;
	}
}

static bool in_doubt(int err)
{
	return err && err != -EBUSY && err != -EAGAIN && err != -ECONNRESET;
}

/* The host is not gone, but does nothing at the moment. */
static bool busy(int err)
{
	return err == -EBUSY || err == -EAGAIN || err == -EINTR;
}

/* Split a batch: the units that failed go to @failed, the others move up. */
static unsigned int split_batch(struct balloon_batch *batch,
				void (*failed)(struct balloon_size *s,
					       unsigned long pfn),
				struct balloon_size *s)
{
	unsigned int i, n = 0;

	if (!batch->nr_failed)
		return batch->nr;
	for (i = 0; i < batch->nr; i++) {
		if (test_bit(i, batch->failed))
			failed(s, batch->pfns[i]);
		else
			batch->pfns[n++] = batch->pfns[i];
	}
	return n;
}

/* Held until the balloon rests, or it would be the next one offered. */
static void keep_refused(struct balloon_size *s, unsigned long pfn)
{
	if (s->nr_refused < MAX_REFUSED)
		s->refused[s->nr_refused++] = pfn;
	else
		free_isolated_offline_pages_bulk(&s->owner, 1, &pfn);
}

static void keep_unit(struct balloon_size *s, struct kept_units *kept,
		      unsigned long pfn)
{
	if (kept->nr < kept->max)
		kept->pfns[kept->nr++] = pfn;
	else
		putback_offline_pages_bulk(&s->owner, 1, &pfn);
}

/* What the worker asked the host for, until the end of the pass. */
static void keep_retained(struct balloon_size *s, unsigned long pfn)
{
	keep_unit(s, &s->retained, pfn);
}

/* The same, for somebody in need. */
static void keep_aside(struct balloon_size *s, unsigned long pfn)
{
	keep_unit(s, &s->balloon->side_kept, pfn);
}

/* They may be asked for again. */
static void putback_kept(struct balloon_size *s, struct kept_units *kept)
{
	if (kept->nr)
		putback_offline_pages_bulk(&s->owner, kept->nr, kept->pfns);
	kept->nr = 0;
}

/*
 * Is there room for more that is not given? If not, the pass ends here, for they
 * cannot be migrated meanwhile. Few hosts keep many: what there is no room for of
 * a long batch is asked for once more in the next one.
 */
static bool room_to_keep(struct balloon_size *s)
{
	struct kept_units *kept = &s->retained;
	unsigned int nr = kept->nr + s->balloon->max_side_batch;
	unsigned long *pfns;

	lockdep_assert_held(&s->balloon->round_lock);
	if (nr <= kept->max)
		return true;
	if (kept->nr >= MAX_KEPT)
		return false;
	nr = max(nr, 2 * kept->max);
	pfns = kvrealloc(kept->pfns, array_size(nr, sizeof(*pfns)),
			 GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	if (!pfns)
		return false;
	kept->pfns = pfns;
	kept->max = nr;
	return true;
}

/* Are there units that the host was not asked for in this pass? */
static bool any_left(const struct balloon_size *s)
{
	return atomic_long_read(&s->held) > (long)s->retained.nr << s->order;
}

static bool any_retained(const struct balloon_device *b)
{
	unsigned int i;

	for (i = 0; i < b->nr_sizes; i++)
		if (b->size[i].retained.nr)
			return true;
	return false;
}

/* They may be offered, and asked for, again: a pass ends. */
static void free_refused(struct balloon_device *b)
{
	unsigned int i;

	for (i = 0; i < b->nr_sizes; i++) {
		struct balloon_size *s = &b->size[i];

		if (s->nr_refused)
			free_isolated_offline_pages_bulk(&s->owner,
							 s->nr_refused,
							 s->refused);
		s->nr_refused = 0;
		putback_kept(s, &s->retained);
	}
	b->in_vain = 0;
}

/* Isolated pages of the batch go where the host's answer says. */
static void settle_inflated(struct balloon_size *s, struct balloon_batch *batch,
			    int err)
{
	unsigned int nr = batch->nr;

	if (!err)
		nr = split_batch(batch, keep_refused, s);
	if (!nr)
		return;
	if (!err || in_doubt(err))
		putback_offline_pages_bulk(&s->owner, nr, batch->pfns);
	else
		free_isolated_offline_pages_bulk(&s->owner, nr, batch->pfns);
}

static void settle_deflated(struct balloon_size *s, struct balloon_batch *batch,
			    int err)
{
	bool in_round = batch == &s->balloon->batch;
	unsigned int nr = batch->nr;

	if (!err)
		nr = split_batch(batch, in_round ? keep_retained : keep_aside,
				 s);
	if (!nr)
		return;
	if (!err)
		free_isolated_offline_pages_bulk(&s->owner, nr, batch->pfns);
	else
		putback_offline_pages_bulk(&s->owner, nr, batch->pfns);
}

static unsigned int batch_limit(const struct balloon_size *s)
{
	const struct balloon_limits *limits = &s->balloon->limits;

	return s->order ? READ_ONCE(limits->large_batch) :
			  READ_ONCE(limits->batch);
}

/*
 * Take units out of the balloon, ask the host for them, and use them. Returns
 * the host's answer; *freed is in pages. Nothing was found if that is 0 and the
 * answer, too.
 */
static int deflate_batch(struct balloon_size *s, struct balloon_batch *batch,
			 u64 units, unsigned long *freed)
{
	struct balloon_device *b = s->balloon;
	int err;

	*freed = 0;
	units = min_t(u64, units, batch_limit(s));
	if (batch == &b->side)
		units = min(units, b->max_side_batch);
	batch->nr = isolate_offline_pages_bulk(&s->owner, units, batch->pfns);
	if (!batch->nr)
		return 0;
	err = call_host(s, batch, CALL_DEFLATE);
	if (!err)
		*freed = (unsigned long)(batch->nr - batch->nr_failed) << s->order;
	settle_deflated(s, batch, err);
	return err;
}

/*
 * Rounds, under round_lock.
 */

/* How much programs could get without harm, in pages. */
VISIBLE_IF_KUNIT long balloon_available_pages(void)
{
	KUNIT_STATIC_STUB_REDIRECT(balloon_available_pages);
	return si_mem_available();
}
EXPORT_SYMBOL_IF_KUNIT(balloon_available_pages);

/*
 * The same of one node, for programs that are bound to it. What slab caches
 * could free there is left out: a little less does no harm.
 */
VISIBLE_IF_KUNIT long balloon_node_available_pages(int nid)
{
	struct pglist_data *pgdat = NODE_DATA(nid);
	unsigned long file;

	KUNIT_STATIC_STUB_REDIRECT(balloon_node_available_pages, nid);
	if (num_node_state(N_MEMORY) == 1)
		return totalram_pages();
	file = node_page_state(pgdat, NR_ACTIVE_FILE) +
	       node_page_state(pgdat, NR_INACTIVE_FILE);
	file -= min(file / 2, pgdat->totalreserve_pages);
	return sum_zone_node_page_state(nid, NR_FREE_PAGES) + file -
	       pgdat->totalreserve_pages;
}
EXPORT_SYMBOL_IF_KUNIT(balloon_node_available_pages);

VISIBLE_IF_KUNIT bool balloon_under_pressure(void)
{
	KUNIT_STATIC_STUB_REDIRECT(balloon_under_pressure);
#ifdef CONFIG_PSI
	return LOAD_INT(READ_ONCE(psi_system.avg[PSI_MEM_SOME][0])) >=
			PRESSURE_SOME ||
	       LOAD_INT(READ_ONCE(psi_system.avg[PSI_MEM_FULL][0])) >=
			PRESSURE_FULL;
#else
	return false;
#endif
}
EXPORT_SYMBOL_IF_KUNIT(balloon_under_pressure);

static nodemask_t chosen_nodes(struct balloon_device *b)
{
	guard(spinlock_irqsave)(&b->lock);
	return b->nodes;
}

/* Where pages may be taken. */
static nodemask_t nodes_of(struct balloon_device *b)
{
	nodemask_t nodes = chosen_nodes(b);

	if (nodes_empty(nodes))
		return node_states[N_MEMORY];
	nodes_and(nodes, nodes, node_states[N_MEMORY]);
	return nodes;
}

/* What the guest would have without a balloon, in pages. */
static u64 all_pages(struct balloon_device *b)
{
	u64 all = totalram_pages();

	if (!(flags_of(b) & BALLOON_STAYS_MANAGED))
		all += balloon_device_actual(b);
	return all;
}

/* What inflation leaves of the memory that is available to programs, in pages. */
static long reserve_pages(struct balloon_device *b)
{
	return SZ_16M / PAGE_SIZE + all_pages(b) / 128;
}

/* How many pages of a node may be taken: it keeps its share of the reserve. */
static u64 node_room(int nid)
{
	long reserve = SZ_16M / PAGE_SIZE / num_node_state(N_MEMORY) +
		       node_present_pages(nid) / 128;

	return max(balloon_node_available_pages(nid) - reserve, 0L);
}

/* The same of all nodes that may be used: what others have is of no help. */
static u64 nodes_room(struct balloon_device *b)
{
	nodemask_t nodes = nodes_of(b);
	u64 sum = 0;
	int nid;

	if (nodes_empty(nodes))
		return U64_MAX;
	for_each_node_mask(nid, nodes)
		sum += node_room(nid);
	return sum;
}

/* How large the balloon may be, to leave the floor to the guest. */
static u64 most_pages(struct balloon_device *b)
{
	u64 floor = max(READ_ONCE(b->floor), READ_ONCE(b->transport_floor));
	u64 all = all_pages(b);

	return all - min(all, floor);
}

/*
 * How many pages may be taken, and why no more: the floor is about what the
 * guest has, pressure about what it has free or can free without harm.
 */
static u64 room_to_inflate(struct balloon_device *b,
			   enum balloon_reason *reason)
{
	long available = balloon_available_pages() - reserve_pages(b);
	u64 most = most_pages(b);
	u64 has = most - min(most, balloon_device_actual(b));
	u64 room = min_t(u64, max(available, 0L), nodes_room(b));

	*reason = BALLOON_FLOOR;
	if (balloon_under_pressure())
		room = 0;
	if (room < has)
		*reason = BALLOON_PRESSURE;
	return min(has, room);
}

/* Wait, twice as long as the last time, before inflation is tried again. */
static unsigned long back_off(struct balloon_device *b, u64 now,
			      enum balloon_reason reason)
{
	b->back_off = clamp(2 * b->back_off, BACK_OFF_MIN, BACK_OFF_MAX);
	b->retry_at = now + b->back_off;
	b->waiting = true;
	b->large_off = false;
	free_refused(b);
	set_state(b, BALLOON_WAITING, reason);
	return b->back_off;
}

/* How long it must still wait, in jiffies; 0 if it may be done, now. */
static unsigned long pace_wait(struct pace *pace, u64 now, unsigned long pause)
{
	if (pace->done && time_before64(now, pace->last + pause))
		return pace->last + pause - now;
	pace->done = true;
	pace->last = now;
	return 0;
}

static void forget_failures(struct balloon_device *b)
{
	b->back_off = 0;
	b->waiting = false;
	b->large_off = false;
	free_refused(b);
}

/*
 * A new target, or a user's wish, is worth another try; but not more than one
 * in a while, for a host may change its target all the time.
 */
static void start_afresh_if_due(struct balloon_device *b, u64 now)
{
	if (!READ_ONCE(b->fresh) || pace_wait(&b->afresh, now, FRESH_PAUSE))
		return;
	WRITE_ONCE(b->fresh, false);
	forget_failures(b);
}

/* Of the nodes that are left, the one with most free memory; they get fewer. */
static int take_best_node(nodemask_t *nodes)
{
	unsigned long free, most = 0;
	int nid, best = NUMA_NO_NODE;

	for_each_node_mask(nid, *nodes) {
		free = sum_zone_node_page_state(nid, NR_FREE_PAGES);
		if (best == NUMA_NO_NODE || free > most) {
			best = nid;
			most = free;
		}
	}
	if (best != NUMA_NO_NODE)
		node_clear(best, *nodes);
	return best;
}

static unsigned int alloc_units(struct balloon_device *b,
				struct balloon_size *s, unsigned int nr,
				unsigned long *pfns)
{
	unsigned int flags = OFFLINE_PAGE_ISOLATED, got = 0;
	gfp_t gfp = __GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN;
	nodemask_t nodes = nodes_of(b);
	unsigned int some;
	int nid;

	if (IS_ENABLED(CONFIG_BALLOON_MIGRATION)) {
		gfp |= GFP_HIGHUSER_MOVABLE;
		flags |= OFFLINE_PAGE_MOVABLE;
	} else {
		gfp |= GFP_HIGHUSER;
	}
	if (s->order)
		gfp &= ~__GFP_DIRECT_RECLAIM;
	if (num_node_state(N_MEMORY) > 1)
		gfp |= __GFP_THISNODE;

	while (!got) {
		nid = take_best_node(&nodes);
		if (nid == NUMA_NO_NODE)
			break;
		some = min_t(u64, nr, node_room(nid) >> s->order);
		if (!some)
			continue;
		got = alloc_offline_pages_bulk(&s->owner, some, gfp, nid, flags,
					       pfns);
		/* As if they were allocated one by one, as far as it goes. */
		count(b, s->order ? BALLOON_COUNT_ALLOC_LARGE :
		      BALLOON_COUNT_ALLOC, got + (got < some));
		count(b, s->order ? BALLOON_COUNT_ALLOC_FAIL_LARGE :
		      BALLOON_COUNT_ALLOC_FAIL, got < some);
	}
	return got;
}

/* What keeps inflation from going on, if anything; returns how long. */
static unsigned long must_wait(struct balloon_device *b, u64 now)
{
	enum balloon_reason reason = BALLOON_HOTPLUG;
	unsigned long left = 0;

	if (READ_ONCE(balloon_offlining))
		left = HZ;
	scoped_guard(spinlock_irqsave, &b->lock) {
		if (b->resting && !left) {
			if (time_before64(now, b->rest_until)) {
				left = b->rest_until - now;
				reason = b->rest_reason;
			} else {
				b->resting = false;
			}
		}
	}
	if (left) {
		free_refused(b);
		set_state(b, BALLOON_WAITING, reason);
		return left;
	}
	if (b->waiting && time_before64(now, b->retry_at))
		return b->retry_at - now;
	return 0;
}

static unsigned long inflate(struct balloon_device *b, u64 now, u64 want)
{
	struct balloon_size *s = &b->size[b->nr_sizes - 1];
	struct balloon_batch *batch = &b->batch;
	enum balloon_reason reason;
	unsigned long left;
	u64 room;
	int err;

	left = must_wait(b, now);
	if (left)
		return left;
	room = room_to_inflate(b, &reason);
	if (room < min_t(u64, want, b->waiting ? WORTH_A_ROUND : 1))
		return back_off(b, now, reason);
	b->waiting = false;
	want = min(want, room);

	if (b->nr_sizes > 1 && !b->large_off &&
	    (READ_ONCE(b->limits.orders) & BIT(b->size[0].order)) &&
	    want >> b->size[0].order)
		s = &b->size[0];
	batch->nr = min_t(u64, want >> s->order, batch_limit(s));
	batch->nr = alloc_units(b, s, batch->nr, batch->pfns);
	if (!batch->nr) {
		if (!s->order)
			return back_off(b, now, BALLOON_NO_MEMORY);
		b->large_off = true;
		return 0;
	}
	set_state(b, BALLOON_INFLATING, BALLOON_TARGET_CHANGED);

	err = -EBUSY;
	if (!lock_host(b)) {
		err = call_host(s, batch, CALL_INFLATE);
		mutex_unlock(&b->host_lock);
	}
	settle_inflated(s, batch, err);

	if (busy(err))
		return back_off(b, now, BALLOON_HOST_BUSY);
	if (err)
		return 0;
	if (s->nr_refused == MAX_REFUSED) {
		if (batch->nr > batch->nr_failed)
			free_refused(b);
		else if (s->order)
			b->large_off = true;
		else
			return back_off(b, now, BALLOON_HOST_REFUSED);
	}
	/* Much was done: the next failure is a new one. */
	if ((u64)(batch->nr - batch->nr_failed) << s->order >= WORTH_A_ROUND)
		b->back_off = 0;
	return 0;
}

static unsigned long deflate(struct balloon_device *b, u64 now,
			     u64 excess)
{
	struct balloon_size *s = &b->size[0];
	unsigned long freed;
	int err;

	if (b->waiting && time_before64(now, b->retry_at))
		return b->retry_at - now;
	/* Whole large units; a last one that is too much is taken in again. */
	if (s->order && any_left(&s[1]) &&
	    (b->large_off || excess < 1UL << s->order || !any_left(s)))
		s++;
	set_state(b, BALLOON_DEFLATING, BALLOON_TARGET_CHANGED);
	if (!room_to_keep(s))
		return back_off(b, now, BALLOON_HOST_REFUSED);

	if (lock_host(b))
		return back_off(b, now, BALLOON_HOST_BUSY);
	err = deflate_batch(s, &b->batch, max(excess >> s->order, 1ULL), &freed);
	mutex_unlock(&b->host_lock);

	if (busy(err))
		return back_off(b, now, BALLOON_HOST_BUSY);
	if (err)
		return 0;
	if (freed) {
		b->waiting = false;
		b->back_off = 0;
		b->in_vain = 0;
		return 0;
	}
	/* On to the others; at leisure, if there are many. */
	if (b->batch.nr)
		return ++b->in_vain % ROUNDS_PER_WORK ? 0 : A_MOMENT;
	if (s->order && !b->large_off && any_left(&s[1])) {
		b->large_off = true;
		return 0;
	}
	if (any_retained(b))
		return back_off(b, now, BALLOON_HOST_REFUSED);
	/* All of them are being migrated. */
	return A_MOMENT;
}

/* The host has forgotten all pages: take them, without asking. */
static void pop_all(struct balloon_device *b)
{
	unsigned long *pfns = b->batch.pfns;
	unsigned int i, nr, tries = 0;

	lockdep_assert_held(&b->round_lock);
	free_refused(b);
	b->unforgotten = false;
	for (i = 0; i < b->nr_sizes; i++) {
		struct balloon_size *s = &b->size[i];

		while (atomic_long_read(&s->held) > 0) {
			nr = isolate_offline_pages_bulk(&s->owner, b->max_batch,
							pfns);
			if (nr) {
				free_isolated_offline_pages_bulk(&s->owner, nr,
								 pfns);
				atomic_long_sub((long)nr << s->order, &s->held);
				count(b, BALLOON_COUNT_DEFLATED,
				      (u64)nr << s->order);
				cond_resched();
				continue;
			}
			/* The others are being migrated: they come back. */
			if (WARN_ONCE(++tries > 1000, "%s: %ld pages are nowhere\n",
				      s->name, atomic_long_read(&s->held)))
				break;
			schedule_timeout_uninterruptible(max(HZ / 100, 1));
		}
	}
	atomic_long_set(&b->quarantined, 0);
}

/* Start again with a host that has forgotten all. */
static unsigned long reset(struct balloon_device *b, u64 now)
{
	unsigned long left;
	int err;

	if (b->waiting && time_before64(now, b->retry_at))
		return b->retry_at - now;
	/* A host may do this time and again. */
	left = pace_wait(&b->resets, now, RESET_PAUSE);
	if (left)
		return left;
	set_state(b, BALLOON_DEFLATING, BALLOON_HOST_RESET);
	if (!b->unforgotten)
		pop_all(b);
	if (lock_host(b))
		return back_off(b, now, BALLOON_HOST_BUSY);
	err = ask_reset(b);
	mutex_unlock(&b->host_lock);
	if (err == -EBUSY)
		return back_off(b, now, BALLOON_HOST_BUSY);
	/* Nobody asks for any of them before. */
	if (!err && b->unforgotten)
		pop_all(b);
	WRITE_ONCE(b->reset_wanted, false);
	count(b, BALLOON_COUNT_RESETS, 1);
	if (err)
		host_gone(b, err);
	forget_failures(b);
	return 0;
}

static unsigned long target_failed(struct balloon_device *b, u64 now, int err)
{
	if (err == -ECONNRESET) {
		WRITE_ONCE(b->reset_wanted, true);
		return 0;
	}
	if (busy(err))
		return back_off(b, now, BALLOON_HOST_BUSY);
	host_gone(b, err);
	return 0;
}

/* One round. Returns in how many jiffies the next one is due. */
static unsigned long balloon_step(struct balloon_device *b, u64 now)
{
	u64 target, actual, goal;
	int err;

	lockdep_assert_held(&b->round_lock);
	if (b->ops.tune)
		b->ops.tune(b);
	/* At a restart, that it answers no more is as it should be. */
	if (READ_ONCE(b->gone) &&
	    !(READ_ONCE(b->paused) & PAUSED_BY_RESTART)) {
		free_refused(b);
		/* If it was the transport that found out. */
		host_gone(b, -ENODEV);
		set_state(b, BALLOON_GONE, BALLOON_HOST_GONE);
		return MAX_JIFFY_OFFSET;
	}
	if (READ_ONCE(b->paused)) {
		free_refused(b);
		/* Whoever wanted that may have been killed before it could. */
		set_paused(b);
		return MAX_JIFFY_OFFSET;
	}
	if (READ_ONCE(b->reset_wanted)) {
		start_afresh_if_due(b, now);
		return reset(b, now);
	}

	/* Not while pages move: it would be taken for too many. */
	if (lock_host(b))
		return back_off(b, now, BALLOON_HOST_BUSY);
	err = ask_target(b, &target);
	actual = balloon_device_actual(b);
	mutex_unlock(&b->host_lock);
	if (err)
		return target_failed(b, now, err);
	/* In bytes, it must fit into sysfs. */
	target = min_t(u64, target, S64_MAX >> PAGE_SHIFT);
	if (target != b->target) {
		WRITE_ONCE(b->target, target);
		WRITE_ONCE(b->fresh, true);
	}
	start_afresh_if_due(b, now);

	/* A floor that was raised also makes the balloon smaller. */
	goal = min(target, most_pages(b));
	if (actual > goal)
		return deflate(b, now, actual - goal);
	if (actual < target)
		return inflate(b, now, target - actual);
	forget_failures(b);
	set_state(b, BALLOON_IDLE, BALLOON_TARGET_REACHED);
	return MAX_JIFFY_OFFSET;
}

static unsigned long balloon_round(struct balloon_device *b, u64 now)
{
	unsigned int poll_ms;
	unsigned long delay;

	/* Giving all back may take long. The worker is never killed. */
	if (mutex_lock_killable(&b->round_lock))
		return A_MOMENT;
	delay = balloon_step(b, now);
	mutex_unlock(&b->round_lock);
	if (READ_ONCE(b->paused) || READ_ONCE(b->gone))
		return delay;
	if (READ_ONCE(b->fresh))
		delay = min(delay, (unsigned long)FRESH_PAUSE);
	poll_ms = READ_ONCE(b->limits.poll_ms);
	if (poll_ms)
		delay = min(delay, msecs_to_jiffies(poll_ms));
	return delay;
}

static void balloon_work(struct work_struct *work)
{
	struct balloon_device *b = container_of(to_delayed_work(work),
						struct balloon_device, work);
	unsigned int rounds = ROUNDS_PER_WORK;
	unsigned long delay;

	do {
		delay = balloon_round(b, get_jiffies_64());
		cond_resched();
	} while (!delay && --rounds);

	/* Whoever kicked meanwhile wants the system to stay awake. */
	scoped_guard(spinlock_irqsave, &b->lock)
		if (delay && (b->limits.flags & BALLOON_WAKEUP) &&
		    !delayed_work_pending(&b->work))
			pm_relax(b->dev.parent);
	/* Does nothing if it was kicked meanwhile. */
	if (delay != MAX_JIFFY_OFFSET)
		queue_delayed_work(balloon_wq, &b->work, delay);
}

/*
 * Giving pages back, other than to meet the target.
 */

/*
 * All of them, as far as the host agrees. Says on the console how far it got.
 * Who is killed meanwhile need not wait, but for a restart: that goes on.
 */
static void return_all(struct balloon_device *b)
{
	bool restart = READ_ONCE(b->paused) & PAUSED_BY_RESTART;
	unsigned int tries = 0, turn = 0, empty = 0;
	unsigned long freed, told = jiffies;
	u64 actual;
	int err;

	lockdep_assert_held(&b->round_lock);
	free_refused(b);
	while ((actual = balloon_device_actual(b)) && tries < MAX_TRIES &&
	       (restart || !fatal_signal_pending(current))) {
		struct balloon_size *s = &b->size[0];

		/* The other size while this one does not get less. */
		if (!atomic_long_read(&s->held) || turn & 1)
			s = &b->size[b->nr_sizes - 1];
		if (!room_to_keep(s)) {
			free_refused(b);
			tries += TRIES_PER_PASS;
		}
		mutex_lock(&b->host_lock);
		err = deflate_batch(s, &b->batch, b->max_batch, &freed);
		mutex_unlock(&b->host_lock);
		if (err && err != -EBUSY)
			break;
		if (b->asleep || READ_ONCE(b->gone) ||
		    READ_ONCE(b->reset_wanted))
			break;
		if (time_after(jiffies, told + 5 * HZ)) {
			dev_info(&b->dev, "giving back memory, %llu MiB left\n",
				 actual >> (20 - PAGE_SHIFT));
			told = jiffies;
		}
		if (freed) {
			tries = 0;
			cond_resched();
			continue;
		}
		turn++;
		/* Refused: on to the others. */
		if (!err && b->batch.nr) {
			empty = 0;
			cond_resched();
			continue;
		}
		if (!err && ++empty < b->nr_sizes)
			continue;
		/* Busy; or the end of a pass: once more from the start. */
		tries += !err && any_retained(b) ? TRIES_PER_PASS : 1;
		if (!err)
			free_refused(b);
		empty = 0;
		/* Not killable: each is to be a moment later than the last. */
		schedule_timeout_uninterruptible(A_MOMENT);
	}
	free_refused(b);
	if (READ_ONCE(b->reset_wanted) && !b->unforgotten)
		pop_all(b);
}

/*
 * The same, and end the protocol if need be. @for_good: the host is not called
 * any more; otherwise, not before the protocol was started again.
 */
static void return_or_stop(struct balloon_device *b, bool for_good)
{
	int err = -EOPNOTSUPP;

	return_all(b);
	scoped_guard(mutex, &b->host_lock) {
		if (balloon_device_actual(b))
			err = ask_stop(b);
		b->asleep |= for_good;
		if (!err && !for_good)
			WRITE_ONCE(b->reset_wanted, true);
	}
	if (!err)
		pop_all(b);
	if (balloon_device_actual(b))
		dev_err(&b->dev,
			"%llu KiB stay offline: the host did not give them back; a restart of the guest does\n",
			balloon_device_actual(b) << (PAGE_SHIFT - 10));
}

/*
 * Who has all balloons paused. Those that are being registered, too: either
 * register sees what was set or cleared here, or whoever did that, and then
 * looks under the balloon's lock, sees that it is live.
 */
static atomic_t all_paused = ATOMIC_INIT(0);

static bool pause_balloon(struct balloon_device *b, unsigned int who)
{
	guard(spinlock_irqsave)(&b->lock);
	if (b->live)
		b->paused |= who;
	return b->live;
}

static void unpause_balloon(struct balloon_device *b, unsigned int who)
{
	scoped_guard(spinlock_irqsave, &b->lock)
		b->paused &= ~who;
	balloon_device_kick(b);
}

/**
 * balloon_device_return_all - give the host's pages back
 * @balloon: registered balloon device
 * @pause: keep it so, until balloon_device_resume()
 *
 * Without @pause, the next round takes them again. With it, pages that are left
 * are asked for when this is called again.
 *
 * Context: may sleep, for as long as the host takes; killable.
 * Return: 0; -EBUSY if the host did not give all pages back, or the task was
 * killed: pages stay in the balloon. It is kept so all the same.
 */
int balloon_device_return_all(struct balloon_device *balloon, bool pause)
{
	u64 left;

	if (pause)
		pause_balloon(balloon, PAUSED_BY_TRANSPORT);
	if (mutex_lock_killable(&balloon->round_lock)) {
		balloon_device_kick(balloon);
		return -EBUSY;
	}
	if (pause)
		set_paused(balloon);
	return_all(balloon);
	/* The next round may take some again at once. */
	left = balloon_device_actual(balloon);
	mutex_unlock(&balloon->round_lock);
	if (!pause)
		balloon_device_kick(balloon);
	return left ? -EBUSY : 0;
}
EXPORT_SYMBOL_GPL(balloon_device_return_all);

/**
 * balloon_device_suspend - get ready for the device to lose its state
 * @balloon: registered balloon device
 *
 * Gives all pages back. No operation runs afterwards until
 * balloon_device_resume(), so that the transport can take its queues down.
 *
 * Context: may sleep, for as long as the host takes; killable.
 * Return: 0; -EBUSY if the host did not give all pages back, which then stay
 * offline: the device can be taken down all the same.
 */
int balloon_device_suspend(struct balloon_device *balloon)
{
	pause_balloon(balloon, PAUSED_BY_TRANSPORT);
	guard(mutex)(&balloon->round_lock);
	set_paused(balloon);
	return_or_stop(balloon, true);
	return balloon_device_actual(balloon) ? -EBUSY : 0;
}
EXPORT_SYMBOL_GPL(balloon_device_suspend);

/**
 * balloon_device_resume - go on after balloon_device_suspend()
 * @balloon: registered balloon device
 *
 * Also after balloon_device_return_all(). A device that was gone is tried again
 * if it was suspended, or has no reset operation.
 *
 * Context: may sleep.
 * Return: 0, or what the reset operation said.
 */
int balloon_device_resume(struct balloon_device *balloon)
{
	bool asleep, started;
	int err = 0;

	scoped_guard(mutex, &balloon->round_lock) {
		scoped_guard(mutex, &balloon->host_lock) {
			asleep = balloon->asleep;
			started = asleep && balloon->ops.reset;
			if (started)
				err = ask_reset(balloon);
			/* Else the worker does it, if the host wants it. */
			if (asleep)
				WRITE_ONCE(balloon->reset_wanted,
					   err == -EBUSY);
			if (asleep || !balloon->ops.reset) {
				WRITE_ONCE(balloon->gone_told, false);
				WRITE_ONCE(balloon->gone,
					   err && err != -EBUSY);
			}
		}
		/* Those that could not be given back before. */
		if (started && !err)
			pop_all(balloon);
		else if (asleep)
			balloon->unforgotten = balloon_device_actual(balloon);
		scoped_guard(mutex, &balloon->host_lock)
			balloon->asleep = false;
	}
	WRITE_ONCE(balloon->fresh, true);
	unpause_balloon(balloon, PAUSED_BY_TRANSPORT);
	return err == -EBUSY ? 0 : err;
}
EXPORT_SYMBOL_GPL(balloon_device_resume);

/*
 * For somebody in need: not for ever. No mutex can be waited for that long; its
 * holder makes haste, and inflation rests.
 */
static bool lock_host_in_need(struct balloon_device *b, bool try)
{
	unsigned long end = jiffies +
			    msecs_to_jiffies(BALLOON_PATIENCE_NEED_MS);

	while (!mutex_trylock(&b->host_lock)) {
		if (try || fatal_signal_pending(current) ||
		    time_after(jiffies, end))
			return false;
		schedule_timeout_killable(1);
	}
	return true;
}

/* Under host_lock, against unregistration. */
static bool may_give_back(struct balloon_device *b, unsigned int flag)
{
	if (!READ_ONCE(b->live) || b->asleep)
		return false;
	if (b->ops.tune)
		b->ops.tune(b);
	return flags_of(b) & flag;
}

/*
 * Up to @nr_pages, or as many as the limits say, because somebody needs them
 * more: a shrinker, or, with @oom, whoever finds that memory has run out. That
 * may be in the middle of an allocation, so this does not allocate anything,
 * and a shrinker does not wait for the host lock. It may find that taken for as
 * long as the host is slow, and then memory runs out though there is a balloon
 * to shrink: such a one gives back as well before anything is killed. Returns
 * the number of pages.
 */
static unsigned long give_back(struct balloon_device *b, unsigned long nr_pages,
			       bool oom)
{
	unsigned int flag = BALLOON_SHRINK | (oom ? BALLOON_DEFLATE_ON_OOM : 0);
	bool may = flags_of(b) & flag;
	enum balloon_reason reason = oom ? BALLOON_OOM : BALLOON_SHRUNK;
	unsigned long freed, sum = 0;
	unsigned int i;

	if (!READ_ONCE(b->live) || READ_ONCE(b->gone))
		return 0;
	/* First, or the worker takes them in again. */
	if (may)
		balloon_rest(b, REST_AFTER_NEED, reason);
	else if (!b->ops.tune)
		return 0;
	atomic_inc(&b->needy);
	if (!lock_host_in_need(b, !oom || !may))
		goto out;
	if (!may_give_back(b, flag))
		goto out_unlock;
	balloon_rest(b, REST_AFTER_NEED, reason);
	if (!nr_pages)
		nr_pages = READ_ONCE(b->limits.oom_pages) ?: DEFAULT_OOM_PAGES;
	/* The smaller ones first. */
	for (i = b->nr_sizes; i-- && sum < nr_pages; ) {
		struct balloon_size *s = &b->size[i];

		while (sum < nr_pages) {
			u64 units = DIV_ROUND_UP(nr_pages - sum,
						 1UL << s->order);

			/* What is not given must not be in the way. */
			if (!READ_ONCE(b->live) ||
			    b->side_kept.nr >= MAX_KEPT_IN_NEED ||
			    deflate_batch(s, &b->side, units, &freed) ||
			    !b->side.nr)
				break;
			sum += freed;
		}
		putback_kept(s, &b->side_kept);
	}
	count(b, oom ? BALLOON_COUNT_OOM : BALLOON_COUNT_SHRUNK, sum);
out_unlock:
	mutex_unlock(&b->host_lock);
out:
	atomic_dec(&b->needy);
	/* The worker takes them again when it is time to. */
	if (sum || READ_ONCE(b->reset_wanted) || READ_ONCE(b->gone))
		balloon_device_kick(b);
	return sum;
}

/* Pages that memory ran out for. */
static unsigned long balloon_oom(struct balloon_device *b)
{
	return give_back(b, 0, true);
}

static int oom_one(struct device *dev, void *data)
{
	*(unsigned long *)data += balloon_oom(to_balloon(dev));
	return 0;
}

static int balloon_oom_cb(struct notifier_block *nb, unsigned long unused,
			  void *freed)
{
	class_for_each_device(&balloon_class, NULL, freed, oom_one);
	return NOTIFY_OK;
}

static struct notifier_block balloon_oom_nb = {
	.notifier_call = balloon_oom_cb,
};

static unsigned long balloon_shrink_count(struct shrinker *shrinker,
					  struct shrink_control *sc)
{
	struct balloon_device *b = shrinker->private_data;

	if (!(flags_of(b) & BALLOON_SHRINK))
		return SHRINK_EMPTY;
	return balloon_device_actual(b) ?: SHRINK_EMPTY;
}

static unsigned long balloon_shrink_scan(struct shrinker *shrinker,
					 struct shrink_control *sc)
{
	struct balloon_device *b = shrinker->private_data;
	unsigned long freed = 0;

	if (flags_of(b) & BALLOON_SHRINK) {
		count(b, BALLOON_COUNT_SHRINKS, 1);
		freed = give_back(b, sc->nr_to_scan, false);
	}
	return freed ?: SHRINK_STOP;
}

#ifdef CONFIG_VM_EVENT_COUNTERS
/**
 * balloon_vm_events - the events of /proc/vmstat, for a host that asks for them
 * @events: gets NR_VM_EVENT_ITEMS figures
 *
 * Does not keep CPUs from coming and going, as all_vm_events() does: memory
 * hotplug keeps them from that while it waits for the host to take and give pages,
 * which may have to wait for whoever collects statistics. What a CPU counted that
 * goes just now may be missing, or be there twice.
 *
 * Context: any.
 */
void balloon_vm_events(unsigned long *events)
{
	unsigned int i;
	int cpu;

	memset(events, 0, NR_VM_EVENT_ITEMS * sizeof(*events));
	for_each_possible_cpu(cpu)
		for (i = 0; i < NR_VM_EVENT_ITEMS; i++)
			events[i] += per_cpu(vm_event_states, cpu).event[i];
}
EXPORT_SYMBOL_GPL(balloon_vm_events);
#endif

/*
 * Migration: the host gets the new pages, and gives the old ones.
 */

/* Fill the side batch with those units that have the result @wanted. */
static void side_batch(struct balloon_device *b, unsigned int nr,
		       const unsigned long *pfns, const u8 *result, u8 wanted)
{
	unsigned long *side = b->side.pfns;
	unsigned int i, n = 0;

	for (i = 0; i < nr; i++)
		if (result[i] == wanted)
			side[n++] = pfns[i];
	b->side.nr = n;
}

/* Of the units that it was filled with, those that did not fail are @done. */
static void side_results(const struct balloon_device *b, unsigned int nr,
			 u8 *result, u8 wanted, u8 done)
{
	bool all = !b->side.nr_failed;
	unsigned int i, n = 0;

	for (i = 0; i < nr; i++)
		if (result[i] == wanted &&
		    (all || !test_bit(n++, b->side.failed)))
			result[i] = done;
}

/*
 * Ask for the old pages of those units that have the result @from. They have the
 * result @to if the host gave them.
 */
static int migrate_out(struct balloon_size *s, unsigned int nr,
		       const unsigned long *src, u8 *result, u8 from, u8 to)
{
	struct balloon_device *b = s->balloon;
	int err;

	side_batch(b, nr, src, result, from);
	if (!b->side.nr)
		return 0;
	err = call_host(s, &b->side, CALL_DEFLATE);
	if (err)
		return err;
	side_results(b, nr, result, from, to);
	if (to == OFFLINE_PAGE_MOVED)
		count(b, BALLOON_COUNT_MIGRATED,
		      (u64)(b->side.nr - b->side.nr_failed) << s->order);
	return b->side.nr_failed ? -EAGAIN : 0;
}

static int migrate(struct balloon_size *s, unsigned int nr,
		   const unsigned long *dst, const unsigned long *src,
		   u8 *result)
{
	struct balloon_device *b = s->balloon;
	bool refused;
	int err;

	side_batch(b, nr, dst, result, OFFLINE_PAGE_KEPT);
	err = call_host(s, &b->side, CALL_INFLATE);
	if (err && !in_doubt(err))
		return -EAGAIN;
	/* Whatever the host took, or may have taken, is in the balloon now. */
	if (err) {
		memset(result, OFFLINE_PAGE_ADDED, nr);
		return -EAGAIN;
	}
	refused = b->side.nr_failed;
	side_results(b, nr, result, OFFLINE_PAGE_KEPT, OFFLINE_PAGE_ADDED);

	err = migrate_out(s, nr, src, result, OFFLINE_PAGE_ADDED,
			  OFFLINE_PAGE_MOVED);
	/* Or each attempt would make the balloon larger. */
	if (err == -EAGAIN)
		migrate_out(s, nr, dst, result, OFFLINE_PAGE_ADDED,
			    OFFLINE_PAGE_KEPT);
	/* Where no new page was taken, the old one can leave all the same. */
	else if (!err && refused)
		err = migrate_out(s, nr, src, result, OFFLINE_PAGE_KEPT,
				  OFFLINE_PAGE_DEFLATED);
	return err ? -EAGAIN : 0;
}

/* How many of so many units are too many anyway, and need no successor. */
static unsigned int surplus(const struct balloon_size *s, unsigned int nr)
{
	u64 actual = balloon_device_actual(s->balloon);
	u64 target = READ_ONCE(s->balloon->target);

	if (actual <= target)
		return 0;
	return min_t(u64, nr, (actual - target) >> s->order);
}

static int balloon_migrate(struct offline_page_owner *owner, unsigned int nr,
			   const unsigned long *dst, const unsigned long *src,
			   u8 *result, enum migrate_mode mode)
{
	struct balloon_size *s = container_of(owner, struct balloon_size, owner);
	struct balloon_device *b = s->balloon;
	bool patient = mode == MIGRATE_SYNC;
	unsigned int done, n, leave;
	int ret = 0;

	/* Somebody else's wait for the host may be long. */
	if (patient ? mutex_lock_killable(&b->host_lock) :
		      !mutex_trylock(&b->host_lock))
		return -EAGAIN;
	if (!patient)
		atomic_inc(&b->needy);
	for (done = 0; done < nr && !ret; done += n) {
		n = min(nr - done, batch_limit(s));
		/* Nor does a host that gives nothing get more and more. */
		leave = surplus(s, n);
		if (leave) {
			n = leave;
			ret = migrate_out(s, n, src + done, result + done,
					  OFFLINE_PAGE_KEPT,
					  OFFLINE_PAGE_DEFLATED);
		} else {
			ret = migrate(s, n, dst + done, src + done,
				      result + done);
		}
	}
	if (!patient)
		atomic_dec(&b->needy);
	mutex_unlock(&b->host_lock);
	/* It is not the lock that it would be worth to try again for soon. */
	if (ret)
		ret = -EBUSY;
	/* There may be too many now, or too few, or none may be left to ask. */
	if (balloon_device_actual(b) != READ_ONCE(b->target) ||
	    READ_ONCE(b->reset_wanted) || READ_ONCE(b->gone))
		balloon_device_kick(b);
	return ret;
}

static void balloon_poisoned(struct offline_page_owner *owner,
			     struct page *page)
{
	struct balloon_size *s = container_of(owner, struct balloon_size, owner);

	atomic_long_dec(&s->held);
	count(s->balloon, BALLOON_COUNT_POISONED, 1);
	balloon_device_kick(s->balloon);
}

/*
 * What happens to the system as a whole.
 */

static int hotplug_one(struct device *dev, void *unused)
{
	struct balloon_device *b = to_balloon(dev);

	balloon_rest(b, msecs_to_jiffies(READ_ONCE(b->limits.hotplug_delay_ms)),
		     BALLOON_HOTPLUG);
	balloon_device_kick(b);
	return 0;
}

static int balloon_memory_cb(struct notifier_block *nb, unsigned long action,
			     void *arg)
{
	switch (action) {
	case MEM_GOING_OFFLINE:
		WRITE_ONCE(balloon_offlining, true);
		break;
	case MEM_OFFLINE:
	case MEM_CANCEL_OFFLINE:
		/* There is a CANCEL without GOING when another one objected. */
		if (!READ_ONCE(balloon_offlining))
			break;
		WRITE_ONCE(balloon_offlining, false);
		class_for_each_device(&balloon_class, NULL, NULL, hotplug_one);
		break;
	}
	return NOTIFY_OK;
}

static int pm_prepare_one(struct device *dev, void *hibernate)
{
	struct balloon_device *b = to_balloon(dev);

	if (!pause_balloon(b, PAUSED_BY_PM))
		return 0;
	guard(mutex)(&b->round_lock);
	if (!READ_ONCE(b->live))
		return 0;
	free_refused(b);
	set_paused(b);
	/*
	 * The host that wakes this guest up may not know of its pages. All that
	 * can be started again there is ended here, if need be.
	 */
	if (hibernate && b->ops.reset)
		return_or_stop(b, false);
	else if (hibernate)
		return_all(b);
	return 0;
}

static int pm_post_one(struct device *dev, void *hibernate)
{
	struct balloon_device *b = to_balloon(dev);

	scoped_guard(spinlock_irqsave, &b->lock)
		if (!b->live)
			return 0;
	if (hibernate && b->ops.reset) {
		guard(mutex)(&b->round_lock);
		/* What it would not give back, it may still have. */
		b->unforgotten = balloon_device_actual(b);
		WRITE_ONCE(b->reset_wanted, true);
	}
	WRITE_ONCE(b->fresh, true);
	unpause_balloon(b, PAUSED_BY_PM);
	return 0;
}

static int balloon_pm_cb(struct notifier_block *nb, unsigned long action,
			 void *unused)
{
	/* Only whether it is NULL counts. */
	void *hibernate = nb;

	switch (action) {
	case PM_SUSPEND_PREPARE:
		hibernate = NULL;
		fallthrough;
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		atomic_or(PAUSED_BY_PM, &all_paused);
		class_for_each_device(&balloon_class, NULL, hibernate,
				      pm_prepare_one);
		break;
	case PM_POST_SUSPEND:
		hibernate = NULL;
		fallthrough;
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		atomic_andnot(PAUSED_BY_PM, &all_paused);
		class_for_each_device(&balloon_class, NULL, hibernate,
				      pm_post_one);
		break;
	}
	return NOTIFY_OK;
}

static struct notifier_block balloon_pm_nb = {
	.notifier_call = balloon_pm_cb,
};

static int reboot_one(struct device *dev, void *restart)
{
	struct balloon_device *b = to_balloon(dev);

	if (!pause_balloon(b, PAUSED_BY_RESTART))
		return 0;
	guard(mutex)(&b->round_lock);
	if (!READ_ONCE(b->live))
		return 0;
	set_paused(b);
	if (restart && (flags_of(b) & BALLOON_RETURN_ON_RESTART))
		return_all(b);
	/* Devices are shut down next. */
	guard(mutex)(&b->host_lock);
	/* The next kernel uses all pages, and not every device is reset. */
	if (restart && !b->asleep && balloon_device_actual(b) && ask_stop(b))
		dev_err(&b->dev, "%llu KiB stay the host's: no kernel that kexec starts may use them\n",
			balloon_device_actual(b) << (PAGE_SHIFT - 10));
	b->asleep = true;
	return 0;
}

/* Restart is also the start of another kernel by kexec. */
static int balloon_reboot_cb(struct notifier_block *nb, unsigned long action,
			     void *unused)
{
	atomic_or(PAUSED_BY_RESTART, &all_paused);
	class_for_each_device(&balloon_class, NULL,
			      action == SYS_RESTART ? nb : NULL, reboot_one);
	return NOTIFY_OK;
}

static struct notifier_block balloon_reboot_nb = {
	.notifier_call = balloon_reboot_cb,
};

#if IS_ENABLED(CONFIG_KUNIT)
unsigned long balloon_device_step(struct balloon_device *balloon, u64 now)
{
	return balloon_round(balloon, now);
}
EXPORT_SYMBOL_GPL(balloon_device_step);

unsigned long balloon_device_oom(struct balloon_device *balloon)
{
	return balloon_oom(balloon);
}
EXPORT_SYMBOL_GPL(balloon_device_oom);

unsigned long balloon_device_shrink(struct balloon_device *balloon,
				    unsigned long nr_pages)
{
	struct shrink_control sc = { .nr_to_scan = nr_pages };

	return balloon_shrink_scan(balloon->shrinker, &sc);
}
EXPORT_SYMBOL_GPL(balloon_device_shrink);

void balloon_devices_hibernate(bool begin)
{
	balloon_pm_cb(&balloon_pm_nb, begin ? PM_HIBERNATION_PREPARE :
		      PM_POST_HIBERNATION, NULL);
}
EXPORT_SYMBOL_GPL(balloon_devices_hibernate);

void balloon_device_reboot(struct balloon_device *balloon, bool restart)
{
	reboot_one(&balloon->dev, restart ? balloon : NULL);
}
EXPORT_SYMBOL_GPL(balloon_device_reboot);
#endif

/*
 * Sysfs and debugfs: Documentation/ABI/testing/sysfs-class-balloon.
 */

static ssize_t emit_pages(char *buf, u64 pages)
{
	return sysfs_emit(buf, "%llu\n", pages << PAGE_SHIFT);
}

static ssize_t transport_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	return sysfs_emit(buf, "%s\n", to_balloon(dev)->transport);
}
static DEVICE_ATTR_RO(transport);

static ssize_t target_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return emit_pages(buf, balloon_device_target(to_balloon(dev)));
}
static DEVICE_ATTR_RO(target);

static ssize_t actual_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return emit_pages(buf, balloon_device_actual(to_balloon(dev)));
}
static DEVICE_ATTR_RO(actual);

static ssize_t refused_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	struct balloon_device *b = to_balloon(dev);

	return emit_pages(buf,
			  balloon_device_counter(b, BALLOON_COUNT_REFUSED) +
			  balloon_device_counter(b, BALLOON_COUNT_REFUSED_SMALL));
}
static DEVICE_ATTR_RO(refused);

static ssize_t quarantined_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	return emit_pages(buf, atomic_long_read(&to_balloon(dev)->quarantined));
}
static DEVICE_ATTR_RO(quarantined);

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  state_names[balloon_device_state(to_balloon(dev))]);
}
static DEVICE_ATTR_RO(state);

static ssize_t reason_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  reason_names[balloon_device_reason(to_balloon(dev))]);
}
static DEVICE_ATTR_RO(reason);

static ssize_t floor_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct balloon_device *b = to_balloon(dev);

	return emit_pages(buf, max(READ_ONCE(b->floor),
				   READ_ONCE(b->transport_floor)));
}

static ssize_t floor_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t len)
{
	struct balloon_device *b = to_balloon(dev);
	u64 bytes, pages;
	int err;

	err = kstrtou64(buf, 0, &bytes);
	if (err)
		return err;
	/* In bytes, it must fit into what is shown. */
	pages = (bytes >> PAGE_SHIFT) + !!(bytes & ~PAGE_MASK);
	WRITE_ONCE(b->floor, min(pages, U64_MAX >> PAGE_SHIFT));
	start_afresh(b);
	return len;
}
static DEVICE_ATTR_RW(floor);

static ssize_t nodes_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	nodemask_t nodes = chosen_nodes(to_balloon(dev));

	return sysfs_emit(buf, "%*pbl\n", nodemask_pr_args(&nodes));
}

static ssize_t nodes_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t len)
{
	struct balloon_device *b = to_balloon(dev);
	nodemask_t nodes;
	int err;

	err = nodelist_parse(buf, nodes);
	if (err)
		return err;
	if (!nodes_empty(nodes) && !nodes_intersects(nodes, node_states[N_MEMORY]))
		return -EINVAL;
	scoped_guard(spinlock_irqsave, &b->lock)
		b->nodes = nodes;
	start_afresh(b);
	return len;
}
static DEVICE_ATTR_RW(nodes);

static struct attribute *balloon_attrs[] = {
	&dev_attr_transport.attr,
	&dev_attr_target.attr,
	&dev_attr_actual.attr,
	&dev_attr_refused.attr,
	&dev_attr_quarantined.attr,
	&dev_attr_floor.attr,
	&dev_attr_nodes.attr,
	&dev_attr_state.attr,
	&dev_attr_reason.attr,
	NULL
};
ATTRIBUTE_GROUPS(balloon);

static void balloon_release(struct device *dev)
{
	struct balloon_device *b = to_balloon(dev);

	ida_free(&balloon_ida, b->id);
	kfree(b);
}

static const struct class balloon_class = {
	.name = "balloon",
	.dev_groups = balloon_groups,
	.dev_release = balloon_release,
};

static void show_histogram(struct seq_file *m, const char *what,
			   const atomic_t *buckets)
{
	unsigned int i;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (atomic_read(&buckets[i]))
			seq_printf(m, "%s %lu %u\n", what, i ? BIT(i - 1) : 0,
				   atomic_read(&buckets[i]));
}

/* Each line: what, lower end of the bucket, how often. */
static int histogram_show(struct seq_file *m, void *unused)
{
	struct balloon_device *b = m->private;

	show_histogram(m, "inflate_units", b->batches[CALL_INFLATE]);
	show_histogram(m, "inflate_us", b->host_time[CALL_INFLATE]);
	show_histogram(m, "deflate_units", b->batches[CALL_DEFLATE]);
	show_histogram(m, "deflate_us", b->host_time[CALL_DEFLATE]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(histogram);

static int counters_show(struct seq_file *m, void *unused)
{
	struct balloon_device *b = m->private;
	unsigned int i;

	for (i = 0; i < BALLOON_NR_COUNTERS; i++)
		seq_printf(m, "%s %llu\n", counter_names[i],
			   balloon_device_counter(b, i));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

/*
 * The life of a device.
 */

static void init_size(struct balloon_device *b, unsigned int order)
{
	struct balloon_size *s = &b->size[b->nr_sizes++];

	s->balloon = b;
	s->order = order;
}

/**
 * balloon_device_alloc - a balloon device that nobody knows yet
 * @parent: the transport's device; may be NULL
 * @ops: the transport's operations; are copied
 * @limits: what the hypervisor bears; is copied
 * @transport: name for people, as "virtio"; must outlive the device
 * @data: the transport's own, see balloon_device_data()
 *
 * Context: may sleep.
 * Return: the device, to be released with balloon_device_put(); ERR_PTR(-EINVAL)
 * if operations or limits make no sense; -ENOMEM.
 */
struct balloon_device *balloon_device_alloc(struct device *parent,
					    const struct balloon_ops *ops,
					    const struct balloon_limits *limits,
					    const char *transport, void *data)
{
	unsigned long large = limits->orders & ~BIT(0);
	struct balloon_device *b;

	if (!ops->target || !ops->inflate || !ops->deflate || !limits->batch ||
	    !(limits->orders & BIT(0)) || hweight_long(large) > 1 ||
	    large >= BIT(NR_PAGE_ORDERS))
		return ERR_PTR(-EINVAL);

	b = kzalloc_obj(*b);
	if (!b)
		return ERR_PTR(-ENOMEM);
	b->id = ida_alloc(&balloon_ida, GFP_KERNEL);
	if (b->id < 0) {
		int err = b->id;

		kfree(b);
		return ERR_PTR(err);
	}
	b->ops = *ops;
	b->transport = transport;
	b->data = data;
	b->max_batch = max(limits->batch, limits->large_batch);
	b->max_side_batch = min(b->max_batch, MAX_SIDE_BATCH);
	mutex_init(&b->round_lock);
	mutex_init(&b->host_lock);
	spin_lock_init(&b->lock);
	INIT_DELAYED_WORK(&b->work, balloon_work);
	INIT_WORK(&b->notify, balloon_notify);
	if (large)
		init_size(b, ilog2(large));
	init_size(b, 0);
	b->limits.flags = limits->flags;
	balloon_device_set_limits(b, limits);

	device_initialize(&b->dev);
	b->dev.class = &balloon_class;
	b->dev.parent = parent;
	if (dev_set_name(&b->dev, "balloon%d", b->id)) {
		put_device(&b->dev);
		return ERR_PTR(-ENOMEM);
	}
	return b;
}
EXPORT_SYMBOL_GPL(balloon_device_alloc);

/**
 * balloon_device_put - let go of a balloon device
 * @balloon: from balloon_device_alloc(), not registered any more; NULL is fine
 *
 * Context: may sleep.
 */
void balloon_device_put(struct balloon_device *balloon)
{
	if (balloon)
		put_device(&balloon->dev);
}
EXPORT_SYMBOL_GPL(balloon_device_put);

static void free_batch(struct balloon_batch *batch)
{
	kvfree(batch->pfns);
	bitmap_free(batch->failed);
	batch->pfns = NULL;
	batch->failed = NULL;
}

static int alloc_batch(struct balloon_batch *batch, unsigned int nr)
{
	batch->pfns = kvcalloc(nr, sizeof(*batch->pfns), GFP_KERNEL);
	batch->failed = bitmap_alloc(nr, GFP_KERNEL);
	return batch->pfns && batch->failed ? 0 : -ENOMEM;
}

static void free_kept(struct kept_units *kept)
{
	kvfree(kept->pfns);
	*kept = (struct kept_units) {};
}

static int alloc_kept(struct kept_units *kept, unsigned int nr)
{
	kept->pfns = kvcalloc(nr, sizeof(*kept->pfns), GFP_KERNEL);
	kept->max = kept->pfns ? nr : 0;
	return kept->pfns ? 0 : -ENOMEM;
}

static void free_batches(struct balloon_device *b)
{
	unsigned int i;

	free_batch(&b->batch);
	free_batch(&b->side);
	free_kept(&b->side_kept);
	for (i = 0; i < b->nr_sizes; i++)
		free_kept(&b->size[i].retained);
}

static int alloc_batches(struct balloon_device *b)
{
	unsigned int i, side = b->max_side_batch;
	int err;

	err = alloc_batch(&b->batch, b->max_batch);
	err = err ?: alloc_batch(&b->side, side);
	err = err ?: alloc_kept(&b->side_kept, MAX_KEPT_IN_NEED + side);
	for (i = 0; i < b->nr_sizes && !err; i++)
		err = alloc_kept(&b->size[i].retained, side);
	if (err)
		free_batches(b);
	return err;
}

static int register_size(struct balloon_device *b, struct balloon_size *s)
{
	if (s->order)
		snprintf(s->name, sizeof(s->name), "%s-%luk",
			 dev_name(&b->dev), PAGE_SIZE >> 10 << s->order);
	else
		strscpy(s->name, dev_name(&b->dev));
	init_offline_page_owner(&s->owner, s->name);
	s->owner.order = s->order;
	s->owner.balloon = true;
	s->owner.stays_managed = flags_of(b) & BALLOON_STAYS_MANAGED;
	if (IS_ENABLED(CONFIG_BALLOON_MIGRATION)) {
		s->ops.migrate = balloon_migrate;
		s->ops.max_batch = b->max_side_batch;
	}
	s->ops.poisoned = balloon_poisoned;
	s->owner.ops = &s->ops;
	return register_offline_page_owner(&s->owner);
}

static void unregister_sizes(struct balloon_device *b)
{
	unsigned int i;

	for (i = 0; i < b->nr_sizes; i++)
		retire_offline_page_owner(&b->size[i].owner);
	for (i = 0; i < b->nr_sizes; i++)
		unregister_offline_page_owner(&b->size[i].owner);
}

static int start_protocol(struct balloon_device *b)
{
	int err;

	guard(mutex)(&b->host_lock);
	err = ask_reset(b);
	if (err == -EBUSY) {
		b->reset_wanted = true;
		err = 0;
	}
	return err;
}

static int register_shrinker_of(struct balloon_device *b)
{
	b->shrinker = shrinker_alloc(0, "balloon:%s", dev_name(&b->dev));
	if (!b->shrinker)
		return -ENOMEM;
	b->shrinker->count_objects = balloon_shrink_count;
	b->shrinker->scan_objects = balloon_shrink_scan;
	b->shrinker->private_data = b;
	shrinker_register(b->shrinker);
	return 0;
}

/**
 * balloon_device_register - start
 * @balloon: from balloon_device_alloc()
 *
 * Operations are called from now on. The first one is reset, from within this
 * function.
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM; an error of the reset operation, but for -EBUSY, or of
 * device_add().
 */
int balloon_device_register(struct balloon_device *balloon)
{
	unsigned int i;
	int err;

	err = alloc_batches(balloon);
	if (err)
		return err;
	for (i = 0; i < balloon->nr_sizes; i++) {
		err = register_size(balloon, &balloon->size[i]);
		if (err)
			goto out;
	}
	err = register_shrinker_of(balloon);
	if (err)
		goto out;
	err = device_add(&balloon->dev);
	if (err)
		goto out_shrinker;
	err = start_protocol(balloon);
	if (err)
		goto out_device;

	balloon->debugfs = debugfs_create_dir(dev_name(&balloon->dev),
					      balloon_debugfs);
	debugfs_create_file("histogram", 0444, balloon->debugfs, balloon,
			    &histogram_fops);
	debugfs_create_file("counters", 0444, balloon->debugfs, balloon,
			    &counters_fops);
	scoped_guard(spinlock_irq, &balloon->lock) {
		balloon->live = true;
		balloon->paused |= atomic_read(&all_paused);
	}
	if (READ_ONCE(balloon->paused))
		set_paused(balloon);
	balloon_device_kick(balloon);
	return 0;

out_device:
	device_del(&balloon->dev);
out_shrinker:
	shrinker_free(balloon->shrinker);
out:
	unregister_sizes(balloon);
	free_batches(balloon);
	return err;
}
EXPORT_SYMBOL_GPL(balloon_device_register);

/**
 * balloon_device_unregister - give all pages back, and end
 * @balloon: registered balloon device
 *
 * No operation runs any more when this returns. Pages that the host does not
 * give back stay offline; it is asked to forget them by the stop operation first.
 *
 * Context: may sleep, for as long as the host takes; killable.
 */
void balloon_device_unregister(struct balloon_device *balloon)
{
	scoped_guard(spinlock_irq, &balloon->lock)
		balloon->live = false;
	cancel_delayed_work_sync(&balloon->work);
	cancel_work_sync(&balloon->notify);
	debugfs_remove_recursive(balloon->debugfs);
	shrinker_free(balloon->shrinker);

	scoped_guard(mutex, &balloon->round_lock)
		return_or_stop(balloon, true);
	device_del(&balloon->dev);
	/* Waits for migrations; they do not get to the host any more. */
	unregister_sizes(balloon);
	if (flags_of(balloon) & BALLOON_WAKEUP)
		pm_relax(balloon->dev.parent);
	free_batches(balloon);
}
EXPORT_SYMBOL_GPL(balloon_device_unregister);

static void devm_balloon_end(void *balloon)
{
	balloon_device_unregister(balloon);
	balloon_device_put(balloon);
}

/**
 * devm_balloon_device_register - allocate and register, until the driver leaves
 * @parent: the transport's device
 * @ops: see balloon_device_alloc()
 * @limits: see balloon_device_alloc()
 * @transport: see balloon_device_alloc()
 * @data: see balloon_device_alloc()
 *
 * Context: may sleep.
 * Return: the device, or an error as of balloon_device_alloc() and
 * balloon_device_register().
 */
struct balloon_device *
devm_balloon_device_register(struct device *parent,
			     const struct balloon_ops *ops,
			     const struct balloon_limits *limits,
			     const char *transport, void *data)
{
	struct balloon_device *b;
	int err;

	b = balloon_device_alloc(parent, ops, limits, transport, data);
	if (IS_ERR(b))
		return b;
	err = balloon_device_register(b);
	if (err) {
		balloon_device_put(b);
		return ERR_PTR(err);
	}
	err = devm_add_action_or_reset(parent, devm_balloon_end, b);
	return err ? ERR_PTR(err) : b;
}
EXPORT_SYMBOL_GPL(devm_balloon_device_register);

static int __init balloon_init(void)
{
	int err;

	balloon_wq = alloc_workqueue("balloon", WQ_UNBOUND | WQ_FREEZABLE, 0);
	if (!balloon_wq)
		return -ENOMEM;
	err = class_register(&balloon_class);
	if (err) {
		destroy_workqueue(balloon_wq);
		return err;
	}
	balloon_debugfs = debugfs_create_dir("balloon", NULL);
	/* Built in, so that none of these is ever taken back. */
	register_oom_notifier(&balloon_oom_nb);
	hotplug_memory_notifier(balloon_memory_cb, DEFAULT_CALLBACK_PRI);
	register_pm_notifier(&balloon_pm_nb);
	register_reboot_notifier(&balloon_reboot_nb);
	return 0;
}
subsys_initcall(balloon_init);
