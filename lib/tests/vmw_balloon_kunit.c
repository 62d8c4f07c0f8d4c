// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of VMware's balloon, drivers/balloon/vmware.c, with a host in
 * place of the I/O port, and a doorbell in place of VMCI's. The pages are real.
 * The class takes one step at a time.
 *
 * The host keeps a book of the units it has, and fails a test that gives it a
 * unit twice, or asks for one it does not have.
 *
 * hostile_test has a host that answers as it likes, in generated cases. Built in,
 * the command line says how many, from which seed, and which one is the first:
 *
 *	vmw_balloon_kunit.hostile_cases=10000 vmw_balloon_kunit.hostile_seed=7
 *	vmw_balloon_kunit.hostile_first=0 kunit.timeout=3600
 *
 * A case depends on the seed and its own number only, so that the one that failed
 * can be run alone.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/atomic.h>
#include <linux/balloon_device.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/kstrtox.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/offline_pages.h>
#include <linux/panic.h>
#include <linux/string.h>
#include <linux/vmw_vmci_defs.h>
#include <linux/xarray.h>

#include "../../drivers/balloon/vmware.h"

/* Of hosts that answer wrongly, unless a parameter says how many. */
#define DEFAULT_CASES	160
#include "balloon_hostile.h"

#define ALL	(VMBALLOON_BASIC | VMBALLOON_BATCHED | VMBALLOON_BATCHED_2M | \
		 VMBALLOON_DOORBELL | VMBALLOON_WIDE_TARGET)
/* A register has to be wide enough for a wide target. */
#define WANTED	(IS_ENABLED(CONFIG_64BIT) ? ALL : ALL & ~VMBALLOON_WIDE_TARGET)
#define LARGE	BIT(VMBALLOON_LARGE_ORDER)
#define SOME	(LARGE + 40)

/**
 * struct fake_host - what is behind the port
 * @capabilities: what it has; 0: it only knows the basic commands
 * @claims: what it says it has, if not 0
 * @agreed: with the guest
 * @start: its answer to START, if not 0
 * @target: its answer to that, and to all about pages
 * @unit: its answer about every eighth unit
 * @answer: its answer to all commands about pages, if not 0
 * @bell: its answer to SET_DOORBELL
 * @told: the doorbell that the guest told it; invalid: none
 * @vmci: what VMCI says to a new doorbell
 * @doorbell: the one that exists in VMCI; invalid: none
 * @doorbells: how many there were
 * @ring: rings it
 * @data: for @ring
 * @kicks: how often the class was kicked
 * @book: units that it has: size in pages by PFN
 * @pages: how many pages that is
 * @calls: commands so far
 * @limit: what the guest said about its size
 * @ends: how often the protocol was ended
 * @balloon: the device
 * @now: the time for it
 */
struct fake_host {
	unsigned long capabilities, claims, agreed;
	u32 start, unit, answer, bell;
	struct vmci_handle told, doorbell;
	int vmci;
	unsigned int doorbells, kicks;
	vmci_callback ring;
	void *data;
	unsigned long target;
	struct xarray book;
	unsigned long pages;
	unsigned int calls[VMBALLOON_NR_COMMANDS];
	unsigned long limit;
	unsigned int ends;
	struct balloon_device *balloon;
	u64 now;
};

static void forget_all(struct fake_host *host)
{
	xa_destroy(&host->book);
	host->pages = 0;
}

static u32 one_unit(struct kunit *test, bool lock, unsigned long pfn,
		    unsigned long pages, unsigned int i)
{
	struct fake_host *host = test->priv;
	void *had = xa_load(&host->book, pfn);
	u32 status = i % 8 == 3 ? host->unit : VMBALLOON_SUCCESS;

	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(pfn, pages));
	KUNIT_EXPECT_PTR_EQ(test, had, lock ? NULL : xa_mk_value(pages));
	if (status != VMBALLOON_SUCCESS &&
	    status != (lock ? VMBALLOON_LOCKED : VMBALLOON_UNLOCKED))
		return status;
	if (lock) {
		xa_store(&host->book, pfn, xa_mk_value(pages), GFP_KERNEL);
		host->pages += pages;
	} else {
		xa_erase(&host->book, pfn);
		host->pages -= pages;
	}
	return status;
}

static u32 about_pages(struct kunit *test, struct vmballoon_call *call)
{
	enum vmballoon_command command = call->ecx;
	bool lock = command == VMBALLOON_LOCK ||
		    command == VMBALLOON_BATCH_LOCK ||
		    command == VMBALLOON_2M_LOCK;
	unsigned long pages = command < VMBALLOON_2M_LOCK ? 1 : LARGE;
	u64 *entries;
	u32 status;
	unsigned int i;

	if (command < VMBALLOON_BATCH_LOCK)
		return one_unit(test, lock, call->rbx, 1, 0);

	entries = phys_to_virt(PFN_PHYS(call->rbx));
	KUNIT_EXPECT_LE(test, call->rsi, VMBALLOON_BATCH);
	for (i = 0; i < min(call->rsi, VMBALLOON_BATCH); i++) {
		KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(entries[i]));
		status = one_unit(test, lock, PHYS_PFN(entries[i]), pages, i);
		/* The PFN is of no use to the guest any more. */
		entries[i] = ~VMBALLOON_ENTRY_STATUS | status;
	}
	return VMBALLOON_SUCCESS;
}

static const unsigned long needed[VMBALLOON_NR_COMMANDS] = {
	[VMBALLOON_LOCK] = VMBALLOON_BASIC,
	[VMBALLOON_UNLOCK] = VMBALLOON_BASIC,
	[VMBALLOON_BATCH_LOCK] = VMBALLOON_BATCHED,
	[VMBALLOON_BATCH_UNLOCK] = VMBALLOON_BATCHED,
	[VMBALLOON_2M_LOCK] = VMBALLOON_BATCHED_2M,
	[VMBALLOON_2M_UNLOCK] = VMBALLOON_BATCHED_2M,
	[VMBALLOON_SET_DOORBELL] = VMBALLOON_DOORBELL,
};

