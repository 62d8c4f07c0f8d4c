// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for the balloon class (drivers/balloon/core.c).
 *
 * The class gets a host that accounts for every page: it knows what it has of
 * the guest's memory, checks whatever it is given or asked for, and can be told
 * to refuse, to be busy, to forget, to lie, and to die. The worker runs one
 * round at a time, at a time of the test's choice, so that no test waits.
 *
 * The tests take real pages from the page allocator and give them back. Built in
 * (CONFIG_BALLOON_KUNIT_TEST=y), they run at boot when the command line says
 *
 *	kunit.enable=1 kunit.filter_glob=balloon_device movablecore=1G
 *
 * As a module they run when it is loaded; some need functions that are not
 * exported, and are left out then. Best run on a quiet machine, with at least
 * 2 GiB: with movablecore= the pages come from a zone that hardly anybody else
 * uses, and lost ones are noticed.
 *
 * Whatever a test does, the fixture checks at the end that no host has a page,
 * that as many pages are managed as before, in a balloon as before, and at boot
 * free as before, and that nobody complained meanwhile.
 */
#include <kunit/device.h>
#include <kunit/static_stub.h>
#include <kunit/test.h>

#include <linux/balloon_device.h>
#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/debug_locks.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/offline_pages.h>
#include <linux/oom.h>
#include <linux/panic.h>
#include <linux/pm_wakeup.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/shrinker.h>
#include <linux/sizes.h>
#include <linux/vmstat.h>
#include <linux/xarray.h>

#include "balloon_test.h"
#include "count_free.h"

/* Orders of the hosts' larger units. */
#define LARGE			4
#if MAX_PAGE_ORDER < 9
#define HUGE			MAX_PAGE_ORDER
#else
#define HUGE			9
#endif

/* More rounds than any test needs that the class means to end. */
#define MAX_ROUNDS		5000

struct host_kind {
	const char *name;
	unsigned long orders;
	unsigned int batch;
	unsigned int large_batch;
	unsigned int flags;
};

/* Which calls to inflate and deflate go wrong, and how. */
struct host_fault {
	int error;
	/* So many calls go well before, and so many go wrong. */
	unsigned int after;
	unsigned int times;
	/* The host did what it was asked, in spite of the error. */
	bool done;
};

enum host_target {
	TARGET_HONEST,
	TARGET_ABSURD,
	TARGET_ERRATIC,
	TARGET_FAILS,
};

/*
 * One hypervisor. Its pages are in a table, by page frame number, with the order
 * of the unit that they came in. Those that the guest cannot know about are there
 * as well, whether the host has them or not: the guest must not use them.
 */
#define HOST_HAS		BIT(0)
#define HOST_IN_DOUBT		BIT(1)
#define HOST_ORDER_SHIFT	2

struct host {
	struct kunit *test;
	const char *name;
	struct list_head list;
	char dev_name[24];
	struct device *parent;
	struct balloon_device *balloon;
	struct balloon_ops ops;
	struct balloon_limits limits;
	u64 now;
	struct xarray pages;
	unsigned long nr_pages;

	/* What it says and does. */
	enum host_target target_kind;
	u64 target;
	int target_error;
	unsigned int refuse_every;
	unsigned long refuse_orders;
	unsigned int keep_every;
	/* All of so many calls. */
	unsigned int keep_calls;
	unsigned long keep_below;
	struct host_fault fault;
	int reset_error;
	unsigned int reset_fails;
	void (*on_reset)(struct host *h);
	int stop_error;
	/* Nobody knows what it will say next. */
	bool moody;
	/* It says nothing; nor does the transport mind whose patience ends. */
	bool silent;
	bool deaf;
	/* Takes pages all the same. */
	bool takes;
	/* It takes its time, until it is not registered any more. */
	bool slow_tune;
	/* It changes its mind when it is asked for the first time. */
	bool kick_at_once;

	/* What happened to it. */
	unsigned int calls;
	unsigned int inflate_calls;
	unsigned int deflate_calls;
	unsigned int resets;
	/* When the last one began: by its own book, and the balloon's. */
	unsigned long had_at_reset;
	u64 held_at_reset;
	enum balloon_reason reset_reason;
	unsigned int stops;
	unsigned int tunes;
	bool tuning;
	bool waited_for;
	/* Calls for which somebody waits. */
	unsigned int hurried;
	unsigned int targets;
	/* The system could not sleep when it was asked again. */
	bool kept_awake;
	unsigned int reports;
	u64 reported;
	unsigned int offered;
	unsigned int asked;
	u64 refused;
	bool small_seen;
	bool small_first;
	unsigned int largest[2];
	unsigned long runs;

	/* For what sysfs shows. */
	char *attr_text;

	/* A request whose answer was not waited for. */
	struct balloon_batch pending;
	bool pending_inflate;

	/* What must not happen. */
	atomic_t running;
	bool registered;
	bool managed;
	bool forgot;
	bool dead;
	unsigned int wrong;
};

struct balloon_test {
	struct list_head hosts;
	unsigned int nr_hosts;

	/* As it was when the test began. */
	unsigned long totalram;
	long balloon;
	unsigned long free;
	unsigned long misuse;
	bool warned;
	bool bad_page;
	bool lockdep_on;

	/* Pages that are nobody's any more, but offline. */
	struct xarray lost;
	long nr_lost;
	struct offline_page_owner rescuer;

	/* What the page allocator has left, and was asked for. */
	unsigned long alloc_limit;
	unsigned long allocated;
	unsigned int max_order;
	nodemask_t empty_nodes;
	nodemask_t alloc_nodes;
	bool stubbed;
	/* What programs could get if no host had anything; and on one node. */
	long available;
	long node_available;
	int poor_node;
};

/*
 * Counts. The iterators of mm are not exported.
 */

static long balloon_pages(void)
{
	long nr = 0;
	int nid, cpu;

	for_each_online_node(nid) {
		struct pglist_data *pgdat = NODE_DATA(nid);

		nr += atomic_long_read(&pgdat->vm_stat[NR_BALLOON_PAGES]);
		for_each_online_cpu(cpu)
			nr += per_cpu_ptr(pgdat->per_cpu_nodestats, cpu)
				      ->vm_node_stat_diff[NR_BALLOON_PAGES];
	}
	return nr;
}

/*
 * The host.
 */

static void host_wrong(struct host *h, unsigned long nr, const char *what)
{
	if (h->wrong++ < 10)
		KUNIT_FAIL(h->test, "host of %s: %#lx %s", h->name, nr,
			   what);
}

static void host_enter(struct host *h)
{
	might_sleep();
	if (atomic_inc_return(&h->running) != 1)
		host_wrong(h, h->calls, "operations run at the same time");
	if (!h->registered)
		host_wrong(h, h->calls, "an operation runs, but it is not registered");
	if (!(current->flags & PF_MEMALLOC))
		host_wrong(h, h->calls, "an operation may enter reclaim");
}

static void host_leave(struct host *h)
{
	atomic_dec(&h->running);
}

/* What it knows about a page; 0 if it never heard of it. */
static unsigned long host_knows(struct host *h, unsigned long pfn)
{
	void *entry = xa_load(&h->pages, pfn);

	return entry ? xa_to_value(entry) : 0;
}

static void host_note(struct host *h, unsigned long pfn, unsigned long what)
{
	void *old = xa_store(&h->pages, pfn, what ? xa_mk_value(what) : NULL,
			     GFP_ATOMIC | __GFP_NOWARN);

	if (xa_is_err(old))
		host_wrong(h, pfn, "cannot be remembered");
	h->nr_pages += !!what - !!old;
}

static bool others_know(struct host *h, unsigned long pfn)
{
	struct balloon_test *t = h->test->priv;
	struct host *other;

	list_for_each_entry(other, &t->hosts, list)
		if (other != h && host_knows(other, pfn))
			return true;
	return false;
}

static void host_take(struct host *h, unsigned long pfn, unsigned int order)
{
	unsigned long end = pfn + (1UL << order);

	for (; pfn < end; pfn++) {
		unsigned long known = host_knows(h, pfn);

		if (known && !(known & HOST_IN_DOUBT))
			host_wrong(h, pfn, "goes to the host, which has it");
		if (others_know(h, pfn))
			host_wrong(h, pfn, "goes to a host, and another has it");
		host_note(h, pfn, HOST_HAS | order << HOST_ORDER_SHIFT);
	}
}

static void host_give(struct host *h, unsigned long pfn, unsigned int order)
{
	unsigned long end = pfn + (1UL << order);

	for (; pfn < end; pfn++) {
		unsigned long known = host_knows(h, pfn);

		if (!known)
			host_wrong(h, pfn, "comes from the host, which does not have it");
		else if (known >> HOST_ORDER_SHIFT != order)
			host_wrong(h, pfn, "comes back in another size");
		host_note(h, pfn, 0);
	}
}

static void host_forget(struct host *h)
{
	xa_destroy(&h->pages);
	h->nr_pages = 0;
	h->pending.nr = 0;
}

/* In the balloon, and in nobody's hands but those of the class. */
static const char *page_wrong(const struct host *h, unsigned long pfn)
{
	const struct page *page = pfn_to_page(pfn);

	if (!PageOffline(page))
		return "is not offline";
	if (page_ref_count(page))
		return "has references";
	if (PageOfflineNeverOnlined(page))
		return "was never onlined";
	if (IS_ENABLED(CONFIG_BALLOON_MIGRATION) && !PageMovableOffline(page))
		return "cannot move";
	if (PageOfflineSkippable(page))
		return "would be stepped over";
	return NULL;
}

static void host_check_unit(struct host *h, const struct balloon_batch *batch,
			    unsigned int i)
{
	unsigned long pfn = batch->pfns[i], end = pfn + (1UL << batch->order);
	char owner[8];

	if (!IS_ALIGNED(pfn, 1UL << batch->order))
		host_wrong(h, pfn, "is not aligned to its size");
	for (; pfn < end; pfn++) {
		const char *wrong = page_wrong(h, pfn);

		/* Nobody may find it, to migrate it, while the host is asked. */
		if (!wrong &&
		    !offline_page_owner_name(pfn, owner, sizeof(owner)))
			wrong = "is not isolated";
		if (wrong)
			host_wrong(h, pfn, wrong);
	}
}

static unsigned int host_max_batch(const struct host *h, unsigned int order)
{
	if (order && h->limits.large_batch)
		return h->limits.large_batch;
	return h->limits.batch;
}

static void host_check_batch(struct host *h, const struct balloon_batch *batch)
{
	unsigned int i, large = !!batch->order;

	if (!(h->limits.orders & BIT(batch->order)))
		host_wrong(h, batch->order, "is a size that it does not take");
	if (!batch->nr || batch->nr > host_max_batch(h, batch->order))
		host_wrong(h, batch->nr, "is a size of a batch that it does not take");
	if (batch->nr_failed || !bitmap_empty(batch->failed, batch->nr))
		host_wrong(h, batch->nr_failed, "units failed before they were tried");
	for (i = 0; i < batch->nr; i++) {
		host_check_unit(h, batch, i);
		if (!i || batch->pfns[i] != batch->pfns[i - 1] +
					    (1UL << batch->order))
			h->runs++;
	}
	h->largest[large] = max(h->largest[large], batch->nr);
}

/* What this call ends with. */
static int host_mood(void)
{
	u32 mood = get_random_u32_below(1000);

	if (mood < 4)
		return -ECONNRESET;
	if (mood < 10)
		return -EINTR;
	return mood < 25 ? -EBUSY : 0;
}

/* Is this the call that goes wrong? */
static bool host_fails(struct host *h)
{
	if (!h->fault.error)
		return false;
	if (h->fault.after) {
		h->fault.after--;
		return false;
	}
	if (!h->fault.times)
		return false;
	h->fault.times--;
	return true;
}

/* Every so-manieth one. */
static bool host_picks(unsigned int every, unsigned int *nr)
{
	return every && !(++*nr % every);
}

static bool host_refuses(struct host *h, unsigned int order)
{
	return (h->refuse_orders & BIT(order)) ||
	       host_picks(h->refuse_every, &h->offered);
}

static void host_inflate_batch(struct host *h, struct balloon_batch *batch)
{
	unsigned int i;

	for (i = 0; i < batch->nr; i++) {
		if (!host_refuses(h, batch->order)) {
			host_take(h, batch->pfns[i], batch->order);
			continue;
		}
		h->refused += 1UL << batch->order;
		balloon_batch_fail(batch, i);
	}
}

static void host_deflate_batch(struct host *h, struct balloon_batch *batch)
{
	const bool keep_all = h->keep_calls && h->keep_calls--;
	unsigned int i;

	for (i = 0; i < batch->nr; i++) {
		if (keep_all || batch->pfns[i] < h->keep_below ||
		    host_picks(h->keep_every, &h->asked))
			balloon_batch_fail(batch, i);
		else
			host_give(h, batch->pfns[i], batch->order);
	}
}

/*
 * From now on it may have these pages, or not. Where it did what it was asked, it
 * did that before.
 */
static void host_doubt(struct host *h, const struct balloon_batch *batch)
{
	unsigned long pfn, what;
	unsigned int i;

	for (i = 0; i < batch->nr; i++) {
		for (pfn = batch->pfns[i];
		     pfn < batch->pfns[i] + (1UL << batch->order); pfn++) {
			what = batch->order << HOST_ORDER_SHIFT | HOST_IN_DOUBT;
			host_note(h, pfn, what | (host_knows(h, pfn) & HOST_HAS));
		}
	}
}

/* The answer to what was asked before is there now. Nobody waited for it. */
static void host_answer_pending(struct host *h)
{
	struct balloon_batch *batch = &h->pending;
	unsigned int i;

	if (!batch->nr)
		return;
	for (i = 0; i < batch->nr && h->pending_inflate; i++)
		host_take(h, batch->pfns[i], batch->order);
	batch->nr = 0;
}

static void host_leave_pending(struct host *h,
			       const struct balloon_batch *batch, bool inflate)
{
	h->pending.order = batch->order;
	h->pending.nr = batch->nr;
	memcpy(h->pending.pfns, batch->pfns, batch->nr * sizeof(*batch->pfns));
	h->pending_inflate = inflate;
}

/* Wait for its answer. Each millisecond, a quarter of a second goes by. */
static int host_silence(struct host *h)
{
	unsigned long since = jiffies;
	unsigned int i;

	for (i = 0; READ_ONCE(h->silent); i++) {
		WRITE_ONCE(h->waited_for, true);
		if (i == 5000)
			host_wrong(h, h->calls, "calls: the wait has no end");
		if (i == 5000 ||
		    (!h->deaf && balloon_device_impatient(h->balloon, since)))
			return -EINTR;
		fsleep(1000);
		since -= HZ / 4;
	}
	return 0;
}

static int host_call(struct host *h, struct balloon_batch *batch, bool inflate)
{
	int error = inflate && h->takes ? 0 : host_silence(h);

	if (error && h->pending.nr)
		return -EAGAIN;
	if (h->forgot)
		host_wrong(h, h->calls, "the protocol was not started again");
	if (h->dead)
		host_wrong(h, h->calls, "the host is asked, and is gone");
	host_answer_pending(h);
	host_check_batch(h, batch);
	h->calls++;
	h->hurried += balloon_device_leaving(h->balloon);
	if (inflate) {
		h->inflate_calls++;
		h->small_first |= batch->order && h->small_seen;
		h->small_seen |= !batch->order;
	} else {
		h->deflate_calls++;
	}

	if (host_fails(h))
		error = h->fault.error;
	else if (h->moody && !error)
		error = host_mood();
	if (error == -EBUSY)
		return error;
	if (error == -ECONNRESET) {
		host_forget(h);
		h->forgot = true;
		return error;
	}
	if (!error || h->fault.done) {
		if (inflate)
			host_inflate_batch(h, batch);
		else
			host_deflate_batch(h, batch);
	}
	if (error)
		host_doubt(h, batch);
	if (error == -EINTR)
		host_leave_pending(h, batch, inflate);
	else if (error)
		h->dead = true;
	return error;
}

/*
 * Its operations.
 */

/* Is the system kept from going to sleep? */
static bool is_awake(struct host *h)
{
#ifdef CONFIG_PM_SLEEP
	return h->parent->power.wakeup && h->parent->power.wakeup->active;
#else
	return false;
#endif
}

static int host_target(struct balloon_device *balloon, u64 *pages)
{
	struct host *h = balloon_device_data(balloon);
	int ret = 0;

	host_enter(h);
	if (h->kick_at_once && h->targets == 1)
		h->kept_awake = is_awake(h);
	if (h->kick_at_once && !h->targets)
		balloon_device_kick(balloon);
	WRITE_ONCE(h->targets, h->targets + 1);
	if (h->dead)
		host_wrong(h, h->targets, "the target is read, and the host is gone");
	switch (h->target_kind) {
	case TARGET_ABSURD:
		*pages = U64_MAX;
		break;
	case TARGET_ERRATIC:
		*pages = h->target + get_random_u32_below(h->target);
		break;
	case TARGET_FAILS:
		*pages = U64_MAX;
		ret = h->target_error;
		break;
	case TARGET_HONEST:
		*pages = READ_ONCE(h->target);
		break;
	}
	host_leave(h);
	return ret;
}

static int host_inflate(struct balloon_device *balloon,
			struct balloon_batch *batch)
{
	struct host *h = balloon_device_data(balloon);
	int ret;

	host_enter(h);
	ret = host_call(h, batch, true);
	host_leave(h);
	return ret;
}

static int host_deflate(struct balloon_device *balloon,
			struct balloon_batch *batch)
{
	struct host *h = balloon_device_data(balloon);
	int ret;

	host_enter(h);
	ret = host_call(h, batch, false);
	host_leave(h);
	return ret;
}

static void host_report(struct balloon_device *balloon, u64 pages)
{
	struct host *h = balloon_device_data(balloon);

	if (!h->registered || h->dead)
		host_wrong(h, pages, "pages are reported to nobody");
	h->reports++;
	h->reported = pages;
}

static int host_reset(struct balloon_device *balloon)
{
	struct host *h = balloon_device_data(balloon);
	int ret = 0;

	host_enter(h);
	h->resets++;
	h->reset_reason = balloon_device_reason(balloon);
	h->had_at_reset = h->nr_pages;
	h->held_at_reset = balloon_device_actual(balloon);
	if (balloon_device_actual(balloon) && !h->stop_error)
		host_wrong(h, balloon_device_actual(balloon),
			   "pages were not taken back before a reset");
	if (h->reset_fails) {
		h->reset_fails--;
		ret = h->reset_error;
	}
	if (!ret) {
		host_forget(h);
		h->forgot = false;
		h->dead = false;
		if (h->on_reset)
			h->on_reset(h);
	}
	host_leave(h);
	return ret;
}

