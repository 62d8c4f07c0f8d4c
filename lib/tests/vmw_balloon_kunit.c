// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of VMware's balloon, drivers/balloon/vmware.c, with a host in
 * place of the I/O port, and a doorbell in place of VMCI's. The pages are real.
 * The class takes one step at a time.
 *
 * The host keeps a book of the units it has, and fails a test that gives it a
 * unit twice, or asks for one it does not have.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/balloon_device.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/vmw_vmci_defs.h>
#include <linux/xarray.h>

#include "../../drivers/balloon/vmware.h"

#define ALL	(VMBALLOON_BASIC | VMBALLOON_BATCHED | VMBALLOON_BATCHED_2M | \
		 VMBALLOON_DOORBELL | VMBALLOON_WIDE_TARGET)
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
	unsigned long now;
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
	unsigned long end = host->now + 60 * HZ;

	do {
		host->now += balloon_device_step(host->balloon, host->now) ?: 1;
	} while (time_before(host->now, end) &&
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
	{ "all", ALL, 0, ALL, VMBALLOON_BATCH_LOCK, VMBALLOON_2M_LOCK },
	{ "not_asked_for", ALL, ALL | BIT(0) | BIT(6) | BIT(31), ALL,
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
		host->target = BIT_ULL(40) + 10;
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

static int vmw_balloon_init(struct kunit *test)
{
	struct fake_host *host = kunit_kzalloc(test, sizeof(*host), GFP_KERNEL);

	if (!host)
		return -ENOMEM;
	xa_init(&host->book);
	host->capabilities = ALL;
	host->told = VMCI_INVALID_HANDLE;
	host->doorbell = VMCI_INVALID_HANDLE;
	host->now = jiffies;
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
	KUNIT_CASE(doorbell_refused_test),
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