/* In place of vmballoon_port(). */
static void fake_port(struct vmballoon_call *call)
{
	struct kunit *test = kunit_get_current_test();
	struct fake_host *host = test->priv;
	enum vmballoon_command command = call->ecx;

	KUNIT_ASSERT_LT(test, command, VMBALLOON_NR_COMMANDS);
	host->calls[command]++;
	call->eax = VMBALLOON_SUCCESS;
	switch (command) {
	case VMBALLOON_START:
		if (host->start) {
			call->eax = host->start;
			return;
		}
		forget_all(host);
		/* It would ring for what the guest has given up. */
		KUNIT_EXPECT_TRUE(test, vmci_handle_is_invalid(host->told));
		host->agreed = call->rbx ? VMBALLOON_BASIC : 0;
		host->ends += !call->rbx;
		if (!call->rbx || !host->capabilities)
			return;
		call->eax = VMBALLOON_CAPABILITIES;
		call->ecx = host->claims ?: call->rbx & host->capabilities;
		host->agreed = call->rbx & call->ecx;
		return;
	case VMBALLOON_GUEST_ID:
		KUNIT_EXPECT_EQ(test, call->rbx, VMBALLOON_GUEST_LINUX);
		return;
	case VMBALLOON_SET_DOORBELL:
		KUNIT_EXPECT_TRUE(test, host->agreed & needed[command]);
		call->eax = host->bell;
		if (host->bell == VMBALLOON_SUCCESS)
			host->told = vmci_make_handle(call->rbx, call->rsi);
		return;
	case VMBALLOON_TARGET:
		host->limit = call->rbx;
		break;
	default:
		KUNIT_EXPECT_EQ(test, host->agreed & needed[command],
				needed[command]);
		/* Then it does nothing. */
		if (host->answer != VMBALLOON_BUSY)
			call->eax = about_pages(test, call);
		if (host->answer)
			call->eax = host->answer;
		if (call->eax == VMBALLOON_RESET)
			forget_all(host);
	}
	call->rbx = host->target;
}

/* In place of VMCI. */
static int fake_create_doorbell(struct vmci_handle *doorbell,
				vmci_callback ring, void *data)
{
	struct kunit *test = kunit_get_current_test();
	struct fake_host *host = test->priv;

	KUNIT_EXPECT_TRUE(test, vmci_handle_is_invalid(host->doorbell));
	if (host->vmci != VMCI_SUCCESS)
		return host->vmci;
	host->doorbell = vmci_make_handle(3, 7 + host->doorbells++);
	host->ring = ring;
	host->data = data;
	*doorbell = host->doorbell;
	return VMCI_SUCCESS;
}

static int fake_destroy_doorbell(struct vmci_handle doorbell)
{
	struct kunit *test = kunit_get_current_test();
	struct fake_host *host = test->priv;

	KUNIT_EXPECT_TRUE(test, vmci_handle_is_equal(doorbell, host->doorbell));
	/* Not while the host may ring it. */
	KUNIT_EXPECT_TRUE(test, vmci_handle_is_invalid(host->told));
	host->doorbell = VMCI_INVALID_HANDLE;
	return VMCI_SUCCESS;
}

/* In place of balloon_device_kick(). */
static void fake_kick(struct balloon_device *balloon)
{
	struct kunit *test = kunit_get_current_test();
	struct fake_host *host = test->priv;

	KUNIT_EXPECT_PTR_EQ(test, balloon, host->balloon);
	host->kicks++;
}

/* Let the class have its way until it does nothing, for a minute at most. */
static void settle(struct kunit *test)
{
	struct fake_host *host = test->priv;
	u64 end = host->now + 60 * HZ;

	do {
		host->now += balloon_device_step(host->balloon, host->now) ?: 1;
	} while (time_before64(host->now, end) &&
		 balloon_device_state(host->balloon) != BALLOON_IDLE &&
		 balloon_device_state(host->balloon) != BALLOON_GONE);
}

/* Let the class go on until it gives a command once more. */
static void step_until(struct kunit *test, enum vmballoon_command command)
{
	struct fake_host *host = test->priv;
	unsigned int calls = host->calls[command], i;

	for (i = 0; i < 100 && host->calls[command] == calls; i++)
		host->now += balloon_device_step(host->balloon, host->now) ?: 1;
	KUNIT_ASSERT_GT(test, host->calls[command], calls);
}

static void expect_pages(struct kunit *test, unsigned long pages)
{
	struct fake_host *host = test->priv;

	KUNIT_EXPECT_EQ(test, balloon_device_actual(host->balloon), pages);
	KUNIT_EXPECT_EQ(test, host->pages, pages);
}

/* Set a target, let the class follow it, and expect it to get there. */
static void follow(struct kunit *test, unsigned long target)
{
	struct fake_host *host = test->priv;

	host->target = target;
	settle(test);
	expect_pages(test, target);
}

static void start_device(struct kunit *test)
{
	struct fake_host *host = test->priv;

	host->balloon = vmballoon_create(BALLOON_BY_HAND);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, host->balloon);
}

struct host_case {
	const char *name;
	unsigned long capabilities, claims, agreed;
	enum vmballoon_command small, large;
};

static const struct host_case host_cases[] = {
	{ "old", 0, 0, VMBALLOON_BASIC, VMBALLOON_LOCK },
	{ "basic", VMBALLOON_BASIC, 0, VMBALLOON_BASIC, VMBALLOON_LOCK },
	{ "batched", VMBALLOON_BATCHED, 0, VMBALLOON_BATCHED,
	  VMBALLOON_BATCH_LOCK },
	{ "2m_without_batches", VMBALLOON_BASIC | VMBALLOON_BATCHED_2M, 0,
	  VMBALLOON_BASIC | VMBALLOON_BATCHED_2M, VMBALLOON_LOCK },
	{ "all", ALL, 0, WANTED, VMBALLOON_BATCH_LOCK, VMBALLOON_2M_LOCK },
	{ "not_asked_for", ALL, ALL | BIT(0) | BIT(6) | BIT(31), WANTED,
	  VMBALLOON_BATCH_LOCK, VMBALLOON_2M_LOCK },
};

KUNIT_ARRAY_PARAM_DESC(host, host_cases, name);

/* Only what was agreed on is used, and the target is as wide as agreed on. */
static void negotiate_test(struct kunit *test)
{
	const struct host_case *want = test->param_value;
	struct fake_host *host = test->priv;

	host->capabilities = want->capabilities;
	host->claims = want->claims;
	start_device(test);
	KUNIT_EXPECT_EQ(test, host->agreed, want->agreed);
	KUNIT_EXPECT_EQ(test, host->calls[VMBALLOON_GUEST_ID], 1);
	follow(test, SOME);
	KUNIT_EXPECT_GT(test, host->calls[want->small], 0);
	if (want->large)
		KUNIT_EXPECT_EQ(test, host->calls[want->large], 1);
	KUNIT_EXPECT_EQ(test, host->limit, totalram_pages());
	if (IS_ENABLED(CONFIG_64BIT) &&
	    !(host->agreed & VMBALLOON_WIDE_TARGET)) {
		host->target = (unsigned long)BIT_ULL(40) + 10;
		settle(test);
		expect_pages(test, 10);
	}
	follow(test, 0);
}