static int host_stop(struct balloon_device *balloon)
{
	struct host *h = balloon_device_data(balloon);

	host_enter(h);
	h->stops++;
	if (!h->stop_error) {
		host_forget(h);
		h->forgot = true;
	}
	host_leave(h);
	return h->stop_error;
}

static void host_tune(struct balloon_device *balloon)
{
	struct host *h = balloon_device_data(balloon);
	unsigned int i;

	for (i = 0; h->slow_tune && i < 300 && READ_ONCE(h->registered); i++) {
		WRITE_ONCE(h->tuning, true);
		fsleep(1000);
	}
	if (!READ_ONCE(h->registered))
		host_wrong(h, h->tunes, "it is tuned, but it is not registered");
	h->tunes++;
}

static const struct balloon_ops host_ops = {
	.target = host_target,
	.inflate = host_inflate,
	.deflate = host_deflate,
	.report = host_report,
	.reset = host_reset,
	.stop = host_stop,
	.tune = host_tune,
};

/*
 * The fixture.
 */

/* A page that is offline and nobody's goes back to the page allocator. */
static void rescue_page(struct balloon_test *t, unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);
	char owner[8];

	ClearPageHWPoison(page);
	if (!PageOffline(page) ||
	    !offline_page_owner_name(pfn, owner, sizeof(owner)))
		return;
	/* As one that comes from a new memory block: it counts as managed. */
	clear_bit(PG_offline_onlined, offline_page_flags(page));
	if (reserve_offline_page_range(&t->rescuer, pfn, 1,
				       GFP_KERNEL | __GFP_NOFAIL))
		return;
	keep_offline_page_range(&t->rescuer, pfn, 1, 0);
	free_offline_page(&t->rescuer, page);
}

static void rescue_lost(struct balloon_test *t)
{
	unsigned long pfn;
	void *entry;

	xa_for_each(&t->lost, pfn, entry)
		rescue_page(t, pfn);
	xa_destroy(&t->lost);
	t->nr_lost = 0;
}

/* The guest will never use this page again, and that is as it should be. */
static void note_lost(struct kunit *test, unsigned long pfn)
{
	struct balloon_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0,
			xa_err(xa_store(&t->lost, pfn, xa_mk_value(1),
					GFP_KERNEL)));
	t->nr_lost++;
}

static void lose_page(struct host *h, unsigned long pfn)
{
	note_lost(h->test, pfn);
	host_note(h, pfn, 0);
}

static void lose_all(struct host *h)
{
	unsigned long pfn;
	void *entry;

	xa_for_each(&h->pages, pfn, entry)
		lose_page(h, pfn);
}

static void check_end(void *arg)
{
	struct kunit *test = arg;
	struct balloon_test *t = test->priv;

	rescue_lost(t);
	unregister_offline_page_owner(&t->rescuer);
	KUNIT_EXPECT_EQ(test, totalram_pages(), t->totalram);
	KUNIT_EXPECT_EQ(test, balloon_pages(), t->balloon);
	__expect_free(test, NULL, t->free, __LINE__);
	KUNIT_EXPECT_EQ(test, offline_pages_counter(OFFLINE_PAGES_MISUSE),
			t->misuse);
	KUNIT_EXPECT_EQ(test, test_taint(TAINT_WARN), t->warned);
	KUNIT_EXPECT_EQ(test, test_taint(TAINT_BAD_PAGE), t->bad_page);
	/* It turns itself off when it finds something. */
	KUNIT_EXPECT_EQ(test, !!debug_locks, t->lockdep_on);
}

static int balloon_test_init(struct kunit *test)
{
	struct balloon_test *t;
	int ret;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	if (!t)
		return -ENOMEM;
	INIT_LIST_HEAD(&t->hosts);
	xa_init(&t->lost);
	t->alloc_limit = ULONG_MAX;
	t->max_order = MAX_PAGE_ORDER;
	init_offline_page_owner(&t->rescuer, "kunit-rescuer");
	ret = register_offline_page_owner(&t->rescuer);
	if (ret)
		return ret;
	t->totalram = totalram_pages();
	t->balloon = balloon_pages();
	t->free = count_free(NULL);
	t->misuse = offline_pages_counter(OFFLINE_PAGES_MISUSE);
	t->warned = test_taint(TAINT_WARN);
	t->bad_page = test_taint(TAINT_BAD_PAGE);
	t->lockdep_on = debug_locks;
	test->priv = t;
	return kunit_add_action_or_reset(test, check_end, test);
}

/* Before anything is undone: a test ends what it began. */
static void balloon_test_exit(struct kunit *test)
{
	struct balloon_test *t = test->priv;
	struct host *h;

	if (!t)
		return;
	list_for_each_entry(h, &t->hosts, list) {
		KUNIT_EXPECT_FALSE(test, h->registered);
		KUNIT_EXPECT_EQ(test, h->nr_pages, 0UL);
		KUNIT_EXPECT_EQ(test, h->wrong, 0u);
	}
}

static u64 counter(const struct host *h, enum balloon_counter id)
{
	return balloon_device_counter(h->balloon, id);
}

/* What is wrong with the pages that a host has, and how many must go back? */
static void __expect_host(struct host *h, int line)
{
	unsigned long pfn, nr = 0;
	const char *wrong;
	void *entry;

	xa_for_each(&h->pages, pfn, entry) {
		wrong = page_wrong(h, pfn);
		if (wrong) {
			KUNIT_FAIL(h->test, "page %#lx of the host %s, line %d",
				   pfn, wrong, line);
			break;
		}
		if (!(++nr % 1024))
			cond_resched();
	}
	KUNIT_EXPECT_EQ_MSG(h->test, balloon_device_actual(h->balloon),
			    h->nr_pages, "line %d", line);
	KUNIT_EXPECT_EQ_MSG(h->test, counter(h, BALLOON_COUNT_INFLATED),
			    counter(h, BALLOON_COUNT_DEFLATED) +
			    counter(h, BALLOON_COUNT_POISONED) + h->nr_pages,
			    "line %d", line);
	KUNIT_EXPECT_EQ_MSG(h->test, h->wrong, 0u, "line %d", line);
}

/* All hosts have what the guest counts as theirs. */
static void __expect_accounting(struct kunit *test, int line)
{
	struct balloon_test *t = test->priv;
	long all = 0, not_managed = t->nr_lost;
	struct host *h;

	list_for_each_entry(h, &t->hosts, list) {
		if (h->registered)
			__expect_host(h, line);
		all += h->nr_pages;
		if (!(h->limits.flags & BALLOON_STAYS_MANAGED))
			not_managed += h->nr_pages;
	}
	KUNIT_EXPECT_EQ_MSG(test, balloon_pages(), t->balloon + all, "line %d",
			    line);
	KUNIT_EXPECT_EQ_MSG(test, totalram_pages(), t->totalram - not_managed,
			    "line %d", line);
}

#define expect_accounting(test) __expect_accounting(test, __LINE__)

/* It has so many pages, and all is well. */
static void __expect_has(struct host *h, unsigned long nr_pages, int line)
{
	KUNIT_EXPECT_EQ_MSG(h->test, h->nr_pages, nr_pages, "line %d", line);
	__expect_accounting(h->test, line);
}

#define expect_has(h, nr_pages) __expect_has(h, nr_pages, __LINE__)

static void __expect_state(struct host *h, enum balloon_state state,
			   enum balloon_reason reason, int line)
{
	KUNIT_EXPECT_EQ_MSG(h->test, balloon_device_state(h->balloon), state,
			    "line %d", line);
	KUNIT_EXPECT_EQ_MSG(h->test, balloon_device_reason(h->balloon), reason,
			    "line %d", line);
}

#define expect_state(h, state, reason) \
	__expect_state(h, state, reason, __LINE__)

/* It is over: the guest took back what it could, and asks for nothing more. */
static void unregister_host(struct host *h)
{
	balloon_device_unregister(h->balloon);
	WRITE_ONCE(h->registered, false);
}

static void end_host(void *arg)
{
	struct host *h = arg;

	if (h->managed) {
		if (h->parent)
			kunit_device_unregister(h->test, h->parent);
	} else if (h->registered) {
		/* Whatever went wrong, it does not keep the others' pages. */
		h->stop_error = 0;
		h->keep_every = 0;
		h->fault.error = 0;
		h->silent = false;
		unregister_host(h);
		lose_all(h);
	}
	if (h->balloon)
		balloon_device_put(h->balloon);
	xa_destroy(&h->pages);
	list_del(&h->list);
}

/* A host, and a balloon device that is not registered yet. */
static struct host *alloc_host(struct kunit *test, const struct host_kind *kind)
{
	struct balloon_test *t = test->priv;
	struct host *h;

	h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, h);
	h->test = test;
	h->name = kind->name;
	h->ops = host_ops;
	h->limits = (struct balloon_limits){
		.orders = kind->orders,
		.batch = kind->batch,
		.large_batch = kind->large_batch,
		.poll_ms = 1000,
		.flags = kind->flags | BALLOON_BY_HAND,
	};
	h->now = get_jiffies_64();
	xa_init(&h->pages);
	h->pending.pfns = kunit_kcalloc(test, max(kind->batch, kind->large_batch),
					sizeof(*h->pending.pfns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, h->pending.pfns);
	h->attr_text = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, h->attr_text);
	snprintf(h->dev_name, sizeof(h->dev_name), "balloon-host%u",
		 t->nr_hosts++);
	h->parent = kunit_device_register(test, h->dev_name);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, h->parent);
	list_add_tail(&h->list, &t->hosts);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, end_host, h));
	return h;
}

static void alloc_balloon(struct host *h)
{
	h->balloon = balloon_device_alloc(h->parent, &h->ops, &h->limits,
					  "kunit", h);
	if (IS_ERR(h->balloon)) {
		KUNIT_EXPECT_NOT_ERR_OR_NULL(h->test, h->balloon);
		h->balloon = NULL;
	}
	KUNIT_ASSERT_NOT_NULL(h->test, h->balloon);
}

static int register_host(struct host *h)
{
	int ret;

	h->registered = true;
	ret = balloon_device_register(h->balloon);
	if (ret)
		h->registered = false;
	return ret;
}

static void expect_no_balloon(struct host *h, const struct balloon_ops *ops,
			      const struct balloon_limits *limits)
{
	struct balloon_device *balloon;

	balloon = balloon_device_alloc(h->parent, ops, limits, "kunit", h);
	KUNIT_EXPECT_EQ(h->test, PTR_ERR_OR_ZERO(balloon), -EINVAL);
	if (!IS_ERR(balloon))
		balloon_device_put(balloon);
}

static void start_host(struct host *h)
{
	alloc_balloon(h);
	KUNIT_ASSERT_EQ(h->test, 0, register_host(h));
	KUNIT_EXPECT_EQ(h->test, h->resets, h->ops.reset ? 1u : 0u);
}

static struct host *new_host(struct kunit *test, const struct host_kind *kind)
{
	struct host *h = alloc_host(test, kind);

	start_host(h);
	return h;
}

/*
 * Time.
 */

/* Rounds until there is nothing to be done at once: returns for how long. */
static unsigned long run(struct host *h)
{
	unsigned long delay;
	unsigned int i;

	for (i = 0; i < MAX_ROUNDS; i++) {
		delay = balloon_device_step(h->balloon, h->now);
		if (delay)
			return delay;
		cond_resched();
	}
	KUNIT_FAIL(h->test, "it does not come to an end");
	return MAX_JIFFY_OFFSET;
}

/* Time passes. */
static void pass(struct host *h, unsigned long delay)
{
	h->now += min(delay, 3600UL * HZ);
}

/* The host wants to have so many pages, and gets them at once. */
static void settle_at(struct host *h, u64 target)
{
	h->target = target;
	run(h);
	KUNIT_ASSERT_EQ(h->test, h->nr_pages, (unsigned long)target);
	expect_state(h, BALLOON_IDLE, BALLOON_TARGET_REACHED);
	expect_accounting(h->test);
}

/* The same, but it may take a while. */
static void settle_later(struct host *h, u64 target)
{
	unsigned long delay;
	unsigned int i;

	h->target = target;
	for (i = 0; i < 100; i++) {
		delay = run(h);
		if (h->nr_pages == target)
			break;
		pass(h, delay);
	}
	KUNIT_ASSERT_EQ(h->test, h->nr_pages, (unsigned long)target);
	expect_state(h, BALLOON_IDLE, BALLOON_TARGET_REACHED);
	expect_accounting(h->test);
}

/* The class tells by itself how long it means to wait. */
static void no_poll(struct host *h)
{
	struct balloon_limits limits = h->limits;

	limits.poll_ms = 0;
	balloon_device_set_limits(h->balloon, &limits);
}

/*
 * What the host has.
 */

static unsigned long in_doubt(struct host *h)
{
	unsigned long pfn, nr = 0;
	void *entry;

	xa_for_each(&h->pages, pfn, entry)
		nr += !!(xa_to_value(entry) & HOST_IN_DOUBT);
	return nr;
}

static unsigned long pages_between(struct host *h, unsigned long start,
				   unsigned long end)
{
	unsigned long pfn, nr = 0;
	void *entry;

	xa_for_each_range(&h->pages, pfn, entry, start, end - 1)
		nr++;
	return nr;
}

static unsigned long nth_pfn(struct host *h, unsigned long n)
{
	unsigned long pfn;
	void *entry;

	xa_for_each(&h->pages, pfn, entry)
		if (!n--)
			return pfn;
	return 0;
}

/* The last page that came in units of this size. */
static unsigned long page_of_order(struct host *h, unsigned int order)
{
	unsigned long pfn, last = 0;
	void *entry;

	xa_for_each(&h->pages, pfn, entry)
		if (xa_to_value(entry) >> HOST_ORDER_SHIFT == order)
			last = pfn;
	KUNIT_ASSERT_NE(h->test, last, 0UL);
	return last;
}

static void expect_only_node(struct host *h, int nid)
{
	unsigned long pfn, others = 0;
	void *entry;

	xa_for_each(&h->pages, pfn, entry)
		others += page_to_nid(pfn_to_page(pfn)) != nid;
	KUNIT_EXPECT_EQ_MSG(h->test, others, 0UL, "node %d", nid);
}

/*
 * Sysfs, but for the file system.
 */

static struct device_attribute *find_attr(struct host *h, const char *name)
{
	const struct attribute_group *const *groups;
	struct attribute **attrs;

	for (groups = balloon_device_dev(h->balloon)->class->dev_groups;
	     *groups; groups++)
		for (attrs = (*groups)->attrs; *attrs; attrs++)
			if (!strcmp((*attrs)->name, name))
				return container_of(*attrs,
						    struct device_attribute,
						    attr);
	return NULL;
}

static __printf(3, 4) ssize_t write_attr(struct host *h, const char *name,
					 const char *fmt, ...)
{
	struct device_attribute *attr = find_attr(h, name);
	char text[32];
	va_list args;
	int len;

	KUNIT_ASSERT_NOT_NULL(h->test, attr);
	va_start(args, fmt);
	len = vscnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return attr->store(balloon_device_dev(h->balloon), attr, text, len);
}

static __printf(3, 4) void expect_attr(struct host *h, const char *name,
				       const char *fmt, ...)
{
	struct device_attribute *attr = find_attr(h, name);
	char *text = h->attr_text, expected[32];
	va_list args;

	KUNIT_ASSERT_NOT_NULL(h->test, attr);
	va_start(args, fmt);
	vscnprintf(expected, sizeof(expected), fmt, args);
	va_end(args);
	KUNIT_EXPECT_GT(h->test, 0L + PAGE_SIZE,
			attr->show(balloon_device_dev(h->balloon), attr, text));
	KUNIT_EXPECT_STREQ_MSG(h->test, text, expected, "%s", name);
}

/*
 * The page allocator, as far as the class gets to see it.
 */

/* Call the real function: it looks for stubs of the current test. */
#define unstubbed(test, call) ({					\
	current->kunit_test = NULL;					\
	typeof(call) __ret = call;					\
	current->kunit_test = test;					\
	__ret;								\
})

static bool gfp_has(gfp_t gfp, gfp_t flags)
{
	return gfp & flags;
}

static struct page *stub_alloc_frozen(gfp_t gfp, unsigned int order, int nid)
{
	struct kunit *test = kunit_get_current_test();
	struct balloon_test *t = test->priv;
	struct page *page;

	/* Whoever is in need of memory does not get it from the emergency. */
	KUNIT_EXPECT_FALSE(test, gfp_has(gfp, __GFP_HIGH | __GFP_MEMALLOC |
					 __GFP_NOFAIL));
	KUNIT_EXPECT_TRUE(test, gfp_has(gfp, __GFP_NOWARN));
	if (t->allocated + (1UL << order) > t->alloc_limit ||
	    order > t->max_order ||
	    (nid != NUMA_NO_NODE && node_isset(nid, t->empty_nodes)))
		return NULL;
	page = unstubbed(test, offline_pages_alloc_frozen(gfp, order, nid));
	if (page) {
		t->allocated += 1UL << order;
		node_set(page_to_nid(page), t->alloc_nodes);
	}
	return page;
}

/* All of them come from the page allocator, then. */
static unsigned long stub_take_free(gfp_t gfp, unsigned int order, int nid,
				    unsigned long nr, unsigned long stride,
				    unsigned long *pfns)
{
	return 0;
}

/* From now on there are so many pages and no more. */
static void limit_memory(struct kunit *test, unsigned long nr_pages)
{
	struct balloon_test *t = test->priv;

	t->alloc_limit = nr_pages;
	t->allocated = 0;
	t->max_order = MAX_PAGE_ORDER;
	nodes_clear(t->empty_nodes);
	nodes_clear(t->alloc_nodes);
	if (t->stubbed)
		return;
	t->stubbed = true;
	kunit_activate_static_stub(test, offline_pages_alloc_frozen,
				   stub_alloc_frozen);
	kunit_activate_static_stub(test, offline_pages_take_free,
				   stub_take_free);
}

/*
 * Migration, as compaction does it.
 */

static void need_migration(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_BALLOON_MIGRATION))
		kunit_skip(test, "needs CONFIG_BALLOON_MIGRATION");
}

/*
 * Migrate a batch of what the host has, or less if there is less. Returns how
 * many pages did not move; *moved is the others.
 */
static int migrate_mode(struct host *h, unsigned int order,
			enum migrate_mode mode, unsigned int *moved)
{
	struct offline_page_batch batch = {};
	unsigned long pfn;
	void *entry;