static const u32 statuses[] = {
	VMBALLOON_NO_COMMAND, VMBALLOON_BAD_PFN, VMBALLOON_LOCKED,
	VMBALLOON_UNLOCKED, VMBALLOON_PINNED, VMBALLOON_NOT_NEEDED,
	VMBALLOON_BUSY,
};

static void status_desc(const u32 *status, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *status);
}

KUNIT_ARRAY_PARAM(status, statuses, status_desc);

/* Units that are refused, in both directions, are where the host says. */
static void refused_test(struct kunit *test)
{
	struct fake_host *host = test->priv;
	unsigned long index;
	void *entry;

	start_device(test);
	host->unit = *(u32 *)test->param_value;
	follow(test, SOME);
	KUNIT_EXPECT_EQ(test,
			balloon_device_counter(host->balloon,
					       BALLOON_COUNT_REFUSED_SMALL) > 0,
			host->unit != VMBALLOON_LOCKED);
	host->target = 0;
	settle(test);
	KUNIT_EXPECT_EQ(test, balloon_device_actual(host->balloon),
			host->pages);
	xa_for_each(&host->book, index, entry)
		KUNIT_EXPECT_PTR_EQ(test, entry, xa_mk_value(1));
	host->unit = 0;
	follow(test, 0);
}

/* What nobody knows makes both start again, with nothing lost. */
static void unknown_test(struct kunit *test)
{
	struct fake_host *host = test->priv;
	unsigned int i;

	start_device(test);
	for (i = 0; i < 4; i++) {
		unsigned int ends = host->ends;

		follow(test, i % 2 ? SOME : 0);
		host->unit = i < 2 ? 31 : 0;
		host->answer = i < 2 ? 0 : VMBALLOON_CAPABILITIES;
		host->target = i % 2 ? 0 : SOME;
		step_until(test, VMBALLOON_START);
		KUNIT_EXPECT_EQ(test, host->ends, ends + 1);
		host->unit = 0;
		host->answer = 0;
		follow(test, SOME / 2);
	}
	follow(test, 0);
}

/* A host that does not even start any more has the pages, for all we know. */
static void gone_test(struct kunit *test)
{
	struct fake_host *host = test->priv;

	start_device(test);
	follow(test, LARGE);
	host->answer = U32_MAX;
	host->start = U32_MAX;
	host->target = 0;
	settle(test);
	KUNIT_EXPECT_EQ(test, balloon_device_state(host->balloon),
			BALLOON_GONE);
	KUNIT_EXPECT_EQ(test, balloon_device_actual(host->balloon), LARGE);
	/* It comes to its senses in time to end the protocol. */
	host->start = 0;
}

static void reset_test(struct kunit *test)
{
	struct fake_host *host = test->priv;

	start_device(test);
	follow(test, SOME);
	host->answer = VMBALLOON_RESET;
	host->target = 20;
	step_until(test, VMBALLOON_START);
	expect_pages(test, 0);
	/* The next one has less to offer. */
	host->capabilities = VMBALLOON_BASIC;
	step_until(test, VMBALLOON_LOCK);
	step_until(test, VMBALLOON_START);
	host->answer = 0;
	follow(test, 20);
	KUNIT_EXPECT_EQ(test, host->ends, 0);
}

/* No balloon now; later there is one. */
static void refused_start_test(struct kunit *test)
{
	struct fake_host *host = test->priv;

	host->start = VMBALLOON_NO_COMMAND;
	host->target = SOME;
	start_device(test);
	balloon_device_step(host->balloon, host->now);
	KUNIT_EXPECT_EQ(test, balloon_device_state(host->balloon),
			BALLOON_WAITING);
	KUNIT_EXPECT_EQ(test, host->calls[VMBALLOON_TARGET], 0);
	host->start = 0;
	host->claims = BIT(0);
	host->now += HZ;
	balloon_device_step(host->balloon, host->now);
	KUNIT_EXPECT_EQ(test, host->calls[VMBALLOON_TARGET], 0);
	host->claims = 0;
	follow(test, SOME);
	follow(test, 0);
}

/* An answer about pages tells the target: it is only asked for to poll. */
static void told_test(struct kunit *test)
{
	struct fake_host *host = test->priv;
	unsigned int asked;

	host->capabilities = VMBALLOON_BASIC;
	start_device(test);
	settle(test);
	asked = host->calls[VMBALLOON_TARGET];
	follow(test, 100);
	KUNIT_EXPECT_EQ(test, host->calls[VMBALLOON_LOCK], 100);
	KUNIT_EXPECT_LE(test, host->calls[VMBALLOON_TARGET] - asked, 3);
	follow(test, 0);
}

static void expect_doorbells(struct kunit *test, unsigned int nr, bool set)
{
	struct fake_host *host = test->priv;

	KUNIT_EXPECT_EQ(test, host->doorbells, nr);
	KUNIT_EXPECT_EQ(test, !vmci_handle_is_invalid(host->doorbell), set);
	KUNIT_EXPECT_TRUE(test, vmci_handle_is_equal(host->doorbell,
						     host->told));
}

/* When it rings, the class is kicked, and what it was told before is too old. */
static void doorbell_test(struct kunit *test)
{
	struct fake_host *host = test->priv;
	unsigned int asked;

	start_device(test);
	expect_doorbells(test, 1, true);
	KUNIT_EXPECT_EQ(test, host->calls[VMBALLOON_SET_DOORBELL], 1);

	host->target = LARGE + SOME;
	step_until(test, VMBALLOON_2M_LOCK);
	asked = host->calls[VMBALLOON_TARGET];
	step_until(test, VMBALLOON_BATCH_LOCK);
	KUNIT_EXPECT_EQ(test, host->calls[VMBALLOON_TARGET], asked);

	host->target = LARGE;
	kunit_activate_static_stub(test, balloon_device_kick, fake_kick);
	host->ring(host->data);
	KUNIT_EXPECT_EQ(test, host->kicks, 1);
	kunit_deactivate_static_stub(test, balloon_device_kick);
	balloon_device_step(host->balloon, host->now);
	KUNIT_EXPECT_EQ(test, host->calls[VMBALLOON_TARGET], asked + 1);
	KUNIT_EXPECT_EQ(test, balloon_device_target(host->balloon), LARGE);
	follow(test, LARGE);
	follow(test, 0);

	vmballoon_destroy(host->balloon);
	host->balloon = NULL;
	expect_doorbells(test, 1, false);
	KUNIT_EXPECT_EQ(test, host->calls[VMBALLOON_SET_DOORBELL], 2);
}

/* A new start needs a new doorbell, if there is one at all. */
static void doorbell_reset_test(struct kunit *test)
{
	struct fake_host *host = test->priv;
	unsigned int i;

	start_device(test);
	for (i = 1; i <= 3; i++) {
		expect_doorbells(test, min(i, 2), i < 3);
		follow(test, SOME);
		host->answer = VMBALLOON_RESET;
		host->target = 20;
		if (i == 2)
			host->capabilities &= ~VMBALLOON_DOORBELL;
		step_until(test, VMBALLOON_START);
		host->answer = 0;
	}
	KUNIT_EXPECT_EQ(test, host->calls[VMBALLOON_SET_DOORBELL], 4);
	expect_doorbells(test, 2, false);
	follow(test, 0);
}

/* Before another kernel starts, the host forgets all pages; not at a halt. */
static void restart_test(struct kunit *test)
{
	struct fake_host *host = test->priv;
	unsigned int ends;

	start_device(test);
	follow(test, SOME);
	balloon_device_reboot(host->balloon, false);
	KUNIT_EXPECT_EQ(test, host->ends, 0);
	KUNIT_EXPECT_EQ(test, host->pages, SOME);
	vmballoon_destroy(host->balloon);
	host->balloon = NULL;
	KUNIT_EXPECT_EQ(test, host->pages, 0);

	start_device(test);
	follow(test, SOME);
	ends = host->ends;
	balloon_device_reboot(host->balloon, true);
	KUNIT_EXPECT_EQ(test, host->ends, ends + 1);
	KUNIT_EXPECT_EQ(test, host->pages, 0);
	expect_doorbells(test, 2, false);
	/* They stay where they are: the next kernel begins without them. */
	KUNIT_EXPECT_EQ(test, balloon_device_actual(host->balloon), SOME);
}

/*
 * The host is busy when the guest gives all back to hibernate, and with the end
 * of the protocol. There is none from then on until it starts again: who would
 * migrate pages meanwhile is not answered.
 */
static void busy_stop_test(struct kunit *test)
{
	struct fake_host *host = test->priv;
	unsigned long pfn, in_use = 0;
	struct given given = {};
	unsigned int i;
	void *entry;

	start_device(test);
	follow(test, SOME);
	host->answer = VMBALLOON_BUSY;
	host->start = VMBALLOON_BUSY;
	balloon_devices_hibernate(true);
	KUNIT_EXPECT_EQ(test, host->ends, 0);
	host->answer = 0;
	host->start = 0;
	xa_for_each(&host->book, pfn, entry)
		note_given(&given, pfn);
	for (i = 0; i < ARRAY_SIZE(given.pfns); i++)
		KUNIT_EXPECT_EQ(test, migrate_given(&given, i << 8 | 2), 0);
	xa_for_each(&host->book, pfn, entry)
		in_use += !PageOffline(pfn_to_page(pfn));
	KUNIT_EXPECT_EQ(test, in_use, 0UL);
	expect_pages(test, SOME);

	balloon_devices_hibernate(false);
	follow(test, SOME);
	follow(test, 0);
}

/* Without one there is polling: none in VMCI, or the host does not take it. */
static void doorbell_refused_test(struct kunit *test)
{
	struct fake_host *host = test->priv;

	host->bell = VMBALLOON_NO_COMMAND;
	start_device(test);
	expect_doorbells(test, 1, false);
	follow(test, SOME);
	host->vmci = VMCI_ERROR_UNAVAILABLE;
	host->answer = VMBALLOON_RESET;
	host->target = 20;
	step_until(test, VMBALLOON_START);
	host->answer = 0;
	expect_doorbells(test, 1, false);
	follow(test, 20);
	follow(test, 0);
	/* To set it, and to be sure that it is not set. */
	KUNIT_EXPECT_EQ(test, host->calls[VMBALLOON_SET_DOORBELL], 2);
}

/*
 * Hostile hosts: generated cases. The host answers as it likes, and has what it
 * says: after each answer that leaves it open whose a page is, it has it.
 */

#define MAX_FAULTS	5

enum fault_kind {
	FAULT_TARGET,		/* absurd, with any answer that has one */
	FAULT_NO_TARGET,	/* it does not tell it */
	FAULT_BUSY,		/* to all about pages, as the next three */
	FAULT_RESET,
	FAULT_REFUSE,		/* an answer that there is */
	FAULT_UNKNOWN,		/* one that there is not */
	FAULT_ENTRIES,		/* likewise, for some units of a batch */
	FAULT_UNKNOWN_ENTRY,
	FAULT_SCRIBBLE,		/* over the whole batch page */
	FAULT_CLAIMS,		/* capabilities that nobody asked for */
	FAULT_START,		/* it does not start */
	FAULT_STOP,		/* nor end */
	FAULT_GUEST_ID,
	FAULT_BELL,		/* it does not take a doorbell */
	FAULT_VMCI,		/* there is no doorbell */
	FAULT_RING,		/* it rings in the middle of a command */
	NR_FAULTS,
};

/* What a command is about, as far as this is concerned. */
#define ABOUT_START	BIT(0)
#define ABOUT_STOP	BIT(1)
#define ABOUT_TARGET	BIT(2)
#define ABOUT_PAGES	BIT(3)
#define ABOUT_BATCH	BIT(4)
#define ABOUT_GUEST_ID	BIT(5)
#define ABOUT_BELL	BIT(6)
#define ABOUT_VMCI	BIT(7)
#define ABOUT_RING	BIT(8)
#define ABOUT_TOLD	BIT(9)	/* the target, with any answer */