	*moved = 0;
	xa_for_each(&h->pages, pfn, entry) {
		if (xa_to_value(entry) >> HOST_ORDER_SHIFT != order)
			continue;
		if (isolate_offline_page_run(&batch, pfn, pfn + 1,
					     MAX_PAGE_ORDER) == -EBUSY)
			break;
	}
	if (!batch.nr)
		return 0;
	return migrate_offline_page_batch(&batch, &targets, mode, moved);
}

static int migrate_some(struct host *h, unsigned int order, unsigned int *moved)
{
	return migrate_mode(h, order, MIGRATE_SYNC, moved);
}

/*
 * Kinds of hosts.
 */

#define PAGES_KIND							\
	{ "pages", BIT(0), 16 }
#define BLOCKS_KIND							\
	{ "blocks and pages that stay managed", BIT(0) | BIT(LARGE), 16, 4, \
	  .flags = BALLOON_STAYS_MANAGED }

static const struct host_kind host_kinds[] = {
	{ "pages", BIT(0), 256 },
	{ "pages that stay managed", BIT(0), 32,
	  .flags = BALLOON_STAYS_MANAGED },
	{ "pages one by one", BIT(0), 1 },
	{ "blocks and pages", BIT(0) | BIT(LARGE), 100, 7 },
	{ "blocks and pages that stay managed", BIT(0) | BIT(LARGE), 256,
	  .flags = BALLOON_STAYS_MANAGED },
	{ "blocks one by one", BIT(0) | BIT(LARGE), 64, 1 },
	{ "huge blocks and pages", BIT(0) | BIT(HUGE), 512, 4 },
};

KUNIT_ARRAY_PARAM_DESC(host_kind, host_kinds, name);

/* The two that differ most, where no more are needed. */
static const struct host_kind few_kinds[] = { PAGES_KIND, BLOCKS_KIND };

KUNIT_ARRAY_PARAM_DESC(few_kinds, few_kinds, name);

static const struct host_kind pages_kind = PAGES_KIND;
static const struct host_kind blocks_kind = BLOCKS_KIND;

static unsigned int large_order(const struct host *h)
{
	return fls_long(h->limits.orders) - 1;
}

/* How many pages are in the larger one of its units. */
static unsigned long block_pages(const struct host *h)
{
	return 1UL << large_order(h);
}

/* How many calls it takes to pass so many pages, at best. */
static unsigned int calls_for(const struct host *h, u64 nr_pages)
{
	unsigned int order = large_order(h);
	u64 blocks = order ? nr_pages >> order : 0;

	return DIV_ROUND_UP_ULL(blocks, host_max_batch(h, order)) +
	       DIV_ROUND_UP_ULL(nr_pages - (blocks << order), h->limits.batch);
}

/*
 * Targets.
 */

static void follow_target(struct kunit *test)
{
	struct host *h = new_host(test, test->param_value);
	const u64 targets[] = {
		1, 100, 3 * block_pages(h) + 5, 4 * block_pages(h), 17, 0,
		block_pages(h) - 1, 1500, 1499, 3, 1501, 0,
	};
	unsigned int i;

	expect_state(h, BALLOON_IDLE, BALLOON_TARGET_REACHED);
	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		settle_at(h, targets[i]);
		KUNIT_EXPECT_EQ(test, balloon_device_target(h->balloon),
				targets[i]);
		KUNIT_EXPECT_EQ(test, h->reported, targets[i]);
	}
	KUNIT_EXPECT_EQ(test, counter(h, BALLOON_COUNT_INFLATED),
			counter(h, BALLOON_COUNT_DEFLATED));
	KUNIT_EXPECT_EQ(test, counter(h, BALLOON_COUNT_CALLS), h->calls);
	KUNIT_EXPECT_EQ(test, h->resets, 1u);

	/* There is nothing to be taken back, and nothing to be stopped. */
	unregister_host(h);
	KUNIT_EXPECT_EQ(test, h->stops, 0u);
}

/* What is left goes back at the end, in batches. */
static void unregister_with_pages(struct kunit *test)
{
	struct host *h = new_host(test, test->param_value);
	u64 nr = 5 * block_pages(h) + 3;
	unsigned int calls;

	settle_at(h, nr);
	calls = h->deflate_calls;
	KUNIT_EXPECT_EQ(test, h->hurried, 0u);
	unregister_host(h);
	expect_has(h, 0);
	KUNIT_EXPECT_EQ(test, h->deflate_calls - calls, calls_for(h, nr));
	KUNIT_EXPECT_EQ(test, h->hurried, calls_for(h, nr));
	KUNIT_EXPECT_EQ(test, h->stops, 0u);
}

/* As large as can be, as many at once as can be, and small ones for the rest. */
static void large_blocks_first(struct kunit *test)
{
	struct host *h = new_host(test, test->param_value);
	unsigned long block = block_pages(h), rest = block > 1 ? 3 : 0;
	u64 nr = 11 * block + rest;
	unsigned int calls;

	settle_at(h, nr);
	KUNIT_EXPECT_EQ(test, h->inflate_calls, calls_for(h, nr));
	KUNIT_EXPECT_EQ(test, h->deflate_calls, 0u);
	KUNIT_EXPECT_FALSE(test, h->small_first);
	KUNIT_EXPECT_EQ(test, balloon_device_held(h->balloon, large_order(h)),
			11 * block);
	if (rest)
		KUNIT_EXPECT_EQ(test, balloon_device_held(h->balloon, 0), rest);
	KUNIT_EXPECT_EQ(test, balloon_device_held(h->balloon, 1), 0ULL);
	KUNIT_EXPECT_EQ(test, h->largest[block > 1],
			min(11u, host_max_batch(h, large_order(h))));

	/* The small ones leave first; then one block more than it should be. */
	settle_at(h, 11 * block);
	KUNIT_EXPECT_EQ(test, balloon_device_held(h->balloon, large_order(h)),
			11 * block);
	calls = h->calls;
	settle_at(h, block + 1);
	if (block > 1) {
		KUNIT_EXPECT_EQ(test, balloon_device_held(h->balloon, 0), 1ULL);
		KUNIT_EXPECT_EQ(test, h->calls - calls,
				calls_for(h, 9 * block) + 2);
	}
	unregister_host(h);
}

/* Single pages, too, come and go as whole runs where that is possible. */
static void pages_in_runs(struct kunit *test)
{
	static const struct host_kind kind = { "runs", BIT(0), 512 };
	struct host *h = new_host(test, &kind);

	/* What lay on the lists of the CPUs is single pages still. */
	settle_at(h, 2048);
	KUNIT_EXPECT_EQ(test, h->calls, 4u);
	KUNIT_EXPECT_LE(test, h->runs, 2048UL / 8);
	h->runs = 0;
	settle_at(h, 0);
	KUNIT_EXPECT_EQ(test, h->calls, 8u);
	KUNIT_EXPECT_LE(test, h->runs, 64UL);
	unregister_host(h);
}

/* No large blocks are to be had: pages do as well. */
static void no_large_blocks(struct kunit *test)
{
	struct host *h = new_host(test, &blocks_kind);
	struct balloon_test *t = test->priv;

	limit_memory(test, ULONG_MAX);
	t->max_order = LARGE - 1;
	settle_at(h, 100);
	KUNIT_EXPECT_EQ(test, balloon_device_held(h->balloon, 0), 100ULL);
	KUNIT_EXPECT_GT(test, counter(h, BALLOON_COUNT_ALLOC_FAIL_LARGE), 0ULL);
	KUNIT_EXPECT_LE(test, h->inflate_calls,
			calls_for(h, 100) + 100 / h->limits.batch + 1);
	unregister_host(h);
}

/* How long the class means to rest, and when it looks at the target again. */
static void poll_target(struct kunit *test)
{
	struct host *h = new_host(test, &pages_kind);
	struct balloon_limits limits = h->limits;

	KUNIT_EXPECT_EQ(test, run(h), msecs_to_jiffies(h->limits.poll_ms));
	KUNIT_EXPECT_EQ(test, h->targets, 1u);
	KUNIT_EXPECT_EQ(test, h->tunes, 1u);
	limits.poll_ms = 0;
	balloon_device_set_limits(h->balloon, &limits);
	KUNIT_EXPECT_EQ(test, run(h), MAX_JIFFY_OFFSET);
	KUNIT_EXPECT_EQ(test, h->targets, 2u);
	KUNIT_EXPECT_EQ(test, h->tunes, 2u);
	KUNIT_EXPECT_EQ(test, h->calls, 0u);
	unregister_host(h);
}

/* A batch that the device was not allocated for is not to be had later. */
static void change_limits(struct kunit *test)
{
	struct host *h = new_host(test, test->param_value);
	struct balloon_limits limits = h->limits;

	limits.batch = 1000000;
	limits.large_batch = 1000000;
	limits.orders |= BIT(3) | BIT(5);
	balloon_device_set_limits(h->balloon, &limits);
	/* The host goes on to check what it was allocated with. */
	if (h->limits.large_batch)
		h->limits.large_batch = h->limits.batch;
	settle_at(h, 40 * block_pages(h));

	h->limits.batch = 2;
	h->limits.large_batch = 2;
	balloon_device_set_limits(h->balloon, &h->limits);
	settle_at(h, 50 * block_pages(h) + 10);
	settle_at(h, 3);
	/* None at all is no limit to work with. */
	limits.batch = 0;
	limits.large_batch = 0;
	h->limits.batch = 1;
	h->limits.large_batch = 1;
	balloon_device_set_limits(h->balloon, &limits);
	settle_at(h, 20);
	unregister_host(h);
}

/*
 * A target that makes no sense.
 */

static void absurd_target(struct kunit *test)
{
	struct host *h = new_host(test, test->param_value);
	unsigned long delay;

	limit_memory(test, 3000);
	h->target_kind = TARGET_ABSURD;
	delay = run(h);
	KUNIT_EXPECT_LE(test, delay, 60UL * HZ);
	expect_state(h, BALLOON_WAITING, BALLOON_NO_MEMORY);
	expect_has(h, 3000);
	/* Shown in bytes, it must not look like little. */
	KUNIT_EXPECT_GT(test, balloon_device_target(h->balloon), 1ULL << 40);
	KUNIT_EXPECT_EQ(test, balloon_device_target(h->balloon) << PAGE_SHIFT >>
			PAGE_SHIFT, balloon_device_target(h->balloon));

	h->target_kind = TARGET_HONEST;
	settle_later(h, 5);
	unregister_host(h);
}

/* It says something else whenever it is asked. */
static void erratic_target(struct kunit *test)
{
	struct host *h = new_host(test, test->param_value);
	unsigned int i;

	h->target_kind = TARGET_ERRATIC;
	h->target = 1000;
	for (i = 0; i < 200; i++) {
		if (balloon_device_step(h->balloon, h->now) || i % 10)
			continue;
		__expect_host(h, __LINE__);
	}
	KUNIT_EXPECT_LT(test, h->nr_pages, 2000UL);
	h->target_kind = TARGET_HONEST;
	settle_later(h, 1000);
	unregister_host(h);
}

static void target_fails(struct kunit *test)
{
	struct host *h = new_host(test, &pages_kind);

	settle_at(h, 40);
	h->target = 80;
	h->target_kind = TARGET_FAILS;
	h->target_error = -EBUSY;
	KUNIT_EXPECT_GT(test, run(h), 0UL);
	expect_state(h, BALLOON_WAITING, BALLOON_HOST_BUSY);
	expect_has(h, 40);

	h->target_kind = TARGET_HONEST;
	settle_later(h, 80);

	h->target_kind = TARGET_FAILS;
	h->target_error = -EIO;
	KUNIT_EXPECT_EQ(test, run(h), MAX_JIFFY_OFFSET);
	expect_state(h, BALLOON_GONE, BALLOON_HOST_GONE);
	h->dead = true;
	KUNIT_EXPECT_EQ(test, run(h), MAX_JIFFY_OFFSET);
	expect_has(h, 80);
	unregister_host(h);
	KUNIT_EXPECT_EQ(test, h->stops, 1u);
	expect_has(h, 0);
}

/*
 * Back-off.
 */

/* What keeps a balloon from its target. */
struct stall {
	const char *name;
	void (*begin)(struct host *h);
	void (*end)(struct host *h);
	enum balloon_reason reason;
	/* It has too much, not too little. */
	bool deflate;
};

static void begin_refuse(struct host *h)
{
	h->refuse_every = 1;
}

static void end_refuse(struct host *h)
{
	h->refuse_every = 0;
}

static void begin_keep(struct host *h)
{
	h->keep_every = 1;
}

static void end_keep(struct host *h)
{
	h->keep_every = 0;
}

static void begin_busy(struct host *h)
{
	h->fault = (struct host_fault){ -EBUSY, 0, UINT_MAX };
}

static void end_busy(struct host *h)
{
	h->fault.error = 0;
}

/* What it has is what may be taken. */
static void begin_floor(struct host *h)
{
	unsigned long pages = totalram_pages();

	if (h->limits.flags & BALLOON_STAYS_MANAGED)
		pages -= h->nr_pages;
	balloon_device_set_floor(h->balloon, pages);
}

static void end_floor(struct host *h)
{
	balloon_device_set_floor(h->balloon, 0);
}

static void begin_no_memory(struct host *h)
{
	limit_memory(h->test, 0);
}

static void end_no_memory(struct host *h)
{
	limit_memory(h->test, ULONG_MAX);
}

static long stub_available(void)
{
	struct kunit *test = kunit_get_current_test();
	struct balloon_test *t = test->priv;
	long available = t->available;
	struct host *h;

	list_for_each_entry(h, &t->hosts, list)
		available -= h->nr_pages;
	return available;
}

static void begin_scarcity(struct host *h)
{
	kunit_activate_static_stub(h->test, balloon_available_pages,
				   stub_available);
}

static void end_scarcity(struct host *h)
{
	kunit_deactivate_static_stub(h->test, balloon_available_pages);
}

static bool stub_under_pressure(void)
{
	return true;
}

static void begin_pressure(struct host *h)
{
	kunit_activate_static_stub(h->test, balloon_under_pressure,
				   stub_under_pressure);
}

static void end_pressure(struct host *h)
{
	kunit_deactivate_static_stub(h->test, balloon_under_pressure);
}

static const struct stall stalls[] = {
	{ "refused", begin_refuse, end_refuse, BALLOON_HOST_REFUSED },
	{ "busy", begin_busy, end_busy, BALLOON_HOST_BUSY },
	{ "floor", begin_floor, end_floor, BALLOON_FLOOR },
	{ "no memory", begin_no_memory, end_no_memory, BALLOON_NO_MEMORY },
	{ "little memory", begin_scarcity, end_scarcity, BALLOON_PRESSURE },
	{ "pressure", begin_pressure, end_pressure, BALLOON_PRESSURE },
	{ "not given back", begin_keep, end_keep, BALLOON_HOST_REFUSED, true },
	{ "busy when giving back", begin_busy, end_busy, BALLOON_HOST_BUSY,
	  true },
};

KUNIT_ARRAY_PARAM_DESC(stall, stalls, name);

/* A target that cannot be met costs next to nothing. */
static void back_off(struct kunit *test)
{
	const struct stall *stall = test->param_value;
	struct host *h = new_host(test, &blocks_kind);
	unsigned long delay, first, last = 0;
	unsigned int rounds = 0;
	u64 end;

	no_poll(h);
	settle_at(h, 200);
	pass(h, HZ);
	stall->begin(h);
	run(h);
	pass(h, HZ);
	h->calls = 0;
	h->target = stall->deflate ? 100 : 300;
	first = run(h);
	expect_state(h, BALLOON_WAITING, stall->reason);
	KUNIT_EXPECT_LE(test, first, 2UL * HZ);
	end = h->now + 900 * HZ;
	for (delay = first; time_before64(h->now, end); delay = run(h)) {
		KUNIT_EXPECT_GE(test, delay, last);
		last = delay;
		pass(h, delay);
		rounds++;
	}
	expect_state(h, BALLOON_WAITING, stall->reason);
	KUNIT_EXPECT_GE(test, last, 4 * first);
	KUNIT_EXPECT_LE(test, last, 60UL * HZ);
	KUNIT_EXPECT_LE(test, rounds, 150u);
	/* A few calls each time, until enough were refused. */
	KUNIT_EXPECT_LE(test, h->calls, 16 * rounds + 16);
	expect_has(h, 200);

	/* Earlier than it said, it does nothing. */
	h->calls = 0;
	KUNIT_EXPECT_GT(test, run(h), 0UL);
	KUNIT_EXPECT_EQ(test, h->calls, 0u);

	/* Another target is another matter. */
	h->target += stall->deflate ? -10 : 10;
	KUNIT_EXPECT_LE(test, run(h), first);
	expect_state(h, BALLOON_WAITING, stall->reason);

	stall->end(h);
	settle_later(h, h->target);
	expect_has(h, h->target);
	unregister_host(h);
}

/* ... not even if it is never the same. */
static void back_off_erratic(struct kunit *test)
{
	const struct stall *stall = test->param_value;
	struct host *h;
	unsigned int i;

	if (stall->deflate)
		kunit_skip(test, "about taking pages only");
	h = new_host(test, &blocks_kind);
	h->target_kind = TARGET_ERRATIC;
	h->target = 1000;
	stall->begin(h);
	for (i = 0; i < 20; i++)
		pass(h, run(h));
	expect_has(h, 0);
	KUNIT_EXPECT_EQ(test, balloon_device_reason(h->balloon), stall->reason);
	stall->end(h);
	h->target_kind = TARGET_HONEST;
	settle_later(h, 1000);
	unregister_host(h);
}

/* What is waiting looks up when there is less to wish for. */
static void back_off_and_deflate(struct kunit *test)
{
	const struct stall *stall = test->param_value;
	struct host *h;

	if (stall->deflate || stall->reason == BALLOON_HOST_BUSY)
		kunit_skip(test, "nothing can be given back meanwhile");
	h = new_host(test, &blocks_kind);
	settle_at(h, 100);
	h->target = 1000;
	stall->begin(h);
	pass(h, run(h));
	run(h);
	expect_state(h, BALLOON_WAITING, stall->reason);
	settle_later(h, 36);
	stall->end(h);
	settle_later(h, 100);
	unregister_host(h);
}

/*
 * The floor.
 */