static const struct {
	const char *name;
	unsigned long about;
} fault_kinds[NR_FAULTS] = {
	[FAULT_TARGET] = { "absurd target", ABOUT_TOLD },
	[FAULT_NO_TARGET] = { "no target", ABOUT_TARGET },
	[FAULT_BUSY] = { "busy", ABOUT_PAGES },
	[FAULT_RESET] = { "reset", ABOUT_PAGES },
	[FAULT_REFUSE] = { "refused", ABOUT_PAGES },
	[FAULT_UNKNOWN] = { "unknown answer", ABOUT_PAGES },
	[FAULT_ENTRIES] = { "refused entries", ABOUT_BATCH },
	[FAULT_UNKNOWN_ENTRY] = { "unknown entries", ABOUT_BATCH },
	[FAULT_SCRIBBLE] = { "overwritten entries", ABOUT_BATCH },
	[FAULT_CLAIMS] = { "capabilities", ABOUT_START },
	[FAULT_START] = { "no start", ABOUT_START },
	[FAULT_STOP] = { "no end", ABOUT_STOP },
	[FAULT_GUEST_ID] = { "kind of guest", ABOUT_GUEST_ID },
	[FAULT_BELL] = { "doorbell refused", ABOUT_BELL },
	[FAULT_VMCI] = { "no doorbell", ABOUT_VMCI },
	[FAULT_RING] = { "doorbell rings", ABOUT_RING },
};

/* Goes wrong after so many commands that it is about, so many times. */
struct fault {
	enum fault_kind kind;
	unsigned int after, times;
	u32 value;
};

/*
 * struct hostile_case - one of them
 * @test: the test
 * @nr: its number
 * @rnd: what the guest does, and what goes wrong, depend on it
 * @faults: what goes wrong
 * @nr_faults: how many these are
 * @most: largest balloon, in pages
 * @offered: units that the host was ever offered: size in pages by PFN
 * @given: some of the last ones
 * @wrong: what the guest should not have done, if anything
 * @resumes: how often the balloon went on after a suspend
 * @heard: what was said on the console
 * @rescuer: owns pages that are lost, to give them back
 * @text: a page, for what is in sysfs
 *
 * Of all cases: how often each fault happened, actions of the guest, pages that
 * it moved, those that stayed offline and had to, longest action in jiffies,
 * most messages in one.
 */
struct hostile_case {
	struct kunit *test;
	unsigned int nr;
	struct rnd_state rnd;
	struct fault faults[MAX_FAULTS];
	unsigned int nr_faults;
	unsigned long most;
	struct xarray offered;
	struct given given;
	const char *wrong;
	unsigned int resumes;
	struct heard *heard;
	struct offline_page_owner rescuer;
	char *text;

	unsigned int happened[NR_FAULTS];
	unsigned int actions, most_messages;
	unsigned long moved, lost, longest;
};

static struct hostile_case *hostile;

static u32 pick(struct hostile_case *c, u32 ceil)
{
	return prandom_u32_state(&c->rnd) % ceil;
}

/* Does something go wrong with a command about this? Another value each time. */
static const struct fault *due_fault(struct hostile_case *c,
				     unsigned long about)
{
	struct fault *f;

	for (f = c->faults; f < c->faults + c->nr_faults; f++) {
		if (!(fault_kinds[f->kind].about & about) || !f->times)
			continue;
		if (f->after) {
			f->after--;
			continue;
		}
		f->times--;
		f->value = f->value * 1664525 + 1013904223;
		c->happened[f->kind]++;
		return f;
	}
	return NULL;
}

/* An answer that means nothing, or not here. */
static u32 unknown_status(u32 value)
{
	static const u32 some[] = {
		VMBALLOON_BUSY + 1, 31, 32, VMBALLOON_CAPABILITIES,
		VMBALLOON_CAPABILITIES + 1, BIT(31), U32_MAX,
	};

	value >>= 8;
	return value & 1 ? max(value, VMBALLOON_BUSY + 1U) :
			   some[value / 2 % ARRAY_SIZE(some)];
}

/* An answer that refuses, or says that it is so already. */
static u32 refusing_status(u32 value)
{
	static const u32 some[] = {
		VMBALLOON_NO_COMMAND, VMBALLOON_BAD_PFN, VMBALLOON_LOCKED,
		VMBALLOON_UNLOCKED, VMBALLOON_PINNED, VMBALLOON_NOT_NEEDED,
	};

	return some[(value >> 8) % ARRAY_SIZE(some)];
}

static bool is_unknown(u32 status)
{
	return status > VMBALLOON_BUSY || status == VMBALLOON_RESET;
}

static u32 entry_status(const struct fault *f, unsigned int i)
{
	if (!f || (f->value >> (i % 16 + 8)) & 1)
		return VMBALLOON_SUCCESS;
	if (f->kind == FAULT_ENTRIES)
		return i % 5 ? refusing_status(f->value + 256 * i) :
			       VMBALLOON_BUSY;
	if (f->kind != FAULT_UNKNOWN_ENTRY)
		return VMBALLOON_SUCCESS;
	return i % 3 ? VMBALLOON_BUSY + 1 + (f->value >> 8) % 23 :
		       VMBALLOON_RESET;
}

static bool is_offline(unsigned long pfn, unsigned long pages)
{
	while (pages--)
		if (!pfn_valid(pfn + pages) ||
		    !PageOffline(pfn_to_page(pfn + pages)))
			return false;
	return true;
}

/* Whose is it now? */
static void hostile_unit(struct fake_host *host, bool lock, unsigned long pfn,
			 unsigned long pages, u32 status)
{
	bool had = xa_load(&host->book, pfn);

	if (had == lock || !IS_ALIGNED(pfn, pages) || !is_offline(pfn, pages))
		hostile->wrong = lock ? "a unit was offered that it has" :
					"a unit was asked for that it has not";
	if (lock)
		xa_store(&hostile->offered, pfn, xa_mk_value(pages),
			 GFP_KERNEL);
	if (status != VMBALLOON_SUCCESS &&
	    status != (lock ? VMBALLOON_LOCKED : VMBALLOON_UNLOCKED) &&
	    !(lock && is_unknown(status)))
		return;
	if (lock && !had) {
		xa_store(&host->book, pfn, xa_mk_value(pages), GFP_KERNEL);
		host->pages += pages;
	} else if (!lock && had) {
		xa_erase(&host->book, pfn);
		host->pages -= pages;
	}
}

static void scribble(u64 *entries, const struct fault *f)
{
	unsigned int i;

	for (i = 0; i < VMBALLOON_BATCH; i++)
		entries[i] = (entries[i] & VMBALLOON_ENTRY_STATUS) |
			     ((u64)f->value * (i + 1) & ~VMBALLOON_ENTRY_STATUS);
}

static u32 hostile_pages(struct fake_host *host, struct vmballoon_call *call)
{
	enum vmballoon_command command = call->ecx;
	bool batched = command >= VMBALLOON_BATCH_LOCK;
	bool lock = command == VMBALLOON_LOCK ||
		    command == VMBALLOON_BATCH_LOCK ||
		    command == VMBALLOON_2M_LOCK;
	unsigned long pages = command < VMBALLOON_2M_LOCK ? 1 : LARGE;
	unsigned long i, nr = batched ? call->rsi : 1;
	const struct fault *f = due_fault(hostile, ABOUT_PAGES |
					  (batched ? ABOUT_BATCH : 0));
	u32 all = VMBALLOON_SUCCESS, status;
	u64 *entries = batched ? phys_to_virt(PFN_PHYS(call->rbx)) : NULL;

	if (!nr || nr > VMBALLOON_BATCH) {
		hostile->wrong = "a batch has a size that cannot be";
		return VMBALLOON_SUCCESS;
	}
	if (lock)
		note_given(&hostile->given,
			   batched ? PHYS_PFN(entries[0]) : call->rbx);
	if (f && f->kind == FAULT_BUSY)
		return VMBALLOON_BUSY;
	if (f && f->kind == FAULT_RESET) {
		forget_all(host);
		return VMBALLOON_RESET;
	}
	if (f && f->kind == FAULT_REFUSE)
		all = refusing_status(f->value);
	if (f && f->kind == FAULT_UNKNOWN)
		all = unknown_status(f->value);
	if (!batched) {
		hostile_unit(host, lock, call->rbx, pages, all);
		return all;
	}
	for (i = 0; i < nr; i++) {
		status = all == VMBALLOON_SUCCESS ? entry_status(f, i) : all;
		hostile_unit(host, lock, PHYS_PFN(entries[i]), pages, status);
		entries[i] = ~VMBALLOON_ENTRY_STATUS |
			     (status & VMBALLOON_ENTRY_STATUS);
	}
	if (f && f->kind == FAULT_SCRIBBLE)
		scribble(entries, f);
	return all;
}

/* It starts, or ends, and has nothing then. */
static void hostile_start(struct fake_host *host, struct vmballoon_call *call)
{
	unsigned long wanted = call->rbx;
	const struct fault *f = due_fault(hostile, wanted ? ABOUT_START :
							    ABOUT_STOP);

	if (!vmci_handle_is_invalid(host->told))
		hostile->wrong = "there is still a doorbell";
	if (f && f->kind != FAULT_CLAIMS) {
		/* Not its answer to a start, in whatever form. */
		call->eax = f->value & 256 ? VMBALLOON_BUSY :
			    f->value & 512 ? VMBALLOON_RESET :
					     VMBALLOON_CAPABILITIES + 1;
		return;
	}
	forget_all(host);
	host->agreed = wanted ? VMBALLOON_BASIC : 0;
	if (!wanted || !host->capabilities)
		return;
	call->eax = VMBALLOON_CAPABILITIES;
	call->ecx = f ? f->value : wanted & host->capabilities;
	host->agreed = wanted & call->ecx;
}

static void tell_target(struct fake_host *host, struct vmballoon_call *call)
{
	const struct fault *f = due_fault(hostile, ABOUT_TOLD);

	call->rbx = host->target;
	if (f)
		call->rbx = f->value & 256 ? ULONG_MAX :
					     f->value * (u64)GOLDEN_RATIO_32;
}

static u32 hostile_bell(struct fake_host *host, struct vmballoon_call *call)
{
	const struct fault *f = due_fault(hostile, ABOUT_BELL);
	struct vmci_handle bell = vmci_make_handle(call->rbx, call->rsi);

	if (!(host->agreed & VMBALLOON_DOORBELL))
		hostile->wrong = "a doorbell was not agreed on";
	/* Without one it will not ring, whatever it says. */
	if (!f || vmci_handle_is_invalid(bell))
		host->told = bell;
	return f ? unknown_status(f->value) : VMBALLOON_SUCCESS;
}

/* In place of vmballoon_port(). */
static void hostile_port(struct vmballoon_call *call)
{
	struct fake_host *host = hostile->test->priv;
	enum vmballoon_command command = call->ecx;
	const struct fault *f;

	if (command >= VMBALLOON_NR_COMMANDS) {
		hostile->wrong = "a command that there is not";
		return;
	}
	host->calls[command]++;
	call->eax = VMBALLOON_SUCCESS;
	if (command != VMBALLOON_START && command != VMBALLOON_GUEST_ID &&
	    command != VMBALLOON_SET_DOORBELL && command != VMBALLOON_TARGET &&
	    (host->agreed & needed[command]) != needed[command])
		hostile->wrong = "a command was not agreed on";
	switch (command) {
	case VMBALLOON_START:
		hostile_start(host, call);
		break;
	case VMBALLOON_GUEST_ID:
		f = due_fault(hostile, ABOUT_GUEST_ID);
		if (f)
			call->eax = unknown_status(f->value);
		break;
	case VMBALLOON_SET_DOORBELL:
		call->eax = hostile_bell(host, call);
		break;
	case VMBALLOON_TARGET:
		f = due_fault(hostile, ABOUT_TARGET);
		if (f)
			call->eax = f->value & 256 ? VMBALLOON_BUSY :
				    f->value & 512 ? VMBALLOON_RESET :
				    unknown_status(f->value);
		if (call->eax == VMBALLOON_RESET)
			forget_all(host);
		tell_target(host, call);
		break;
	default:
		call->eax = hostile_pages(host, call);
		tell_target(host, call);
	}
	/* It has the guest's registers, too. */
	call->rsi = hostile->nr;
	if (!vmci_handle_is_invalid(host->told) &&
	    due_fault(hostile, ABOUT_RING))
		host->ring(host->data);
}

static int hostile_create_doorbell(struct vmci_handle *doorbell,
				   vmci_callback ring, void *data)
{
	struct fake_host *host = hostile->test->priv;

	host->vmci = due_fault(hostile, ABOUT_VMCI) ? VMCI_ERROR_UNAVAILABLE :
						      VMCI_SUCCESS;
	return fake_create_doorbell(doorbell, ring, data);
}