static void keep_floor(struct kunit *test)
{
	struct host *h = new_host(test, test->param_value);
	unsigned long has = totalram_pages();

	balloon_device_set_floor(h->balloon, has - 123);
	h->target = 1000;
	run(h);
	expect_state(h, BALLOON_WAITING, BALLOON_FLOOR);
	expect_has(h, 123);
	/* Another floor is reason to try at once. */
	balloon_device_set_floor(h->balloon, has - 124);
	pass(h, HZ);
	run(h);
	expect_has(h, 124);
	balloon_device_set_floor(h->balloon, has - 1000);
	settle_later(h, 1000);

	/* It is not only about what is taken: there may be too much already. */
	balloon_device_set_floor(h->balloon, has - 50);
	pass(h, HZ);
	run(h);
	expect_state(h, BALLOON_WAITING, BALLOON_FLOOR);
	expect_has(h, 50);
	balloon_device_set_floor(h->balloon, has - 1000);
	settle_later(h, 150);

	/* One set by hand counts as well, and at once: in bytes. */
	h->target = 1000;
	KUNIT_EXPECT_GT(test, write_attr(h, "floor", "%llu\n",
					 (u64)(has - 300) << PAGE_SHIFT), 0L);
	pass(h, HZ);
	run(h);
	expect_has(h, 300);
	expect_state(h, BALLOON_WAITING, BALLOON_FLOOR);
	expect_attr(h, "floor", "%llu\n", (u64)(has - 300) << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, write_attr(h, "floor", "%s", "some\n"), -EINVAL);
	/* Rounding up does not make it nothing. */
	KUNIT_EXPECT_GT(test, write_attr(h, "floor", "%llu\n", U64_MAX), 0L);
	pass(h, HZ);
	run(h);
	expect_has(h, 0);
	expect_state(h, BALLOON_WAITING, BALLOON_FLOOR);
	expect_attr(h, "floor", "%llu\n", U64_MAX - (PAGE_SIZE - 1));
	KUNIT_EXPECT_GT(test, write_attr(h, "floor", "%s", "0\n"), 0L);
	settle_later(h, 1000);
	unregister_host(h);
}

/* However much the host wants: programs go first, and in time. */
static void keep_reserve(struct kunit *test)
{
	struct host *h = new_host(test, test->param_value);
	unsigned long reserve = SZ_16M / PAGE_SIZE, nr;
	struct balloon_test *t = test->priv;

	begin_scarcity(h);
	h->target_kind = TARGET_ABSURD;
	t->available = reserve + totalram_pages() / 100;
	run(h);
	expect_state(h, BALLOON_WAITING, BALLOON_PRESSURE);
	KUNIT_EXPECT_GT(test, h->nr_pages, 100UL);
	KUNIT_EXPECT_GE(test, t->available - (long)h->nr_pages, (long)reserve);
	expect_accounting(test);
	/* A little more is not worth the trouble. */
	nr = h->nr_pages;
	t->available += 10;
	pass(h, 30 * HZ);
	run(h);
	expect_has(h, nr);
	t->available += SZ_4M / PAGE_SIZE;
	pass(h, 30 * HZ);
	run(h);
	/* What it keeps free depends on what the guest has: a little. */
	KUNIT_EXPECT_GE(test, h->nr_pages, nr + 10 + SZ_4M / PAGE_SIZE);
	KUNIT_EXPECT_LE(test, h->nr_pages, nr + 40 + SZ_4M / PAGE_SIZE);
	expect_accounting(test);
	/* All is used up: there is less than nothing. */
	t->available = 0;
	pass(h, 30 * HZ);
	h->calls = 0;
	run(h);
	expect_state(h, BALLOON_WAITING, BALLOON_PRESSURE);
	KUNIT_EXPECT_EQ(test, h->calls, 0u);
	h->target_kind = TARGET_HONEST;
	settle_later(h, 20);
	end_scarcity(h);
	settle_later(h, 200);
	unregister_host(h);
}

/*
 * Refusal.
 */

struct refusal {
	const char *name;
	unsigned int every;
	unsigned long orders;
};

static const struct refusal refusals[] = {
	{ "every tenth", 10 },
	{ "every third", 3 },
	{ "every other", 2 },
	{ "all blocks", .orders = BIT(LARGE) },
	{ "all blocks and every fifth", 5, BIT(LARGE) },
};

KUNIT_ARRAY_PARAM_DESC(refusal, refusals, name);

/* It gets others instead, and the guest its own. */
static void refuse_some(struct kunit *test)
{
	static const struct host_kind kinds[] = {
		PAGES_KIND, BLOCKS_KIND,
		{ "large batches", BIT(0) | BIT(LARGE), 256, 64 },
	};
	const struct refusal *refusal = test->param_value;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct host *h = new_host(test, &kinds[i]);
		u64 start = h->now;

		h->refuse_every = refusal->every;
		h->refuse_orders = refusal->orders;
		settle_later(h, 2000);
		KUNIT_EXPECT_LE_MSG(test, h->now - start, 60UL * HZ, "%s",
				    kinds[i].name);
		KUNIT_EXPECT_EQ(test, counter(h, BALLOON_COUNT_REFUSED) +
				counter(h, BALLOON_COUNT_REFUSED_SMALL),
				h->refused);
		if (large_order(h) || !refusal->orders)
			KUNIT_EXPECT_GT(test, h->refused, 0ULL);
		expect_attr(h, "refused", "%llu\n", h->refused << PAGE_SHIFT);
		KUNIT_EXPECT_EQ(test, counter(h, BALLOON_COUNT_INFLATED),
				2000ULL);
		if (refusal->orders)
			KUNIT_EXPECT_EQ(test,
					balloon_device_held(h->balloon, LARGE),
					0ULL);
		unregister_host(h);
		expect_has(h, 0);
	}
}

/* What it does not give back stays where it is, and it is asked again. */
static void keep_some(struct kunit *test)
{
	struct host *h = new_host(test, test->param_value);

	settle_at(h, 500);
	h->keep_every = 3;
	settle_later(h, 100);
	KUNIT_EXPECT_EQ(test, counter(h, BALLOON_COUNT_DEFLATED),
			counter(h, BALLOON_COUNT_INFLATED) - 100);
	settle_later(h, 0);
	settle_later(h, 300);
	unregister_host(h);
	expect_has(h, 0);
}

/* Always the same: it is asked for the others. */
static void keep_the_same(struct kunit *test)
{
	struct host *h = new_host(test, test->param_value);
	unsigned long delay, last = 0, nr;
	unsigned int i;

	no_poll(h);
	settle_at(h, 40 * block_pages(h) + 20);
	pass(h, HZ);
	h->keep_below = ALIGN(nth_pfn(h, 20 * block_pages(h)), block_pages(h));
	nr = pages_between(h, 0, h->keep_below);
	KUNIT_EXPECT_GT(test, nr, h->limits.batch + 0UL);
	h->target = 0;
	for (i = 0; i < 20; i++) {
		delay = run(h);
		KUNIT_EXPECT_GE(test, delay, last);
		last = delay;
		pass(h, delay);
	}
	expect_state(h, BALLOON_WAITING, BALLOON_HOST_REFUSED);
	expect_has(h, nr);
	KUNIT_EXPECT_LE(test, h->calls, 400u);
	h->keep_below = 0;
	settle_later(h, 0);

	settle_later(h, 40 * block_pages(h) + 20);
	h->keep_below = ALIGN(nth_pfn(h, 20 * block_pages(h)), block_pages(h));
	nr = pages_between(h, 0, h->keep_below);
	KUNIT_EXPECT_EQ(test, balloon_device_return_all(h->balloon, false),
			-EBUSY);
	expect_has(h, nr);
	h->keep_below = 0;
	unregister_host(h);
}

static const struct host_kind long_batches[] = {
	{ "pages", BIT(0), 64 },
	{ "blocks", BIT(0) | BIT(LARGE), 64, 64 },
};

KUNIT_ARRAY_PARAM_DESC(long_batches, long_batches, name);

/* It gives all but those, and is asked for that in so many calls at most. */
static void deflate_to(struct host *h, unsigned long kept, unsigned int calls)
{
	h->calls = 0;
	h->target = 0;
	KUNIT_EXPECT_GT(h->test, run(h), 0UL);
	expect_state(h, BALLOON_WAITING, BALLOON_HOST_REFUSED);
	expect_has(h, kept);
	KUNIT_EXPECT_LE(h->test, h->calls, calls);
}

/* More than a batch, always the same: whoever asks gets the others. */
static void keep_the_first(struct kunit *test)
{
	struct host *h = alloc_host(test, test->param_value);
	unsigned long block = block_pages(h), nr = 3 * 64 * block, kept, freed;

	h->limits.flags |= BALLOON_DEFLATE_ON_OOM | BALLOON_SHRINK;
	h->limits.oom_pages = 16;
	h->limits.poll_ms = 0;
	start_host(h);
	settle_at(h, nr);
	h->keep_below = ALIGN(nth_pfn(h, (64 + 40) * block), block);
	kept = pages_between(h, 0, h->keep_below);

	freed = balloon_device_oom(h->balloon);
	KUNIT_EXPECT_EQ(test, freed, 16UL);
	freed += balloon_device_shrink(h->balloon, 16);
	KUNIT_EXPECT_EQ(test, freed, 32UL);
	expect_has(h, nr - freed);

	deflate_to(h, kept, 8);
	h->keep_below = 0;
	settle_later(h, 0);

	settle_later(h, nr);
	h->keep_below = ALIGN(nth_pfn(h, (64 + 40) * block), block);
	kept = pages_between(h, 0, h->keep_below);
	KUNIT_EXPECT_EQ(test, balloon_device_return_all(h->balloon, true),
			-EBUSY);
	expect_has(h, kept);
	/* Not for good: it can be asked again. */
	h->keep_below = 0;
	KUNIT_EXPECT_EQ(test, balloon_device_return_all(h->balloon, true), 0);
	expect_has(h, 0);
	unregister_host(h);
}

static const struct host_kind longest_batch = {
	"longest batch", BIT(0), 1500,
};

/* More of a batch than there is room for at first: only those are asked twice. */
static void keep_many(struct kunit *test)
{
	struct host *h = alloc_host(test, &longest_batch);
	unsigned long nr = 2 * longest_batch.batch, kept;

	h->limits.flags |= BALLOON_SHRINK;
	h->limits.poll_ms = 0;
	start_host(h);
	settle_at(h, nr);
	h->keep_below = nth_pfn(h, 1300);
	kept = pages_between(h, 0, h->keep_below);

	deflate_to(h, kept, 3);

	/* In need, as many are given as before, in shorter batches. */
	h->keep_below = 0;
	h->largest[0] = 0;
	KUNIT_EXPECT_EQ(test, balloon_device_shrink(h->balloon, kept), kept);
	KUNIT_EXPECT_LE(test, h->largest[0], 1024u);
	expect_has(h, 0);
	unregister_host(h);
}

/*
 * Errors.
 */

static const unsigned int error_points[] = { 0, 1, 2, 5 };

static void point_desc(const unsigned int *point, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "after %u calls", *point);
}

KUNIT_ARRAY_PARAM(error_point, error_points, point_desc);

/* For a while. */
static void host_busy(struct kunit *test)
{
	const unsigned int *point = test->param_value;
	struct host *h = new_host(test, &blocks_kind);
	unsigned int calls;

	h->target = 500;
	h->fault = (struct host_fault){ -EBUSY, *point, 3 };
	KUNIT_EXPECT_GT(test, run(h), 0UL);
	expect_state(h, BALLOON_WAITING, BALLOON_HOST_BUSY);
	KUNIT_EXPECT_EQ(test, h->calls, *point + 1);
	KUNIT_EXPECT_LT(test, h->nr_pages, 500UL);
	expect_accounting(test);
	settle_later(h, 500);

	calls = h->calls;
	h->target = 10;
	h->fault = (struct host_fault){ -EBUSY, *point, 2 };
	KUNIT_EXPECT_GT(test, run(h), 0UL);
	expect_state(h, BALLOON_WAITING, BALLOON_HOST_BUSY);
	KUNIT_EXPECT_EQ(test, h->calls, calls + *point + 1);
	KUNIT_EXPECT_GT(test, h->nr_pages, 10UL);
	expect_accounting(test);
	settle_later(h, 10);

	h->fault = (struct host_fault){ -EBUSY, 0, 2 };
	unregister_host(h);
	expect_has(h, 0);
}

/* The host forgot everything: no page of it is asked for. */
static void host_resets(struct kunit *test)
{
	const unsigned int *point = test->param_value;
	struct host *h = new_host(test, &blocks_kind);

	h->target = 500;
	h->fault = (struct host_fault){ -ECONNRESET, *point, 1 };
	settle_later(h, 500);
	KUNIT_EXPECT_EQ(test, h->resets, 2u);
	KUNIT_EXPECT_EQ(test, h->reset_reason, BALLOON_HOST_RESET);
	KUNIT_EXPECT_EQ(test, h->deflate_calls, 0u);
	KUNIT_EXPECT_EQ(test, counter(h, BALLOON_COUNT_RESETS), 1ULL);

	/* When it is asked for pages: they are there without that. */
	pass(h, HZ);
	h->target = 10;
	h->fault = (struct host_fault){ -ECONNRESET, *point, 1 };
	settle_later(h, 10);
	KUNIT_EXPECT_EQ(test, h->resets, 3u);
	KUNIT_EXPECT_EQ(test, h->deflate_calls, *point + 1);

	/* When it is asked for the target. */
	pass(h, HZ);
	h->target_kind = TARGET_FAILS;
	h->target_error = -ECONNRESET;
	host_forget(h);
	h->forgot = true;
	KUNIT_EXPECT_EQ(test, balloon_device_step(h->balloon, h->now), 0UL);
	h->target_kind = TARGET_HONEST;
	settle_later(h, 30);
	KUNIT_EXPECT_EQ(test, h->resets, 4u);

	/* At the very end. */
	h->fault = (struct host_fault){ -ECONNRESET, 0, 1 };
	unregister_host(h);
	expect_has(h, 0);
}

/* It does it time and again: that must not keep the guest busy. */
static void host_resets_often(struct kunit *test)
{
	struct host *h = new_host(test, &blocks_kind);
	u64 start = h->now;
	unsigned int i;

	h->target = 200;
	h->fault = (struct host_fault){ -ECONNRESET, 0, UINT_MAX };
	for (i = 0; i < 20; i++)
		pass(h, run(h));
	KUNIT_EXPECT_LE(test, h->resets, 2 + (unsigned long)(h->now - start) / (HZ / 2));
	KUNIT_EXPECT_LE(test, h->calls, 2 * h->resets);
	expect_has(h, 0);
	h->fault.error = 0;
	settle_later(h, 200);
	unregister_host(h);
}

static void drop_blocks(struct host *h)
{
	h->limits.orders = BIT(0);
	h->limits.batch = 5;
	balloon_device_set_limits(h->balloon, &h->limits);
}

static void offer_blocks(struct host *h)
{
	h->limits.orders = BIT(0) | BIT(LARGE);
	h->limits.batch = 16;
	balloon_device_set_limits(h->balloon, &h->limits);
}

/* Each time the protocol starts it may be another one. */
static void reset_with_other_limits(struct kunit *test)
{
	struct host *h = new_host(test, &blocks_kind);

	settle_at(h, 200);
	KUNIT_EXPECT_GT(test, balloon_device_held(h->balloon, LARGE), 0ULL);
	h->on_reset = drop_blocks;
	h->target = 210;
	h->fault = (struct host_fault){ -ECONNRESET, 0, 1 };
	settle_later(h, 210);
	KUNIT_EXPECT_EQ(test, h->resets, 2u);
	KUNIT_EXPECT_EQ(test, balloon_device_held(h->balloon, 0), 210ULL);

	pass(h, HZ);
	h->on_reset = offer_blocks;
	h->target = 220;
	h->fault = (struct host_fault){ -ECONNRESET, 0, 1 };
	settle_later(h, 220);
	KUNIT_EXPECT_EQ(test, balloon_device_held(h->balloon, LARGE),
			round_down(220ULL, 1 << LARGE));
	unregister_host(h);
}

static void reset_fails(struct kunit *test)
{
	struct host *h = new_host(test, &blocks_kind);

	/* Not yet: it is asked again, and not too often. */
	settle_at(h, 50);
	h->target = 60;
	h->fault = (struct host_fault){ -ECONNRESET, 0, 1 };
	h->reset_error = -EBUSY;
	h->reset_fails = 2;
	KUNIT_EXPECT_GT(test, run(h), 0UL);
	expect_state(h, BALLOON_WAITING, BALLOON_HOST_BUSY);
	KUNIT_EXPECT_EQ(test, h->resets, 2u);
	expect_has(h, 0);
	settle_later(h, 60);
	KUNIT_EXPECT_EQ(test, h->resets, 4u);

	/* Never again. */
	pass(h, HZ);
	h->target = 70;
	h->fault = (struct host_fault){ -ECONNRESET, 0, 1 };
	h->reset_error = -EIO;
	h->reset_fails = 1;
	KUNIT_EXPECT_EQ(test, run(h), MAX_JIFFY_OFFSET);
	expect_state(h, BALLOON_GONE, BALLOON_HOST_GONE);
	expect_has(h, 0);
	unregister_host(h);
	/* It had nothing: there is nothing to stop. */
	KUNIT_EXPECT_EQ(test, h->stops, 0u);
}

/* The wait was killed: nobody knows until the next answer. */
static void wait_killed(struct kunit *test)
{
	struct host *h = new_host(test, test->param_value);

	settle_at(h, 50);
	h->target = 200;
	h->fault = (struct host_fault){ -EINTR, 0, 1 };
	balloon_device_step(h->balloon, h->now);
	KUNIT_EXPECT_GT(test, h->pending.nr, 0u);
	KUNIT_EXPECT_GT(test, h->nr_pages, 50UL);
	expect_attr(h, "quarantined", "%lu\n",
		    (unsigned long)h->pending.nr <<
		    (h->pending.order + PAGE_SHIFT));
	expect_accounting(test);
	settle_later(h, 200);
	expect_attr(h, "quarantined", "0\n");

	/* They stay in the balloon although the host gave them. */
	h->target = 20;
	h->fault = (struct host_fault){ -EINTR, 0, 1 };
	balloon_device_step(h->balloon, h->now);
	KUNIT_EXPECT_GT(test, h->pending.nr, 0u);
	expect_attr(h, "quarantined", "%lu\n",
		    (unsigned long)h->pending.nr <<
		    (h->pending.order + PAGE_SHIFT));
	expect_has(h, 200);
	settle_later(h, 20);
	expect_attr(h, "quarantined", "0\n");

	/* Not for ever. */
	h->target = 0;
	h->fault = (struct host_fault){ -EINTR, 0, UINT_MAX };
	KUNIT_EXPECT_GT(test, run(h), 0UL);
	expect_has(h, 20);
	h->fault.error = 0;
	settle_later(h, 0);
	unregister_host(h);
}

/*
 * A host that does not answer, but is not known to be gone.
 */