static void plan_case(struct hostile_case *c)
{
	struct fake_host *host = c->test->priv;
	unsigned int i;

	c->nr_faults = 1 + pick(c, MAX_FAULTS);
	for (i = 0; i < c->nr_faults; i++) {
		struct fault *f = &c->faults[i];

		/* Each one comes first in turn, so that none is left out. */
		f->kind = i ? pick(c, NR_FAULTS) : c->nr % NR_FAULTS;
		f->after = i || pick(c, 2) ? pick(c, 8) : 0;
		/* Some do not end; that takes a while when the guest leaves. */
		f->times = pick(c, 64) ? 1 + pick(c, 3) : UINT_MAX;
		f->value = prandom_u32_state(&c->rnd);
	}
	host->capabilities = pick(c, 4) ? ALL : pick(c, 64);
	host->agreed = 0;
	host->target = 0;
	host->now = get_jiffies_64();
	c->most = 1 + pick(c, pick(c, 4) ? 60 : 2 * SOME);
	c->wrong = NULL;
	c->given.nr = 0;
	c->resumes = 0;
	hear_anew(c->heard);
}

static void check_book(struct hostile_case *c)
{
	struct fake_host *host = c->test->priv;
	unsigned long pfn, in_use = 0;
	void *entry;

	xa_for_each(&host->book, pfn, entry)
		in_use += !is_offline(pfn, xa_to_value(entry));
	expect_case(c, in_use, EQ, 0UL);
	expect_case(c, !c->wrong, EQ, true);
	if (c->wrong)
		KUNIT_FAIL(c->test, "%s", c->wrong);
}

/* What the host has, or may have, is not used; the guest knows of all. */
static void check_case(struct hostile_case *c)
{
	struct fake_host *host = c->test->priv;
	u64 actual = balloon_device_actual(host->balloon);

	check_book(c);
	expect_case(c, host->pages, LE, actual);
	expect_case(c, said_gone(c->heard, host->balloon), EQ, true);
	expect_case(c, shown_quarantined(c->test, host->balloon, c->text), LE,
		    actual);
}

/* Of pages that stay offline the log speaks, once. */
static void check_kept(struct hostile_case *c, int before, u64 pages)
{
	int said = atomic_read(&c->heard->kept) - before;

	expect_case(c, said, EQ, pages && !c->heard->deaf ? 1 : 0);
}

/* Nobody waits for ever. */
static void check_time(struct hostile_case *c, unsigned long start)
{
	unsigned long time = jiffies - start;

	expect_case(c, jiffies_to_msecs(time), LT, 3U * BALLOON_PATIENCE_MS);
	c->longest = max(c->longest, time);
}

static void run_steps(struct hostile_case *c, unsigned int nr)
{
	struct fake_host *host = c->test->priv;
	unsigned long delay;

	while (nr--) {
		delay = balloon_device_step(host->balloon, host->now);
		host->now += clamp(delay, 1UL, 20UL * HZ);
	}
}

static void suspend_resume(struct hostile_case *c)
{
	struct fake_host *host = c->test->priv;
	int kept = atomic_read(&c->heard->kept);

	balloon_device_suspend(host->balloon);
	check_case(c);
	check_kept(c, kept, balloon_device_actual(host->balloon));
	c->resumes++;
	atomic_set(&c->heard->gone, 0);
	balloon_device_resume(host->balloon);
	check_case(c);
	run_steps(c, 2);
}

static void return_pages(struct hostile_case *c)
{
	struct fake_host *host = c->test->priv;
	bool pause = pick(c, 2);

	balloon_device_return_all(host->balloon, pause);
	if (!pause)
		return;
	run_steps(c, 1);
	balloon_device_resume(host->balloon);
}

static void hostile_action(struct hostile_case *c)
{
	struct fake_host *host = c->test->priv;
	unsigned long start = jiffies;

	switch (pick(c, 16)) {
	case 0:
		balloon_device_oom(host->balloon);
		break;
	case 1:
		balloon_device_shrink(host->balloon, 1 + pick(c, c->most));
		break;
	case 2:
		suspend_resume(c);
		break;
	case 3:
		return_pages(c);
		break;
	case 4:
		if (!vmci_handle_is_invalid(host->told))
			host->ring(host->data);
		break;
	case 5:
		host->target = 0;
		break;
	case 6:
	case 7:
	case 8:
		host->target = pick(c, 2 * c->most);
		break;
	case 9:
	case 10:
		c->moved += migrate_given(&c->given,
					  prandom_u32_state(&c->rnd));
		break;
	default:
		run_steps(c, 1 + pick(c, 8));
	}
	check_time(c, start);
	check_case(c);
	c->actions++;
}

/* Pages that are offline and nobody's go back to the page allocator. */
static unsigned long rescue_unit(struct hostile_case *c, unsigned long pfn,
				 unsigned long pages)
{
	struct page *page = pfn_to_page(pfn);
	unsigned long i;
	char owner[8];

	if (!is_offline(pfn, pages) ||
	    !offline_page_owner_name(pfn, owner, sizeof(owner)))
		return 0;
	if (reserve_offline_page_range(&c->rescuer, pfn, pages, GFP_KERNEL))
		return 0;
	/* As from a new memory block: they count as managed again. */
	for (i = 0; i < pages; i++)
		clear_bit(PG_offline_onlined, offline_page_flags(page + i));
	keep_offline_page_range(&c->rescuer, pfn, pages, 0);
	free_offline_page_range(&c->rescuer, pfn, pages);
	return pages;
}

static unsigned long rescue_all(struct hostile_case *c)
{
	unsigned long pfn, lost = 0;
	void *entry;

	xa_for_each(&c->offered, pfn, entry)
		lost += rescue_unit(c, pfn, xa_to_value(entry));
	xa_destroy(&c->offered);
	return lost;
}

/* It ends, and what the host did not give back stays offline, and no more. */
static void end_case(struct hostile_case *c, unsigned long total)
{
	struct fake_host *host = c->test->priv;
	unsigned long start = jiffies, left;
	struct balloon_device *balloon = host->balloon;
	int kept = atomic_read(&c->heard->kept);

	host->balloon = NULL;
	vmballoon_destroy(balloon);
	check_time(c, start);
	check_book(c);
	expect_case(c, vmci_handle_is_invalid(host->doorbell), EQ, true);
	left = total - totalram_pages();
	check_kept(c, kept, left);
	expect_case(c, host->pages, LE, left);
	expect_case(c, rescue_all(c), EQ, left);
	expect_case(c, totalram_pages(), EQ, total);
	c->lost += left;
	forget_all(host);
}

static void run_hostile_case(struct hostile_case *c)
{
	unsigned long misuse = offline_pages_counter(OFFLINE_PAGES_MISUSE);
	unsigned long total = totalram_pages();
	struct fake_host *host = c->test->priv;
	bool warned = test_taint(TAINT_WARN);
	bool bad_page = test_taint(TAINT_BAD_PAGE);
	unsigned int i, nr, messages, flags = BALLOON_BY_HAND;

	hostile_begin(&c->rnd, c->nr);
	plan_case(c);
	flags |= pick(c, 2) ? BALLOON_DEFLATE_ON_OOM : 0;
	flags |= pick(c, 2) ? BALLOON_SHRINK : 0;
	flags |= pick(c, 2) ? BALLOON_RETURN_ON_RESTART : 0;
	host->balloon = vmballoon_create(flags);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(c->test, host->balloon);
	/* Whatever the host wants. */
	balloon_device_set_floor(host->balloon, total - c->most);
	host->target = c->most;
	run_steps(c, 3);
	check_case(c);
	nr = 6 + pick(c, 12);
	for (i = 0; i < nr; i++)
		hostile_action(c);
	if (!pick(c, 8)) {
		balloon_device_reboot(host->balloon, pick(c, 2));
		run_steps(c, 1);
		check_case(c);
	}
	end_case(c, total);

	expect_case(c, offline_pages_counter(OFFLINE_PAGES_MISUSE), EQ, misuse);
	expect_case(c, test_taint(TAINT_WARN), EQ, (int)warned);
	expect_case(c, test_taint(TAINT_BAD_PAGE), EQ, (int)bad_page);
	messages = atomic_read(&c->heard->messages);
	expect_case(c, messages, LE, MOST_MESSAGES * (1 + c->resumes));
	expect_case(c, atomic_read(&c->heard->gone), LE, 1);
	c->most_messages = max(c->most_messages, messages);
}

static void end_rescue(void *data)
{
	struct hostile_case *c = data;

	rescue_all(c);
	unregister_offline_page_owner(&c->rescuer);
}

static struct hostile_case *new_hostile_case(struct kunit *test)
{
	struct hostile_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->test = test;
	xa_init(&c->offered);
	c->text = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, c->text);
	init_offline_page_owner(&c->rescuer, "kunit-rescuer");
	KUNIT_ASSERT_EQ(test, 0, register_offline_page_owner(&c->rescuer));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, end_rescue, c));
	c->heard = begin_hearing(test);
	return c;
}

/*
 * Whatever the host answers, no page that it may have is used, only those are
 * lost, nobody waits for long, and what happens is said once.
 */
static void hostile_test(struct kunit *test)
{
	unsigned int i, nr = 0, faults = 0;
	struct hostile_case *c;

	c = new_hostile_case(test);
	hostile = c;
	kunit_activate_static_stub(test, vmballoon_port, hostile_port);
	kunit_activate_static_stub(test, vmballoon_create_doorbell,
				   hostile_create_doorbell);
	while (nr < hostile_cases && READ_ONCE(test->status) != KUNIT_FAILURE) {
		c->nr = hostile_first + nr++;
		run_hostile_case(c);
		cond_resched();
	}
	for (i = 0; i < NR_FAULTS; i++) {
		faults += c->happened[i];
		kunit_info(test, "%s: %u\n", fault_kinds[i].name,
			   c->happened[i]);
		/* All of them, unless some cases were left out. */
		if (!hostile_first && nr >= DEFAULT_CASES)
			KUNIT_EXPECT_GT_MSG(test, c->happened[i], 0, "%s",
					    fault_kinds[i].name);
	}
	if (nr >= DEFAULT_CASES && IS_ENABLED(CONFIG_BALLOON_MIGRATION))
		KUNIT_EXPECT_GT(test, c->moved, 0);
	kunit_info(test, "seed %u: %u cases, %u actions, %u faults, %lu pages moved, %lu had to stay offline; longest %u ms, most messages %u\n",
		   hostile_seed, nr, c->actions, faults, c->moved, c->lost,
		   jiffies_to_msecs(c->longest), c->most_messages);
}

static int vmw_balloon_init(struct kunit *test)
{
	struct fake_host *host = kunit_kzalloc(test, sizeof(*host), GFP_KERNEL);

	if (!host)
		return -ENOMEM;
	xa_init(&host->book);
	host->capabilities = ALL;
	host->told = VMCI_INVALID_HANDLE;
	host->doorbell = VMCI_INVALID_HANDLE;
	host->now = get_jiffies_64();
	test->priv = host;
	kunit_activate_static_stub(test, vmballoon_port, fake_port);
	kunit_activate_static_stub(test, vmballoon_create_doorbell,
				   fake_create_doorbell);
	kunit_activate_static_stub(test, vmballoon_destroy_doorbell,
				   fake_destroy_doorbell);
	return 0;
}

static void vmw_balloon_exit(struct kunit *test)
{
	struct fake_host *host = test->priv;

	if (!host)
		return;
	if (!IS_ERR_OR_NULL(host->balloon)) {
		host->answer = 0;
		vmballoon_destroy(host->balloon);
		KUNIT_EXPECT_EQ(test, host->pages, 0);
		KUNIT_EXPECT_TRUE(test, vmci_handle_is_invalid(host->doorbell));
	}
	xa_destroy(&host->book);
}

static struct kunit_case vmw_balloon_cases[] = {
	KUNIT_CASE_PARAM(negotiate_test, host_gen_params),
	KUNIT_CASE_PARAM(refused_test, status_gen_params),
	KUNIT_CASE(unknown_test),
	KUNIT_CASE(gone_test),
	KUNIT_CASE(reset_test),
	KUNIT_CASE(refused_start_test),
	KUNIT_CASE(told_test),
	KUNIT_CASE(doorbell_test),
	KUNIT_CASE(doorbell_reset_test),
	KUNIT_CASE(restart_test),
	KUNIT_CASE_SLOW(busy_stop_test),
	KUNIT_CASE(doorbell_refused_test),
	KUNIT_CASE_SLOW(hostile_test),
	{}
};

static struct kunit_suite vmw_balloon_suite = {
	.name = "vmw_balloon",
	.init = vmw_balloon_init,
	.exit = vmw_balloon_exit,
	.test_cases = vmw_balloon_cases,
};

kunit_test_suite(vmw_balloon_suite);

MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_DESCRIPTION("KUnit tests of VMware's balloon");
MODULE_LICENSE("GPL");