/* Something that another thread does meanwhile. */
struct helper {
	struct host *host;
	void (*fn)(struct host *h);
	struct task_struct *task;
	struct completion done;
};

static int helper_thread(void *arg)
{
	struct helper *helper = arg;

	helper->fn(helper->host);
	complete(&helper->done);
	return 0;
}

/* Returns when *begun is true. */
static void help(struct helper *helper, struct host *h,
		 void (*fn)(struct host *h), const bool *begun)
{
	unsigned int i;

	helper->host = h;
	helper->fn = fn;
	init_completion(&helper->done);
	helper->task = kthread_create(helper_thread, helper, "balloon-helper");
	KUNIT_ASSERT_FALSE(h->test, IS_ERR(helper->task));
	get_task_struct(helper->task);
	wake_up_process(helper->task);
	for (i = 0; i < 10000 && !READ_ONCE(*begun); i++)
		fsleep(1000);
	KUNIT_EXPECT_TRUE(h->test, READ_ONCE(*begun));
}

static void help_ends(struct helper *helper)
{
	wait_for_completion(&helper->done);
	put_task_struct(helper->task);
}

/* Not like a task that hangs: those are reported after a while. */
static bool waits_killably(const struct helper *helper)
{
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		if (READ_ONCE(helper->task->__state) & TASK_WAKEKILL)
			return true;
		fsleep(1000);
	}
	return false;
}

static void one_step(struct host *h)
{
	balloon_device_step(h->balloon, h->now);
}

static void expect_pending(struct host *h)
{
	KUNIT_EXPECT_GT(h->test, h->pending.nr, 0u);
	expect_attr(h, "quarantined", "%lu\n",
		    (unsigned long)h->pending.nr <<
		    (h->pending.order + PAGE_SHIFT));
	expect_accounting(h->test);
}

static struct host *needed_host(struct kunit *test,
				const struct host_kind *kind, u64 target)
{
	struct host *h = alloc_host(test, kind);

	h->limits.flags |= BALLOON_DEFLATE_ON_OOM | BALLOON_SHRINK;
	start_host(h);
	settle_at(h, target);
	return h;
}

/* It is asked for memory in vain, but not for ever, nor for more and more. */
static void silent_in_need(struct kunit *test)
{
	struct host *h = needed_host(test, test->param_value, 100);
	unsigned int i;

	h->silent = true;
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, balloon_device_oom(h->balloon), 0UL);
		KUNIT_EXPECT_EQ(test, balloon_device_shrink(h->balloon, 10),
				SHRINK_STOP);
		KUNIT_EXPECT_EQ(test, h->calls, calls_for(h, 100) + 1);
		expect_pending(h);
		expect_has(h, 100);
	}
	h->silent = false;
	h->now = get_jiffies_64();
	settle_later(h, 70);
	expect_attr(h, "quarantined", "0\n");
	unregister_host(h);
}

/* Nor does the worker's wait keep those in need. */
static void silent_to_worker(struct kunit *test)
{
	const u64 targets[] = { 150, 30 };
	unsigned int i, moved;

	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		struct host *h = needed_host(test, test->param_value, 100);
		struct helper helper;

		h->target = targets[i];
		h->silent = true;
		help(&helper, h, one_step, &h->waited_for);
		/* Those that do not wait at all. */
		KUNIT_EXPECT_EQ(test, balloon_device_shrink(h->balloon, 10),
				SHRINK_STOP);
		if (IS_ENABLED(CONFIG_BALLOON_MIGRATION)) {
			migrate_mode(h, 0, MIGRATE_ASYNC, &moved);
			KUNIT_EXPECT_EQ(test, moved, 0u);
			migrate_mode(h, 0, MIGRATE_SYNC_LIGHT, &moved);
			KUNIT_EXPECT_EQ(test, moved, 0u);
		}
		KUNIT_EXPECT_EQ(test, h->pending.nr, 0u);
		KUNIT_EXPECT_EQ(test, balloon_device_oom(h->balloon), 0UL);
		help_ends(&helper);
		expect_pending(h);
		h->silent = false;
		h->now = get_jiffies_64();
		settle_later(h, targets[i]);
		unregister_host(h);
	}
}

/* Whatever a transport does, who is in need waits for two seconds. */
static void deaf_to_need(struct kunit *test)
{
	struct host *h = needed_host(test, &pages_kind, 100);
	struct helper helper;
	unsigned long start;

	h->target = 150;
	h->deaf = true;
	h->silent = true;
	help(&helper, h, one_step, &h->waited_for);
	start = jiffies;
	KUNIT_EXPECT_EQ(test, balloon_device_oom(h->balloon), 0UL);
	KUNIT_EXPECT_TRUE(test, time_before(jiffies, start + 4 * HZ));
	h->silent = false;
	help_ends(&helper);
	h->now = get_jiffies_64();
	settle_later(h, 150);
	unregister_host(h);
}

/* Compaction goes elsewhere, and does not add page upon page to the doubt. */
static void silent_to_compaction(struct kunit *test)
{
	struct host *h;
	unsigned int i, moved;
	unsigned long nr = 0;

	need_migration(test);
	h = needed_host(test, test->param_value, 64);
	h->silent = true;
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_GT(test, migrate_mode(h, large_order(h), i & 1 ?
						   MIGRATE_SYNC_LIGHT :
						   MIGRATE_ASYNC, &moved), 0);
		KUNIT_EXPECT_EQ(test, moved, 0u);
		expect_pending(h);
		nr = nr ?: h->nr_pages;
		KUNIT_EXPECT_EQ(test, h->nr_pages, nr);
	}
	h->silent = false;
	settle_later(h, 64);
	unregister_host(h);
}

/* Nor is the end of the device held up, or a suspend. */
static void silent_at_end(struct kunit *test)
{
	const u64 targets[] = { 150, 30, 100 };
	unsigned int i;

	for (i = 0; i < 2 * ARRAY_SIZE(targets); i++) {
		struct host *h = new_host(test, test->param_value);
		struct helper helper;

		settle_at(h, 100);
		h->target = targets[i / 2];
		h->silent = true;
		if (h->target != 100)
			help(&helper, h, one_step, &h->waited_for);
		if (i & 1) {
			KUNIT_EXPECT_EQ(test, balloon_device_suspend(h->balloon),
					0);
		} else {
			unregister_host(h);
		}
		if (h->target != 100)
			help_ends(&helper);
		/* It forgot all of them. */
		KUNIT_EXPECT_EQ(test, h->stops, 1u);
		expect_has(h, 0);
		if (!(i & 1))
			continue;
		h->silent = false;
		KUNIT_EXPECT_EQ(test, balloon_device_resume(h->balloon), 0);
		settle_later(h, 80);
		unregister_host(h);
	}
}

/* How it ends. */
struct death {
	const char *name;
	u64 target;
	int error;
	bool done;
	bool no_stop;
	int stop_error;
};

static const struct death deaths[] = {
	{ "inflation, undone, stops", 200, -EIO },
	{ "inflation, done, stops", 200, -ENODEV, true },
	{ "deflation, undone, stops", 10, -EIO },
	{ "deflation, done, stops", 10, -ETIMEDOUT, true },
	{ "inflation, does not stop", 100, -EIO, true, .stop_error = -EIO },
	{ "deflation, does not stop", 10, -EIO, true, .stop_error = -EIO },
	{ "inflation, cannot stop", 100, -EIO, true, true },
	{ "deflation, cannot stop", 10, -EIO, true, true },
};

KUNIT_ARRAY_PARAM_DESC(death, deaths, name);

/* It ends, and what it may have stays offline until it is certain. */
static void expect_end(struct host *h)
{
	unsigned long left = h->nr_pages;

	unregister_host(h);
	KUNIT_EXPECT_EQ(h->test, h->stops, h->ops.stop ? 1u : 0u);
	if (h->ops.stop && !h->stop_error) {
		expect_has(h, 0);
		return;
	}
	KUNIT_EXPECT_EQ(h->test, h->nr_pages, left);
	lose_all(h);
	expect_has(h, 0);
}

static void let_host_die(struct kunit *test, const struct death *death,
			 const struct host_kind *kind)
{
	struct host *h = alloc_host(test, kind);
	unsigned int calls, moved;
	unsigned long nr;

	h->limits.flags |= BALLOON_DEFLATE_ON_OOM | BALLOON_SHRINK;
	if (death->no_stop)
		h->ops.stop = NULL;
	start_host(h);
	settle_at(h, 60);
	h->target = death->target;
	h->fault = (struct host_fault){ death->error, 1, 1, death->done };
	KUNIT_EXPECT_EQ(test, run(h), MAX_JIFFY_OFFSET);
	expect_state(h, BALLOON_GONE, BALLOON_HOST_GONE);
	calls = h->calls;
	nr = h->nr_pages;
	KUNIT_EXPECT_GT(test, in_doubt(h), 0UL);
	expect_attr(h, "quarantined", "%lu\n", in_doubt(h) << PAGE_SHIFT);
	expect_accounting(test);

	/* Nobody talks to it any more, whatever happens. */
	balloon_device_kick(h->balloon);
	h->target = 0;
	KUNIT_EXPECT_EQ(test, run(h), MAX_JIFFY_OFFSET);
	balloon_device_oom(h->balloon);
	balloon_device_shrink(h->balloon, 10);
	balloon_device_return_all(h->balloon, false);
	if (IS_ENABLED(CONFIG_BALLOON_MIGRATION)) {
		migrate_some(h, 0, &moved);
		KUNIT_EXPECT_EQ(test, moved, 0u);
		migrate_some(h, LARGE, &moved);
		KUNIT_EXPECT_EQ(test, moved, 0u);
	}
	expect_state(h, BALLOON_GONE, BALLOON_HOST_GONE);
	KUNIT_EXPECT_EQ(test, h->calls, calls);
	KUNIT_EXPECT_EQ(test, h->resets, 1u);
	expect_has(h, nr);

	h->stop_error = death->stop_error;
	expect_end(h);
	KUNIT_EXPECT_EQ(test, h->calls, calls);
}

static void host_dies(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(few_kinds); i++)
		let_host_die(test, test->param_value, &few_kinds[i]);
}

/* The transport says that it is gone, and so does the log, once. */
static void host_removed(struct kunit *test)
{
	struct host *h = new_host(test, test->param_value);
	struct heard *heard = begin_hearing(test);
	unsigned int targets;

	settle_at(h, 70);
	h->target = 100;
	targets = h->targets;
	balloon_device_gone(h->balloon);
	h->dead = true;
	KUNIT_EXPECT_EQ(test, run(h), MAX_JIFFY_OFFSET);
	expect_state(h, BALLOON_GONE, BALLOON_HOST_GONE);
	KUNIT_EXPECT_EQ(test, h->targets, targets);
	expect_has(h, 70);
	balloon_device_gone(h->balloon);
	balloon_device_kick(h->balloon);
	KUNIT_EXPECT_EQ(test, run(h), MAX_JIFFY_OFFSET);
	KUNIT_EXPECT_EQ(test, atomic_read(&heard->gone), !heard->deaf);
	KUNIT_EXPECT_EQ(test, balloon_device_suspend(h->balloon), 0);
	KUNIT_EXPECT_EQ(test, h->stops, 1u);
	expect_has(h, 0);

	/* It comes back as another one. */
	KUNIT_EXPECT_EQ(test, balloon_device_resume(h->balloon), 0);
	KUNIT_EXPECT_EQ(test, h->resets, 2u);
	settle_later(h, 100);
	KUNIT_EXPECT_EQ(test, atomic_read(&heard->gone), !heard->deaf);
	unregister_host(h);
	KUNIT_EXPECT_EQ(test, h->stops, 1u);
}

/* It does not give anything back at the end. */
static void unregister_refused(struct kunit *test)
{
	struct host *h = new_host(test, &blocks_kind);

	settle_at(h, 70);
	h->keep_every = 1;
	unregister_host(h);
	KUNIT_EXPECT_EQ(test, h->stops, 1u);
	expect_has(h, 0);
}

/*
 * Migration: the host takes other pages, and gives those.
 */

struct migration {
	const char *name;
	void (*begin)(struct host *h);
	/* What becomes of the pages: they move, leave, or stay. */
	bool moves;
	bool leaves;
	/* The new ones are in the balloon, or may be. */
	bool adds;
	bool doubt;
	unsigned int calls;
};

static void begin_well(struct host *h)
{
}

static void begin_keep_old(struct host *h)
{
	h->keep_calls = 1;
}

static void begin_busy_later(struct host *h)
{
	h->fault = (struct host_fault){ -EBUSY, 1, 1 };
}

static void begin_kill(struct host *h)
{
	h->fault = (struct host_fault){ -EINTR, 0, 1 };
}

static void begin_kill_later(struct host *h)
{
	h->fault = (struct host_fault){ -EINTR, 1, 1 };
}

static const struct migration migrations[] = {
	{ "well", begin_well, .moves = true, .calls = 2 },
	{ "no new ones", begin_refuse, .leaves = true, .calls = 2 },
	{ "no old ones", begin_keep_old, .calls = 3 },
	{ "none at all", begin_keep, .adds = true, .calls = 3 },
	{ "busy", begin_busy, .calls = 1 },
	{ "busy later", begin_busy_later, .adds = true, .calls = 2 },
	{ "killed", begin_kill, .adds = true, .doubt = true, .calls = 1 },
	{ "killed later", begin_kill_later, .adds = true, .doubt = true,
	  .calls = 2 },
};

KUNIT_ARRAY_PARAM_DESC(migration, migrations, name);

/* As many units as the host takes at once, and compaction, too. */
static void migrate_batch(struct kunit *test, const struct migration *m,
			  const struct host_kind *kind)
{
	struct host *h = new_host(test, kind);
	unsigned int order = large_order(h), moved, nr, units;
	unsigned long block = block_pages(h);
	unsigned int kept;

	units = min(host_max_batch(h, order), OFFLINE_PAGE_BATCH);
	nr = units * block;
	settle_at(h, nr);
	h->calls = 0;
	m->begin(h);
	kept = migrate_some(h, order, &moved);

	KUNIT_EXPECT_EQ(test, moved, m->moves || m->leaves ? nr : 0);
	KUNIT_EXPECT_EQ(test, kept, m->moves || m->leaves ? 0 : nr);
	KUNIT_EXPECT_EQ(test, h->calls, m->calls);
	KUNIT_EXPECT_EQ(test, counter(h, BALLOON_COUNT_MIGRATED),
			m->moves ? nr : 0ULL);
	KUNIT_EXPECT_EQ(test, in_doubt(h), m->doubt ? nr : 0UL);
	if (m->leaves)
		expect_has(h, 0);
	else
		expect_has(h, m->adds ? 2 * nr : nr);

	h->fault.error = 0;
	h->refuse_every = 0;
	h->keep_every = 0;
	settle_later(h, nr);
	unregister_host(h);
	expect_has(h, 0);
}

static void migrate_pages_of_host(struct kunit *test)
{
	unsigned int i;

	need_migration(test);
	for (i = 0; i < ARRAY_SIZE(few_kinds); i++)
		migrate_batch(test, test->param_value, &few_kinds[i]);
}

/* The host need not take as many at once as compaction brings. */
static void migrate_in_batches(struct kunit *test)
{
	unsigned int i, moved, sum = 0;
	unsigned long nr;
	struct host *h;

	need_migration(test);
	h = new_host(test, test->param_value);
	nr = 40 * block_pages(h);
	settle_at(h, nr);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, migrate_some(h, large_order(h), &moved),
				0);
		expect_has(h, nr);
		sum += moved;
	}
	KUNIT_EXPECT_EQ(test, sum, 2 * OFFLINE_PAGE_BATCH * block_pages(h));
	KUNIT_EXPECT_EQ(test, counter(h, BALLOON_COUNT_MIGRATED), sum);

	/* Some of each: nothing gets lost. */
	h->refuse_every = 3;
	h->keep_every = 4;
	for (i = 0; i < 3; i++) {
		migrate_some(h, large_order(h), &moved);
		expect_accounting(test);
	}
	h->refuse_every = 0;
	h->keep_every = 0;
	settle_later(h, nr);
	settle_later(h, 0);
	unregister_host(h);
}

/*
 * A host that takes pages and gives none gets those of one attempt, not of each.
 * As long as there are too many, pages leave that would have moved.
 */
static void migrate_to_miser(struct kunit *test)
{
	unsigned int i, moved, batch;
	unsigned long nr, most;
	struct host *h;

	need_migration(test);
	h = new_host(test, test->param_value);
	batch = OFFLINE_PAGE_BATCH * block_pages(h);
	nr = 2 * batch;
	settle_at(h, nr);
	h->keep_every = 1;
	for (i = 0, most = 0; i < 5; i++) {
		migrate_some(h, large_order(h), &moved);
		KUNIT_EXPECT_EQ(test, moved, 0u);
		if (!most)
			most = h->nr_pages;
		KUNIT_EXPECT_EQ(test, h->nr_pages, most);
		expect_accounting(test);
	}
	KUNIT_EXPECT_GT(test, most, nr);
	KUNIT_EXPECT_LE(test, most, nr + batch);

	h->keep_every = 0;
	KUNIT_EXPECT_EQ(test, migrate_some(h, large_order(h), &moved), 0);
	KUNIT_EXPECT_EQ(test, moved, batch);
	expect_has(h, nr);
	KUNIT_EXPECT_EQ(test, counter(h, BALLOON_COUNT_MIGRATED),
			batch - (most - nr));
	settle_later(h, nr);
	settle_later(h, 0);
	unregister_host(h);
}

static void migrate_and_die(struct kunit *test)
{
	unsigned int i, moved;

	need_migration(test);
	for (i = 0; i < 4; i++) {
		struct host *h = new_host(test, &few_kinds[i & 1]);

		settle_at(h, 64);
		h->fault = (struct host_fault){ -EIO, i / 2, 1, i & 1 };
		KUNIT_EXPECT_GT(test, migrate_some(h, large_order(h), &moved),
				0);
		KUNIT_EXPECT_EQ(test, moved, 0u);
		KUNIT_EXPECT_GT(test, h->nr_pages, 64UL);
		expect_accounting(test);
		KUNIT_EXPECT_EQ(test, run(h), MAX_JIFFY_OFFSET);
		expect_state(h, BALLOON_GONE, BALLOON_HOST_GONE);
		h->stop_error = i < 2 ? -EIO : 0;
		expect_end(h);
	}
}

static void migrate_and_reset(struct kunit *test)
{
	unsigned int i, moved, calls;

	need_migration(test);
	for (i = 0; i < 4; i++) {
		struct host *h = alloc_host(test, &few_kinds[i & 1]);

		h->limits.flags |= BALLOON_DEFLATE_ON_OOM;
		start_host(h);
		settle_at(h, 64);
		h->fault = (struct host_fault){ -ECONNRESET, i / 2, 1 };
		migrate_some(h, large_order(h), &moved);
		KUNIT_EXPECT_EQ(test, moved, 0u);
		KUNIT_EXPECT_EQ(test, h->nr_pages, 0UL);
		/* They are in the balloon until the worker takes them out. */
		KUNIT_EXPECT_GE(test, balloon_device_actual(h->balloon), 64ULL);
		/* Nothing is asked for until the protocol has started again. */
		calls = h->calls;
		migrate_some(h, large_order(h), &moved);
		balloon_device_oom(h->balloon);
		KUNIT_EXPECT_EQ(test, moved, 0u);
		KUNIT_EXPECT_EQ(test, h->calls, calls);
		h->now = get_jiffies_64() + 60 * HZ;
		settle_later(h, 64);
		KUNIT_EXPECT_EQ(test, h->resets, 2u);
		unregister_host(h);
	}
}

static void migrate_one_batch(struct host *h)
{
	unsigned int moved;

	KUNIT_EXPECT_EQ(h->test, migrate_some(h, large_order(h), &moved), 0);
	KUNIT_EXPECT_GT(h->test, moved, 0u);
}

/*
 * While pages move, the host has some of them twice. The worker does not take
 * that for a balloon that is too large; nor does a host whose target depends on
 * what it has.
 */
static void migrate_beside_worker(struct kunit *test)
{
	struct helper migration, worker;
	const bool begun = true;
	unsigned int targets;
	struct host *h;

	need_migration(test);
	h = new_host(test, test->param_value);
	settle_at(h, 64);
	targets = h->targets;
	h->takes = true;
	h->deaf = true;
	h->silent = true;
	help(&migration, h, migrate_one_batch, &h->waited_for);
	KUNIT_EXPECT_GT(test, h->nr_pages, 64UL);
	help(&worker, h, one_step, &begun);
	fsleep(20 * USEC_PER_MSEC);
	KUNIT_EXPECT_TRUE(test, waits_killably(&worker));
	KUNIT_EXPECT_EQ(test, READ_ONCE(h->targets), targets);

	WRITE_ONCE(h->silent, false);
	help_ends(&migration);
	help_ends(&worker);
	KUNIT_EXPECT_EQ(test, h->targets, targets + 1);
	expect_has(h, 64);
	expect_state(h, BALLOON_IDLE, BALLOON_TARGET_REACHED);
	unregister_host(h);
}

static void return_all_of_host(struct host *h)
{
	balloon_device_return_all(h->balloon, false);
}

/* The worker waits for who gives all back as if it had nothing to do. */
static void return_beside_worker(struct kunit *test)
{
	struct host *h = new_host(test, test->param_value);
	struct helper giver, worker;
	const bool begun = true;

	settle_at(h, 64);
	h->silent = true;
	help(&giver, h, return_all_of_host, &h->waited_for);
	help(&worker, h, one_step, &begun);
	KUNIT_EXPECT_TRUE(test, waits_killably(&worker));
	WRITE_ONCE(h->silent, false);
	help_ends(&giver);
	help_ends(&worker);
	settle_later(h, 64);
	unregister_host(h);
}

static void killed_while_pausing(struct host *h)
{
	allow_signal(SIGKILL);
	KUNIT_EXPECT_EQ(h->test, -EBUSY,
			balloon_device_return_all(h->balloon, true));
}

/* Who wants it to rest is killed while a round is under way: it rests, and says so. */
static void pause_beside_worker(struct kunit *test)
{
	struct host *h = new_host(test, test->param_value);
	struct helper worker, pauser;
	const bool begun = true;

	settle_at(h, 64);
	h->target = 200;
	h->silent = true;
	help(&worker, h, one_step, &h->waited_for);
	help(&pauser, h, killed_while_pausing, &begun);
	KUNIT_EXPECT_TRUE(test, waits_killably(&pauser));
	send_sig(SIGKILL, pauser.task, 1);
	help_ends(&pauser);
	WRITE_ONCE(h->silent, false);
	help_ends(&worker);

	run(h);
	expect_state(h, BALLOON_SUSPENDED, BALLOON_SUSPEND);
	KUNIT_EXPECT_EQ(test, balloon_device_resume(h->balloon), 0);
	settle_later(h, 200);
	unregister_host(h);
}

/* jiffies may wrap between two times that somebody needs memory. */
static void rest_long_ago(struct kunit *test)
{
	struct host *h = needed_host(test, test->param_value, 100);
	unsigned int i;
	u64 start;

	balloon_device_oom(h->balloon);
	h->now = get_jiffies_64() + (3ULL << 30);
	settle_at(h, 100);

	/* Or that it is reset. */
	for (i = 1; i <= 2; i++) {
		h->now += 3ULL << 30;
		start = h->now;
		h->fault = (struct host_fault){ -ECONNRESET, 0, 1 };
		settle_later(h, 100 + 50 * i);
		KUNIT_EXPECT_EQ(test, h->resets, 1 + i);
		KUNIT_EXPECT_LT(test, h->now - start, 60ULL * HZ);
	}
	unregister_host(h);
}

#if defined(CONFIG_MEMORY_HOTPLUG) && !defined(MODULE)
static bool any_can_move(struct host *h)
{
	unsigned long pfn;
	void *entry;

	xa_for_each(&h->pages, pfn, entry)
		if (PageMovableOffline(pfn_to_page(pfn)))
			return true;
	return false;
}

static void leave_host(struct host *h)
{
	WRITE_ONCE(h->dead, true);
	unregister_host(h);
}

/*
 * Unregistration waits for memory offlining, which tries to migrate what pages
 * of any size the balloon leaves behind as long as they look as if they could.
 */
static void unregister_beside_hotplug(struct kunit *test)
{
	struct host *h = new_host(test, test->param_value);
	struct helper leaver;
	unsigned int i;

	settle_at(h, 300);
	h->target = 0;
	h->fault = (struct host_fault){ -EIO, 0, 1 };
	KUNIT_EXPECT_EQ(test, run(h), MAX_JIFFY_OFFSET);
	h->stop_error = -EIO;
	KUNIT_EXPECT_EQ(test, any_can_move(h),
			IS_ENABLED(CONFIG_BALLOON_MIGRATION));
	mem_hotplug_begin();
	help(&leaver, h, leave_host, &h->dead);
	for (i = 0; i < 5000 && any_can_move(h); i++)
		fsleep(1000);
	KUNIT_EXPECT_FALSE(test, any_can_move(h));
	mem_hotplug_done();
	help_ends(&leaver);
	lose_all(h);
	expect_has(h, 0);
}
#endif

#if defined(CONFIG_MEMORY_HOTREMOVE) && !defined(MODULE)
static int find_block(struct memory_block *mem, void *found)
{
	*(struct memory_block **)found = mem;
	return 1;
}

static unsigned long block_start(const struct memory_block *mem)
{
	return section_nr_to_pfn(mem->start_section_nr);
}

static unsigned long block_size(void)
{
	return memory_block_size_bytes() >> PAGE_SHIFT;
}

/* Nothing in it stays where it is but for the balloon's sake. */
static bool can_go_offline(const struct memory_block *mem)
{
	unsigned long i, pfn = block_start(mem);

	if (!mem->zone || zone_idx(mem->zone) != ZONE_MOVABLE)
		return false;
	for (i = 0; i < block_size(); i++)
		if (PageReserved(pfn_to_page(pfn + i)))
			return false;
	return true;
}

/* One that has pages of the host. */
static struct memory_block *memory_block_of(struct host *h)
{
	unsigned long pfn, last = 0;
	struct memory_block *mem;
	void *entry;

	xa_for_each(&h->pages, pfn, entry) {
		if (pfn < last)
			continue;
		mem = NULL;
		walk_memory_blocks(PFN_PHYS(pfn), PAGE_SIZE, &mem, find_block);
		if (mem && can_go_offline(mem))
			return mem;
		last = round_down(pfn, block_size()) + block_size();
	}
	return NULL;
}

static int hotplug(struct memory_block *mem, bool online)
{
	int ret;

	lock_device_hotplug();
	if (online) {
		/* To where it was. */
		mem->online_type = MMOP_ONLINE_MOVABLE;
		ret = device_online(&mem->dev);
	} else {
		ret = device_offline(&mem->dev);
	}
	unlock_device_hotplug();
	return ret;
}
#endif

/* Memory offlining empties a block of memory that the balloon is all over. */
static void offline_memory(struct kunit *test)
{
#if defined(CONFIG_MEMORY_HOTREMOVE) && !defined(MODULE)
	unsigned long start, nr = block_size(), size = 2000, delay, has;
	struct balloon_test *t = test->priv;
	struct memory_block *mem;
	struct host *h;

	need_migration(test);
	h = alloc_host(test, test->param_value);
	h->limits.hotplug_delay_ms = 5000;
	start_host(h);
	settle_at(h, size);
	mem = memory_block_of(h);
	/* All in a block that has to stay: there are others. */
	if (!mem) {
		size += nr;
		settle_at(h, size);
		mem = memory_block_of(h);
	}
	if (!mem) {
		unregister_host(h);
		kunit_skip(test, "no page is in a movable zone");
	}
	start = block_start(mem);
	KUNIT_EXPECT_GT(test, pages_between(h, start, start + nr), 0UL);
	/*
	 * The host is busy for a while, and has pages twice then: so many may
	 * leave without a successor.
	 */
	h->fault = (struct host_fault){ -EBUSY, 1, 15 };
	KUNIT_ASSERT_EQ(test, 0, hotplug(mem, false));
	t->totalram -= nr;
	KUNIT_EXPECT_EQ(test, pages_between(h, start, start + nr), 0UL);
	KUNIT_EXPECT_EQ(test, h->fault.times, 0u);
	KUNIT_EXPECT_GE(test, h->nr_pages, size);
	expect_accounting(test);

	/* It rests for a while before it takes more of what is left. */
	has = h->nr_pages;
	h->target = has + 100;
	h->now = get_jiffies_64();
	delay = run(h);
	expect_state(h, BALLOON_WAITING, BALLOON_HOTPLUG);
	KUNIT_EXPECT_LE(test, delay, msecs_to_jiffies(5000));
	expect_has(h, has);
	KUNIT_ASSERT_EQ(test, 0, hotplug(mem, true));
	t->totalram += nr;
	settle_later(h, size + 100);
	unregister_host(h);
#else
	kunit_skip(test, "needs CONFIG_MEMORY_HOTREMOVE, and to be built in");
#endif
}

/*
 * Poison.
 */

static void poison(struct host *h, unsigned long pfn)
{
	SetPageHWPoison(pfn_to_page(pfn));
	poison_offline_page(pfn_to_page(pfn));
}

/* A page breaks: it is nobody's any more, and another one takes its place. */
static void poison_page(struct kunit *test)
{
	unsigned long pfn;
	struct host *h;

	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE))
		kunit_skip(test, "needs CONFIG_MEMORY_FAILURE");
	h = new_host(test, test->param_value);
	settle_at(h, block_pages(h) + 5);
	pfn = page_of_order(h, 0);
	poison(h, pfn);
	lose_page(h, pfn);
	KUNIT_EXPECT_EQ(test, counter(h, BALLOON_COUNT_POISONED), 1ULL);
	expect_has(h, block_pages(h) + 4);
	settle_at(h, block_pages(h) + 5);
	KUNIT_EXPECT_EQ(test, host_knows(h, pfn), 0UL);

	/* The host is given another block for one with such a page. */
	if (large_order(h)) {
		pfn = page_of_order(h, large_order(h));
		poison(h, pfn);
		note_lost(test, pfn);
		expect_has(h, block_pages(h) + 5);
		KUNIT_EXPECT_EQ(test, host_knows(h, pfn), 0UL);
		KUNIT_EXPECT_TRUE(test, PageOffline(pfn_to_page(pfn)));
		settle_at(h, 5);
	}
	settle_later(h, 0);
	unregister_host(h);
}

/*
 * Need.
 */

static const unsigned int oom_pages[] = { 0, 1, 20, 300, 1000 };

static void pages_desc(const unsigned int *nr, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u pages", *nr);
}

KUNIT_ARRAY_PARAM(oom_page, oom_pages, pages_desc);

/* Some pages each time; afterwards it rests, and then it starts again. */
static void out_of_memory_once(struct kunit *test)
{
	const unsigned int *pages = test->param_value;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(few_kinds); i++) {
		struct host *h = alloc_host(test, &few_kinds[i]);
		unsigned long nr = *pages ?: 256, freed, delay;

		h->limits.flags |= BALLOON_DEFLATE_ON_OOM;
		h->limits.oom_pages = *pages;
		start_host(h);
		settle_at(h, 700);
		h->tunes = 0;
		h->now = get_jiffies_64();
		freed = balloon_device_oom(h->balloon);
		KUNIT_EXPECT_GE(test, freed, min(nr, 700UL));
		KUNIT_EXPECT_LT(test, freed, nr + block_pages(h));
		KUNIT_EXPECT_EQ(test, counter(h, BALLOON_COUNT_OOM), freed);
		KUNIT_EXPECT_EQ(test, h->tunes, 1u);
		expect_has(h, 700 - freed);

		delay = run(h);
		KUNIT_EXPECT_GT(test, delay, 0UL);
		expect_state(h, BALLOON_WAITING, BALLOON_OOM);
		expect_has(h, 700 - freed);
		h->now = get_jiffies_64() + HZ;
		run(h);
		expect_has(h, 700 - freed);
		settle_later(h, 700);

		/* A new target does not change that memory is short. */
		h->now = get_jiffies_64();
		freed = balloon_device_oom(h->balloon);
		h->target = 800;
		run(h);
		expect_has(h, 700 - freed);
		settle_later(h, 10);
		unregister_host(h);
	}
}

static void need_memory(struct host *h)
{
	balloon_device_oom(h->balloon);
}

/* Operations that memory is short for end before the device does. */
static void unregister_in_need(struct kunit *test)
{
	struct host *h = needed_host(test, test->param_value, 100);
	struct helper helper;

	h->slow_tune = true;
	help(&helper, h, need_memory, &h->tuning);
	unregister_host(h);
	help_ends(&helper);
	expect_has(h, 0);
}

/* The host does not help, or has nothing, or is not to be asked. */
static void out_of_memory_in_vain(struct kunit *test)
{
	struct host *h = alloc_host(test, &blocks_kind);

	h->limits.flags |= BALLOON_DEFLATE_ON_OOM;
	start_host(h);
	KUNIT_EXPECT_EQ(test, balloon_device_oom(h->balloon), 0UL);
	KUNIT_EXPECT_EQ(test, h->calls, 0u);
	h->now = get_jiffies_64() + 3600 * HZ;
	settle_at(h, 100);

	h->keep_every = 1;
	KUNIT_EXPECT_EQ(test, balloon_device_oom(h->balloon), 0UL);
	expect_has(h, 100);
	h->keep_every = 0;
	h->fault = (struct host_fault){ -EBUSY, 0, UINT_MAX };
	KUNIT_EXPECT_EQ(test, balloon_device_oom(h->balloon), 0UL);
	expect_has(h, 100);
	h->fault.error = 0;
	h->limits.flags &= ~BALLOON_DEFLATE_ON_OOM;
	balloon_device_set_limits(h->balloon, &h->limits);
	h->calls = 0;
	KUNIT_EXPECT_EQ(test, balloon_device_oom(h->balloon), 0UL);
	KUNIT_EXPECT_EQ(test, h->calls, 0u);
	unregister_host(h);
}

#ifndef MODULE
static unsigned long freed_for_oom;

/* The last one to be asked: nothing is killed for the test's sake. */
static int oom_watch(struct notifier_block *nb, unsigned long unused,
		     void *freed)
{
	freed_for_oom = *(unsigned long *)freed;
	*(unsigned long *)freed += 1;
	return NOTIFY_OK;
}
#endif

/* The kernel finds the balloon when memory runs out. */
static void out_of_memory_for_real(struct kunit *test)
{
#ifndef MODULE
	struct host *h = alloc_host(test, &pages_kind);
	struct notifier_block nb = {
		.notifier_call = oom_watch,
		.priority = INT_MIN,
	};
	struct oom_control oc = { .gfp_mask = GFP_KERNEL };

	h->limits.flags |= BALLOON_DEFLATE_ON_OOM;
	h->limits.oom_pages = 40;
	start_host(h);
	settle_at(h, 100);
	freed_for_oom = 0;
	register_oom_notifier(&nb);
	mutex_lock(&oom_lock);
	KUNIT_EXPECT_TRUE(test, out_of_memory(&oc));
	mutex_unlock(&oom_lock);
	unregister_oom_notifier(&nb);
	KUNIT_EXPECT_EQ(test, freed_for_oom, 40UL);
	expect_has(h, 60);
	unregister_host(h);
#else
	kunit_skip(test, "needs to be built in");
#endif
}

static void shrink(struct kunit *test)
{
	struct host *h = alloc_host(test, test->param_value);
	unsigned long freed;

	h->limits.flags |= BALLOON_SHRINK;
	start_host(h);
	settle_at(h, 500);
	h->now = get_jiffies_64();
	freed = balloon_device_shrink(h->balloon, 128);
	KUNIT_EXPECT_GE(test, freed, 128UL);
	KUNIT_EXPECT_LT(test, freed, 128 + block_pages(h));
	KUNIT_EXPECT_EQ(test, counter(h, BALLOON_COUNT_SHRUNK), freed);
	KUNIT_EXPECT_EQ(test, counter(h, BALLOON_COUNT_SHRINKS), 1ULL);
	expect_has(h, 500 - freed);
	KUNIT_EXPECT_GT(test, run(h), 0UL);
	expect_state(h, BALLOON_WAITING, BALLOON_SHRUNK);
	expect_has(h, 500 - freed);
	settle_later(h, 500);

	/* What may be shrunk is given back before anything is killed, too. */
	freed = balloon_device_oom(h->balloon);
	KUNIT_EXPECT_GE(test, freed, 256UL);
	KUNIT_EXPECT_EQ(test, counter(h, BALLOON_COUNT_OOM), freed);
	expect_has(h, 500 - freed);
	settle_later(h, 500);

	/* Nothing to be had. */
	h->keep_every = 1;
	KUNIT_EXPECT_EQ(test, balloon_device_shrink(h->balloon, 128),
			SHRINK_STOP);
	h->keep_every = 0;
	expect_has(h, 500);
	/* Not to be asked. */
	h->limits.flags &= ~BALLOON_SHRINK;
	balloon_device_set_limits(h->balloon, &h->limits);
	h->calls = 0;
	KUNIT_EXPECT_EQ(test, balloon_device_shrink(h->balloon, 128),
			SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, balloon_device_oom(h->balloon), 0UL);
	KUNIT_EXPECT_EQ(test, h->calls, 0u);
	unregister_host(h);
}

/* Reclaim finds the balloon, if it is meant to. */
static void shrink_for_real(struct kunit *test)
{
#ifndef MODULE
	struct host *h = alloc_host(test, &pages_kind);
	struct host *other = new_host(test, &pages_kind);

	h->limits.flags |= BALLOON_SHRINK;
	start_host(h);
	settle_at(h, 2000);
	settle_at(other, 2000);
	drop_slab();
	KUNIT_EXPECT_LT(test, h->nr_pages, 2000UL);
	KUNIT_EXPECT_EQ(test, h->nr_pages + counter(h, BALLOON_COUNT_SHRUNK),
			2000ULL);
	expect_has(other, 2000);
	unregister_host(h);
	unregister_host(other);
#else
	kunit_skip(test, "needs to be built in");
#endif
}

/*
 * Rest.
 */

/* No operation runs, no page is in the balloon, and later it goes on. */
static void suspend_and_resume(struct kunit *test)
{
	struct host *h = alloc_host(test, test->param_value);
	unsigned int calls, targets, i;

	h->limits.flags |= BALLOON_DEFLATE_ON_OOM;
	start_host(h);
	for (i = 0; i < 2; i++) {
		settle_later(h, 200);
		KUNIT_EXPECT_EQ(test, balloon_device_suspend(h->balloon), 0);
		expect_state(h, BALLOON_SUSPENDED, BALLOON_SUSPEND);
		expect_has(h, 0);
		KUNIT_EXPECT_EQ(test, h->stops, 0u);
		KUNIT_EXPECT_GT(test, h->hurried, 0u);
		calls = h->calls;
		targets = h->targets;
		balloon_device_kick(h->balloon);
		h->target = 300;
		KUNIT_EXPECT_EQ(test, run(h), MAX_JIFFY_OFFSET);
		balloon_device_oom(h->balloon);
		expect_state(h, BALLOON_SUSPENDED, BALLOON_SUSPEND);
		KUNIT_EXPECT_EQ(test, h->calls, calls);
		KUNIT_EXPECT_EQ(test, h->targets, targets);
		KUNIT_EXPECT_EQ(test, h->resets, i + 1);

		KUNIT_EXPECT_EQ(test, balloon_device_resume(h->balloon), 0);
		KUNIT_EXPECT_EQ(test, h->resets, i + 2);
		h->hurried = 0;
		settle_later(h, 300);
		KUNIT_EXPECT_EQ(test, h->hurried, 0u);
	}
	unregister_host(h);
}

/* The host keeps pages: they do not come back before it forgets them. */
static void suspend_refused(struct kunit *test)
{
	struct host *h = alloc_host(test, &blocks_kind);

	h->limits.flags |= BALLOON_DEFLATE_ON_OOM;
	start_host(h);
	settle_at(h, 60);
	h->keep_every = 1;
	KUNIT_EXPECT_EQ(test, balloon_device_suspend(h->balloon), 0);
	KUNIT_EXPECT_EQ(test, h->stops, 1u);
	expect_has(h, 0);
	h->keep_every = 0;
	KUNIT_EXPECT_EQ(test, balloon_device_resume(h->balloon), 0);
	settle_later(h, 60);

	h->keep_every = 1;
	h->stop_error = -EIO;
	KUNIT_EXPECT_EQ(test, balloon_device_suspend(h->balloon), -EBUSY);
	expect_has(h, 60);
	h->keep_every = 0;
	/* They are not asked for either while it sleeps. */
	h->calls = 0;
	KUNIT_EXPECT_EQ(test, balloon_device_oom(h->balloon), 0UL);
	KUNIT_EXPECT_EQ(test, h->calls, 0u);
	expect_has(h, 60);
	h->now = get_jiffies_64() + 60 * HZ;
	/* Twice it does not start again yet: it has these pages all the time. */
	h->reset_error = -EBUSY;
	h->reset_fails = 2;
	KUNIT_EXPECT_EQ(test, balloon_device_resume(h->balloon), 0);
	one_step(h);
	expect_has(h, 60);
	settle_later(h, 80);
	unregister_host(h);
	expect_has(h, 0);
}

static void resume_fails(struct kunit *test)
{
	struct host *h = new_host(test, &pages_kind);

	settle_at(h, 60);
	KUNIT_EXPECT_EQ(test, balloon_device_suspend(h->balloon), 0);
	h->reset_error = -EBUSY;
	h->reset_fails = 2;
	KUNIT_EXPECT_EQ(test, balloon_device_resume(h->balloon), 0);
	settle_later(h, 60);
	KUNIT_EXPECT_EQ(test, h->resets, 4u);

	KUNIT_EXPECT_EQ(test, balloon_device_suspend(h->balloon), 0);
	h->reset_error = -EIO;
	h->reset_fails = 1;
	KUNIT_EXPECT_EQ(test, balloon_device_resume(h->balloon), -EIO);
	h->dead = true;
	KUNIT_EXPECT_EQ(test, run(h), MAX_JIFFY_OFFSET);
	expect_state(h, BALLOON_GONE, BALLOON_HOST_GONE);
	unregister_host(h);
}

/* What the host wanted meanwhile, it still wants. */
static void resume_and_reset(struct kunit *test)
{
	struct host *h = new_host(test, test->param_value);

	settle_at(h, 200);
	h->fault = (struct host_fault){ -ECONNRESET, 0, 1 };
	KUNIT_EXPECT_EQ(test, balloon_device_return_all(h->balloon, true), 0);
	expect_has(h, 0);
	KUNIT_EXPECT_EQ(test, h->resets, 1u);
	KUNIT_EXPECT_EQ(test, balloon_device_resume(h->balloon), 0);
	settle_later(h, 100);
	KUNIT_EXPECT_EQ(test, h->resets, 2u);

	/* Nor did it come back because nobody looked. */
	h->fault = (struct host_fault){ -EIO, 0, 1 };
	KUNIT_EXPECT_EQ(test, balloon_device_return_all(h->balloon, true),
			-EBUSY);
	KUNIT_EXPECT_EQ(test, balloon_device_resume(h->balloon), 0);
	KUNIT_EXPECT_EQ(test, run(h), MAX_JIFFY_OFFSET);
	expect_state(h, BALLOON_GONE, BALLOON_HOST_GONE);
	expect_has(h, 100);
	unregister_host(h);
	KUNIT_EXPECT_EQ(test, h->stops, 1u);
	expect_has(h, 0);
}

static void killed_at_restart(struct host *h)
{
	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	KUNIT_EXPECT_TRUE(h->test, fatal_signal_pending(current));
	balloon_device_reboot(h->balloon, true);
}

/* Another kernel may be next, which knows of no balloon. */
static void restart(struct kunit *test)
{
	struct host *h = new_host(test, test->param_value);
	const bool begun = true;
	struct helper killed;

	settle_at(h, 200);
	balloon_device_reboot(h->balloon, true);
	expect_state(h, BALLOON_SUSPENDED, BALLOON_RESTART);
	KUNIT_EXPECT_EQ(test, h->stops, 1u);
	KUNIT_EXPECT_EQ(test, h->nr_pages, 0UL);
	KUNIT_EXPECT_EQ(test, h->deflate_calls, 0u);
	/* It is not called any more. */
	KUNIT_EXPECT_EQ(test, run(h), MAX_JIFFY_OFFSET);
	balloon_device_reboot(h->balloon, true);
	KUNIT_EXPECT_EQ(test, h->stops, 1u);
	/* Its transport finds that the host answers no more. */
	balloon_device_gone(h->balloon);
	KUNIT_EXPECT_EQ(test, run(h), MAX_JIFFY_OFFSET);
	expect_state(h, BALLOON_SUSPENDED, BALLOON_RESTART);
	unregister_host(h);
	expect_has(h, 0);

	/* None is: all memory is lost anyway. */
	h = new_host(test, test->param_value);
	settle_at(h, 200);
	balloon_device_reboot(h->balloon, false);
	KUNIT_EXPECT_EQ(test, h->stops, 0u);
	KUNIT_EXPECT_EQ(test, h->deflate_calls, 0u);
	unregister_host(h);
	expect_has(h, 0);

	/* As far as pages come back, it need not be stopped. */
	h = alloc_host(test, test->param_value);
	h->limits.flags |= BALLOON_RETURN_ON_RESTART;
	start_host(h);
	settle_at(h, 200);
	balloon_device_reboot(h->balloon, true);
	KUNIT_EXPECT_EQ(test, h->stops, 0u);
	expect_has(h, 0);
	unregister_host(h);

	/* The restart goes on when who asked for it is killed: all come back. */
	h = alloc_host(test, test->param_value);
	h->limits.flags |= BALLOON_RETURN_ON_RESTART;
	start_host(h);
	settle_at(h, 200);
	h->fault = (struct host_fault){ -EBUSY, 0, 3 };
	help(&killed, h, killed_at_restart, &begun);
	help_ends(&killed);
	KUNIT_EXPECT_EQ(test, h->stops, 0u);
	expect_has(h, 0);
	unregister_host(h);
}

/* The host that wakes the guest up may be another one. */
static void hibernate(struct kunit *test)
{
	struct host *h = new_host(test, test->param_value);

	settle_at(h, 200);
	balloon_devices_hibernate(true);
	expect_state(h, BALLOON_SUSPENDED, BALLOON_SUSPEND);
	expect_has(h, 0);
	KUNIT_EXPECT_EQ(test, h->stops, 0u);
	KUNIT_EXPECT_EQ(test, run(h), MAX_JIFFY_OFFSET);
	expect_has(h, 0);
	balloon_devices_hibernate(false);
	settle_later(h, 200);
	KUNIT_EXPECT_EQ(test, h->resets, 2u);

	/* One that keeps all has to forget them, and is asked to start anew. */
	pass(h, HZ);
	h->keep_every = 1;
	balloon_devices_hibernate(true);
	KUNIT_EXPECT_EQ(test, h->stops, 1u);
	expect_has(h, 0);
	h->keep_every = 0;
	balloon_devices_hibernate(false);
	settle_later(h, 200);
	KUNIT_EXPECT_EQ(test, h->resets, 3u);

	/* Nor does it forget them: it does when it starts anew. */
	pass(h, HZ);
	h->keep_every = 1;
	h->stop_error = -EIO;
	balloon_devices_hibernate(true);
	expect_has(h, 200);
	h->keep_every = 0;
	balloon_devices_hibernate(false);
	settle_later(h, 200);
	h->stop_error = 0;
	KUNIT_EXPECT_EQ(test, h->resets, 4u);
	/* Not before: they were still its own. */
	KUNIT_EXPECT_EQ(test, h->had_at_reset, 200UL);
	KUNIT_EXPECT_EQ(test, h->held_at_reset, 200ULL);
	unregister_host(h);
	expect_has(h, 0);
}

static void begin_hibernation(struct host *h)
{
	balloon_devices_hibernate(true);
}

/* A device that comes while the system is about to sleep does not begin. */
static void arrives_at_night(struct kunit *test)
{
	struct host *h = alloc_host(test, &pages_kind);

	h->target = 200;
	h->on_reset = begin_hibernation;
	start_host(h);
	h->on_reset = NULL;
	expect_state(h, BALLOON_SUSPENDED, BALLOON_SUSPEND);
	KUNIT_EXPECT_EQ(test, run(h), MAX_JIFFY_OFFSET);
	KUNIT_EXPECT_EQ(test, h->nr_pages, 0UL);
	balloon_devices_hibernate(false);
	settle_later(h, 200);
	unregister_host(h);
}

static void return_all_pages(struct kunit *test)
{
	struct host *h = new_host(test, test->param_value);
	unsigned int calls;

	settle_at(h, 200);
	KUNIT_EXPECT_EQ(test, balloon_device_return_all(h->balloon, false), 0);
	expect_has(h, 0);
	settle_later(h, 200);

	balloon_device_return_all(h->balloon, true);
	expect_has(h, 0);
	expect_state(h, BALLOON_SUSPENDED, BALLOON_SUSPEND);
	calls = h->calls;
	KUNIT_EXPECT_EQ(test, run(h), MAX_JIFFY_OFFSET);
	KUNIT_EXPECT_EQ(test, h->calls, calls);
	/* The protocol did not end: it need not start again. */
	KUNIT_EXPECT_EQ(test, balloon_device_resume(h->balloon), 0);
	KUNIT_EXPECT_EQ(test, h->resets, 1u);
	settle_later(h, 200);

	/* The host is busy for a while, and keeps some. */
	h->keep_every = 3;
	h->fault = (struct host_fault){ -EBUSY, 1, 3 };
	balloon_device_return_all(h->balloon, false);
	expect_has(h, 0);
	KUNIT_EXPECT_EQ(test, h->stops, 0u);
	unregister_host(h);
}

/*
 * Nodes.
 */

static void take_from_nodes(struct kunit *test)
{
	struct host *h;
	int nid;

	if (num_node_state(N_MEMORY) < 2)
		kunit_skip(test, "needs two nodes with memory");
	h = new_host(test, test->param_value);
	expect_attr(h, "nodes", "\n");
	for_each_node_state(nid, N_MEMORY) {
		KUNIT_EXPECT_GT(test, write_attr(h, "nodes", "%d\n", nid), 0L);
		expect_attr(h, "nodes", "%d\n", nid);
		settle_at(h, 500);
		expect_only_node(h, nid);
		settle_at(h, 0);
	}
	KUNIT_EXPECT_LT(test, write_attr(h, "nodes", "%s", "x\n"), 0L);
	KUNIT_EXPECT_EQ(test, write_attr(h, "nodes", "%d\n", MAX_NUMNODES - 1),
			-EINVAL);
	KUNIT_EXPECT_GT(test, write_attr(h, "nodes", "%s", "\n"), 0L);
	expect_attr(h, "nodes", "\n");
	settle_at(h, 500);
	unregister_host(h);
}

static long stub_node_available(int nid)
{
	struct kunit *test = kunit_get_current_test();
	struct balloon_test *t = test->priv;
	long available = t->node_available;
	struct host *h;

	if (nid != t->poor_node)
		return totalram_pages();
	list_for_each_entry(h, &t->hosts, list)
		available -= h->nr_pages;
	return available;
}

/* It does not help programs that are bound to a node what the others have. */
static void keep_reserve_of_node(struct kunit *test)
{
	struct host *h = new_host(test, test->param_value);
	struct balloon_test *t = test->priv;

	t->poor_node = first_memory_node;
	kunit_activate_static_stub(test, balloon_node_available_pages,
				   stub_node_available);
	KUNIT_EXPECT_GT(test, write_attr(h, "nodes", "%d\n", t->poor_node), 0L);
	h->target = 500;
	run(h);
	expect_state(h, BALLOON_WAITING, BALLOON_PRESSURE);
	KUNIT_EXPECT_EQ(test, h->inflate_calls, 0u);
	expect_has(h, 0);

	/* It keeps its share, and no more than that is taken. */
	t->node_available = SZ_16M / PAGE_SIZE / num_node_state(N_MEMORY) +
			    node_present_pages(t->poor_node) / 128 + 100;
	h->target = 501;
	pass(h, HZ);
	run(h);
	expect_state(h, BALLOON_WAITING, BALLOON_PRESSURE);
	expect_has(h, 100);
	expect_only_node(h, t->poor_node);

	/* The others have plenty. */
	KUNIT_EXPECT_GT(test, write_attr(h, "nodes", "%s", "\n"), 0L);
	if (num_node_state(N_MEMORY) > 1) {
		settle_later(h, 400);
		t->node_available = 0;
		settle_later(h, 0);
		limit_memory(test, ULONG_MAX);
		settle_later(h, 500);
		KUNIT_EXPECT_FALSE(test, node_isset(t->poor_node,
						    t->alloc_nodes));
	}
	kunit_deactivate_static_stub(test, balloon_node_available_pages);
	settle_later(h, 600);
	unregister_host(h);
}

/* One node has nothing: the others do. */
static void nodes_run_out(struct kunit *test)
{
	struct balloon_test *t = test->priv;
	struct host *h;
	int nid;

	if (num_node_state(N_MEMORY) < 2)
		kunit_skip(test, "needs two nodes with memory");
	h = new_host(test, test->param_value);
	for_each_node_state(nid, N_MEMORY) {
		limit_memory(test, ULONG_MAX);
		node_set(nid, t->empty_nodes);
		settle_at(h, 500);
		KUNIT_EXPECT_FALSE(test, node_isset(nid, t->alloc_nodes));
		settle_at(h, 0);
	}
	unregister_host(h);
}

/*
 * The life of a device.
 */

static void alloc_checks(struct kunit *test)
{
	struct host *h = alloc_host(test, &blocks_kind);
	struct balloon_limits limits = h->limits;
	struct balloon_ops ops = host_ops;

	ops.target = NULL;
	expect_no_balloon(h, &ops, &limits);
	ops = host_ops;
	ops.inflate = NULL;
	expect_no_balloon(h, &ops, &limits);
	ops = host_ops;
	ops.deflate = NULL;
	expect_no_balloon(h, &ops, &limits);
	ops = host_ops;
	limits.orders = 0;
	expect_no_balloon(h, &ops, &limits);
	limits.orders = BIT(LARGE);
	expect_no_balloon(h, &ops, &limits);
	limits.orders = BIT(0) | BIT(1) | BIT(2);
	expect_no_balloon(h, &ops, &limits);
	limits.orders = BIT(0) | BIT(MAX_PAGE_ORDER + 1);
	expect_no_balloon(h, &ops, &limits);
	limits.orders = BIT(0) | BIT(BITS_PER_LONG - 1);
	expect_no_balloon(h, &ops, &limits);
	limits = h->limits;
	limits.batch = 0;
	expect_no_balloon(h, &ops, &limits);

	/* This is all that it needs. */
	h->ops = (struct balloon_ops){
		.target = host_target,
		.inflate = host_inflate,
		.deflate = host_deflate,
	};
	start_host(h);
	KUNIT_EXPECT_PTR_EQ(test, balloon_device_data(h->balloon), (void *)h);
	settle_at(h, 100);
	h->target = 110;
	h->fault = (struct host_fault){ -ECONNRESET, 0, 1 };
	KUNIT_EXPECT_EQ(test, balloon_device_step(h->balloon, h->now), 0UL);
	/* Without an operation for it, it has started again by itself. */
	h->forgot = false;
	settle_later(h, 110);
	unregister_host(h);
}

/* Where the transport is, may be nothing any more when somebody still looks. */
static void operations_copied(struct kunit *test)
{
	struct host *h = new_host(test, &blocks_kind);

	memset(&h->ops, 0, sizeof(h->ops));
	settle_at(h, 100);
	balloon_device_oom(h->balloon);
	KUNIT_EXPECT_EQ(test, balloon_device_suspend(h->balloon), 0);
	KUNIT_EXPECT_EQ(test, balloon_device_resume(h->balloon), 0);
	KUNIT_EXPECT_EQ(test, h->resets, 2u);
	settle_later(h, 50);
	KUNIT_EXPECT_EQ(test, h->reported, 50ULL);
	unregister_host(h);
	expect_has(h, 0);
}

static void never_registered(struct kunit *test)
{
	struct host *h = alloc_host(test, &pages_kind);

	alloc_balloon(h);
	balloon_device_kick(h->balloon);
	KUNIT_EXPECT_EQ(test, balloon_device_actual(h->balloon), 0ULL);
	balloon_device_put(h->balloon);
	h->balloon = NULL;
	balloon_device_put(NULL);
}

static void register_fails(struct kunit *test)
{
	struct host *h = alloc_host(test, &blocks_kind);

	alloc_balloon(h);
	h->reset_error = -ENODEV;
	h->reset_fails = 1;
	KUNIT_EXPECT_EQ(test, register_host(h), -ENODEV);
	balloon_device_kick(h->balloon);
	KUNIT_EXPECT_EQ(test, h->stops, 0u);
	KUNIT_EXPECT_EQ(test, h->targets, 0u);
	balloon_device_put(h->balloon);
	h->balloon = NULL;

	/* Not yet is no failure. */
	h->resets = 0;
	h->reset_error = -EBUSY;
	h->reset_fails = 2;
	start_host(h);
	KUNIT_EXPECT_GT(test, run(h), 0UL);
	expect_state(h, BALLOON_WAITING, BALLOON_HOST_BUSY);
	settle_later(h, 50);
	KUNIT_EXPECT_EQ(test, h->resets, 3u);
	unregister_host(h);
}

static void managed_by_device(struct kunit *test)
{
	struct host *h = alloc_host(test, &blocks_kind);
	struct balloon_device *balloon;

	h->registered = true;
	h->managed = true;
	h->reset_error = -EIO;
	h->reset_fails = 1;
	balloon = devm_balloon_device_register(h->parent, &h->ops, &h->limits,
					       "kunit", h);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(balloon), -EIO);
	balloon = devm_balloon_device_register(h->parent, &h->ops, &h->limits,
					       "kunit", h);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, balloon);
	h->balloon = balloon;
	settle_at(h, 200);
	kunit_device_unregister(test, h->parent);
	h->registered = false;
	h->balloon = NULL;
	h->parent = NULL;
	KUNIT_EXPECT_EQ(test, h->nr_pages, 0UL);
	expect_accounting(test);
}

/* They do not get in each other's way. */
static void two_hosts(struct kunit *test)
{
	struct host *a = new_host(test, &blocks_kind);
	struct host *b = new_host(test, &pages_kind);
	unsigned int i;

	KUNIT_EXPECT_STRNEQ(test, dev_name(balloon_device_dev(a->balloon)),
			    dev_name(balloon_device_dev(b->balloon)));
	for (i = 0; i < 10; i++) {
		settle_at(a, 50 * i);
		settle_at(b, 50 * (10 - i));
	}
	a->fault = (struct host_fault){ -EIO, 0, 1 };
	a->target = 0;
	run(a);
	expect_state(a, BALLOON_GONE, BALLOON_HOST_GONE);
	settle_at(b, 10);
	unregister_host(a);
	settle_at(b, 300);
	unregister_host(b);
}

/* What user space gets to see. */
static void attributes(struct kunit *test)
{
	struct host *h = new_host(test, &pages_kind);

	expect_attr(h, "transport", "kunit\n");
	expect_attr(h, "state", "idle\n");
	expect_attr(h, "reason", "target-reached\n");
	expect_attr(h, "floor", "0\n");
	h->target = 100;
	balloon_device_step(h->balloon, h->now);
	expect_attr(h, "state", "inflating\n");
	expect_attr(h, "reason", "target-changed\n");
	expect_attr(h, "target", "%lu\n", 100 * PAGE_SIZE);
	expect_attr(h, "actual", "%lu\n", h->nr_pages * PAGE_SIZE);
	run(h);
	h->target = 0;
	balloon_device_step(h->balloon, h->now);
	expect_attr(h, "state", "deflating\n");
	expect_attr(h, "quarantined", "0\n");
	h->fault = (struct host_fault){ -EBUSY, 0, 1 };
	balloon_device_step(h->balloon, h->now);
	expect_attr(h, "state", "waiting\n");
	expect_attr(h, "reason", "host-busy\n");
	balloon_device_return_all(h->balloon, true);
	expect_attr(h, "state", "suspended\n");
	expect_attr(h, "reason", "suspend\n");
	balloon_device_resume(h->balloon);
	balloon_device_gone(h->balloon);
	balloon_device_step(h->balloon, h->now);
	expect_attr(h, "state", "gone\n");
	expect_attr(h, "reason", "host-gone\n");
	unregister_host(h);
}

/*
 * With the worker, and everybody at once.
 */

static bool comes_to(struct host *h, u64 nr_pages, enum balloon_state state,
		     enum balloon_reason reason)
{
	unsigned int i;

	for (i = 0; i < 4000; i++) {
		if (READ_ONCE(h->nr_pages) == nr_pages &&
		    balloon_device_state(h->balloon) == state &&
		    balloon_device_reason(h->balloon) == reason)
			return true;
		fsleep(5000);
	}
	return false;
}

static bool reaches(struct host *h, u64 nr_pages)
{
	return comes_to(h, nr_pages, BALLOON_IDLE, BALLOON_TARGET_REACHED);
}

/* Nobody polls: what happens beside the worker has to tell it. */
static void told_at_once(struct kunit *test)
{
	struct host *h = alloc_host(test, test->param_value);
	unsigned long freed;
	unsigned int moved;

	h->limits.flags &= ~BALLOON_BY_HAND;
	h->limits.flags |= BALLOON_SHRINK;
	h->limits.poll_ms = 0;
	h->target = 300;
	start_host(h);
	KUNIT_EXPECT_TRUE(test, reaches(h, 300));
	KUNIT_EXPECT_EQ(test, balloon_device_return_all(h->balloon, false), 0);
	KUNIT_EXPECT_TRUE(test, reaches(h, 300));

	if (IS_ENABLED(CONFIG_BALLOON_MIGRATION)) {
		h->fault = (struct host_fault){ -ECONNRESET, 0, 1 };
		migrate_some(h, 0, &moved);
		KUNIT_EXPECT_TRUE(test, reaches(h, 300));
		KUNIT_EXPECT_EQ(test, h->resets, 2u);
	}
	freed = balloon_device_shrink(h->balloon, 10);
	KUNIT_EXPECT_GT(test, freed, 0UL);
	KUNIT_EXPECT_TRUE(test, comes_to(h, 300 - freed, BALLOON_WAITING,
					 BALLOON_SHRUNK));
	unregister_host(h);
	expect_has(h, 0);
}

static void by_itself(struct kunit *test)
{
	struct host *h = alloc_host(test, test->param_value);

	h->limits.flags &= ~BALLOON_BY_HAND;
	h->limits.poll_ms = 20;
	h->target = 300;
	start_host(h);
	KUNIT_EXPECT_TRUE(test, reaches(h, 300));
	expect_accounting(test);
	h->target = 100;
	KUNIT_EXPECT_TRUE(test, reaches(h, 100));

	/* Not before it is told. */
	h->limits.poll_ms = 0;
	balloon_device_set_limits(h->balloon, &h->limits);
	fsleep(100000);
	h->target = 200;
	fsleep(100000);
	KUNIT_EXPECT_EQ(test, h->nr_pages, 100UL);
	balloon_device_kick(h->balloon);
	KUNIT_EXPECT_TRUE(test, reaches(h, 200));
	expect_accounting(test);

	/* In the middle of it. */
	h->target = 5000;
	balloon_device_kick(h->balloon);
	fsleep(2000);
	unregister_host(h);
	balloon_device_kick(h->balloon);
	expect_has(h, 0);
}

/* The system does not go to sleep on a target that changed during a round. */
static void awake_when_kicked(struct kunit *test)
{
	struct host *h = alloc_host(test, &pages_kind);
	unsigned int i;

	if (!IS_ENABLED(CONFIG_PM_SLEEP))
		kunit_skip(test, "needs CONFIG_PM_SLEEP");
	h->limits.flags &= ~BALLOON_BY_HAND;
	h->limits.flags |= BALLOON_WAKEUP;
	h->limits.poll_ms = 0;
	h->kick_at_once = true;
	KUNIT_ASSERT_EQ(test, device_init_wakeup(h->parent, true), 0);
	start_host(h);
	for (i = 0; i < 4000 && (READ_ONCE(h->targets) < 2 || is_awake(h)); i++)
		fsleep(1000);
	KUNIT_EXPECT_EQ(test, READ_ONCE(h->targets), 2u);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(h->kept_awake));
	KUNIT_EXPECT_FALSE(test, is_awake(h));
	unregister_host(h);
	device_init_wakeup(h->parent, false);
}

struct racer {
	struct host *host;
	int (*fn)(void *arg);
	struct task_struct *task;
	unsigned long rounds;
};

static int race_target(void *arg)
{
	struct racer *r = arg;

	while (!kthread_should_stop()) {
		WRITE_ONCE(r->host->target, get_random_u32_below(1500));
		balloon_device_kick(r->host->balloon);
		r->rounds++;
		fsleep(get_random_u32_below(5000) + 100);
	}
	return 0;
}

static int race_migrate(void *arg)
{
	struct racer *r = arg;
	unsigned int moved;

	while (!kthread_should_stop()) {
		migrate_some(r->host, 0, &moved);
		r->rounds += moved;
		migrate_some(r->host, large_order(r->host), &moved);
		r->rounds += moved;
		cond_resched();
		fsleep(200);
	}
	return 0;
}

static int race_need(void *arg)
{
	struct racer *r = arg;

	/* The balloon rests after it, for longer than the race lasts. */
	fsleep(1500000);
	while (!kthread_should_stop()) {
		r->rounds += balloon_device_oom(r->host->balloon);
		fsleep(20000);
		balloon_device_shrink(r->host->balloon, 10);
		fsleep(20000);
	}
	return 0;
}

static int race_suspend(void *arg)
{
	struct racer *r = arg;

	while (!kthread_should_stop()) {
		fsleep(100000);
		balloon_device_return_all(r->host->balloon, false);
		fsleep(200000);
		balloon_device_suspend(r->host->balloon);
		fsleep(1000);
		balloon_device_resume(r->host->balloon);
		r->rounds++;
	}
	return 0;
}

static int race_look(void *arg)
{
	struct racer *r = arg;

	while (!kthread_should_stop()) {
		if (balloon_device_actual(r->host->balloon) > 1 << 20)
			host_wrong(r->host, 0, "the count of pages is absurd");
		r->rounds++;
		fsleep(1000);
	}
	return 0;
}

static void race_all(struct kunit *test)
{
	struct host *h = alloc_host(test, test->param_value);
	struct racer racers[] = {
		{ h, race_target }, { h, race_migrate }, { h, race_migrate },
		{ h, race_need }, { h, race_suspend }, { h, race_look },
	};
	unsigned int i;

	h->limits.flags &= ~BALLOON_BY_HAND;
	h->limits.flags |= BALLOON_DEFLATE_ON_OOM | BALLOON_SHRINK;
	h->limits.poll_ms = 10;
	h->limits.oom_pages = 20;
	h->refuse_every = 13;
	h->keep_every = 11;
	h->moody = true;
	start_host(h);
	for (i = 0; i < ARRAY_SIZE(racers); i++)
		racers[i].task = kthread_run(racers[i].fn, &racers[i],
					     "balloon-race");
	fsleep(2000000);
	for (i = 0; i < ARRAY_SIZE(racers); i++)
		if (!IS_ERR(racers[i].task))
			kthread_stop(racers[i].task);

	kunit_info(test, "%u calls, %llu inflated, %llu migrated, %u resets\n",
		   h->calls, counter(h, BALLOON_COUNT_INFLATED),
		   counter(h, BALLOON_COUNT_MIGRATED), h->resets);
	KUNIT_EXPECT_GT(test, counter(h, BALLOON_COUNT_INFLATED), 0ULL);
	h->moody = false;
	h->target = 0;
	balloon_device_kick(h->balloon);
	KUNIT_EXPECT_TRUE(test, reaches(h, 0));
	expect_has(h, 0);
	unregister_host(h);
}

static struct kunit_case balloon_test_cases[] = {
	KUNIT_CASE_PARAM_SLOW(follow_target, host_kind_gen_params),
	KUNIT_CASE_PARAM(unregister_with_pages, host_kind_gen_params),
	KUNIT_CASE_PARAM(large_blocks_first, host_kind_gen_params),
	KUNIT_CASE(pages_in_runs),
	KUNIT_CASE(no_large_blocks),
	KUNIT_CASE(poll_target),
	KUNIT_CASE_PARAM(change_limits, few_kinds_gen_params),
	KUNIT_CASE_PARAM(absurd_target, host_kind_gen_params),
	KUNIT_CASE_PARAM_SLOW(erratic_target, few_kinds_gen_params),
	KUNIT_CASE(target_fails),
	KUNIT_CASE_PARAM_SLOW(back_off, stall_gen_params),
	KUNIT_CASE_PARAM(back_off_erratic, stall_gen_params),
	KUNIT_CASE_PARAM(back_off_and_deflate, stall_gen_params),
	KUNIT_CASE_PARAM(keep_floor, few_kinds_gen_params),
	KUNIT_CASE_PARAM(keep_reserve, few_kinds_gen_params),
	KUNIT_CASE_PARAM_SLOW(refuse_some, refusal_gen_params),
	KUNIT_CASE_PARAM(keep_some, few_kinds_gen_params),
	KUNIT_CASE_PARAM_SLOW(keep_the_same, few_kinds_gen_params),
	KUNIT_CASE_SLOW(keep_many),
	KUNIT_CASE_PARAM_SLOW(keep_the_first, long_batches_gen_params),
	KUNIT_CASE_PARAM(host_busy, error_point_gen_params),
	KUNIT_CASE_PARAM(host_resets, error_point_gen_params),
	KUNIT_CASE(host_resets_often),
	KUNIT_CASE(reset_with_other_limits),
	KUNIT_CASE(reset_fails),
	KUNIT_CASE_PARAM(wait_killed, few_kinds_gen_params),
	KUNIT_CASE_PARAM_SLOW(silent_in_need, few_kinds_gen_params),
	KUNIT_CASE_PARAM_SLOW(silent_to_worker, few_kinds_gen_params),
	KUNIT_CASE_PARAM(pause_beside_worker, few_kinds_gen_params),
	KUNIT_CASE_SLOW(deaf_to_need),
	KUNIT_CASE_PARAM_SLOW(silent_to_compaction, few_kinds_gen_params),
	KUNIT_CASE_PARAM_SLOW(silent_at_end, few_kinds_gen_params),
	KUNIT_CASE_PARAM(host_dies, death_gen_params),
	KUNIT_CASE_PARAM(host_removed, few_kinds_gen_params),
	KUNIT_CASE_SLOW(unregister_refused),
	KUNIT_CASE_PARAM(migrate_pages_of_host, migration_gen_params),
	KUNIT_CASE_PARAM(migrate_to_miser, few_kinds_gen_params),
	KUNIT_CASE_PARAM_SLOW(migrate_in_batches, host_kind_gen_params),
	KUNIT_CASE(migrate_and_die),
	KUNIT_CASE(migrate_and_reset),
	KUNIT_CASE_PARAM_SLOW(migrate_beside_worker, few_kinds_gen_params),
	KUNIT_CASE_PARAM(return_beside_worker, few_kinds_gen_params),
	KUNIT_CASE_PARAM(rest_long_ago, few_kinds_gen_params),
#if defined(CONFIG_MEMORY_HOTPLUG) && !defined(MODULE)
	KUNIT_CASE_PARAM(unregister_beside_hotplug, few_kinds_gen_params),
#endif
	KUNIT_CASE_PARAM_SLOW(offline_memory, few_kinds_gen_params),
	KUNIT_CASE_PARAM(poison_page, few_kinds_gen_params),
	KUNIT_CASE_PARAM(out_of_memory_once, oom_page_gen_params),
	KUNIT_CASE_PARAM_SLOW(unregister_in_need, few_kinds_gen_params),
	KUNIT_CASE(out_of_memory_in_vain),
	KUNIT_CASE(out_of_memory_for_real),
	KUNIT_CASE_PARAM(shrink, few_kinds_gen_params),
	KUNIT_CASE_SLOW(shrink_for_real),
	KUNIT_CASE_PARAM(suspend_and_resume, few_kinds_gen_params),
	KUNIT_CASE_SLOW(suspend_refused),
	KUNIT_CASE(resume_fails),
	KUNIT_CASE_PARAM(resume_and_reset, few_kinds_gen_params),
	KUNIT_CASE_PARAM(restart, few_kinds_gen_params),
	KUNIT_CASE_PARAM(hibernate, few_kinds_gen_params),
	KUNIT_CASE(arrives_at_night),
	KUNIT_CASE_PARAM(return_all_pages, few_kinds_gen_params),
	KUNIT_CASE_PARAM(take_from_nodes, few_kinds_gen_params),
	KUNIT_CASE_PARAM(keep_reserve_of_node, few_kinds_gen_params),
	KUNIT_CASE_PARAM(nodes_run_out, few_kinds_gen_params),
	KUNIT_CASE(alloc_checks),
	KUNIT_CASE(operations_copied),
	KUNIT_CASE(never_registered),
	KUNIT_CASE(register_fails),
	KUNIT_CASE(managed_by_device),
	KUNIT_CASE(two_hosts),
	KUNIT_CASE(attributes),
	KUNIT_CASE_PARAM(by_itself, few_kinds_gen_params),
	KUNIT_CASE_PARAM(told_at_once, few_kinds_gen_params),
	KUNIT_CASE(awake_when_kicked),
	KUNIT_CASE_PARAM_SLOW(race_all, few_kinds_gen_params),
	{}
};

static struct kunit_suite balloon_test_suite = {
	.name = "balloon_device",
	.init = balloon_test_init,
	.exit = balloon_test_exit,
	.test_cases = balloon_test_cases,
};

kunit_test_suite(balloon_test_suite);

MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_DESCRIPTION("KUnit tests for the balloon class");
MODULE_LICENSE("GPL");
