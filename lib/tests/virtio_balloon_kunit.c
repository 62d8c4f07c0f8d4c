// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of virtio-balloon, drivers/balloon/virtio.c, with a device of our
 * own on the virtio bus: it can offer what no hypervisor at hand does. The driver
 * binds to it as to any other, and takes real pages in real time.
 *
 * The device keeps a book of the frames that it has, and counts what the driver
 * should not do. It is legacy or modern. What is in rings and buffers has the
 * guest's byte order there or is little-endian: that is only a difference where
 * the guest is big-endian.
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <asm/barrier.h>
#include <linux/array_size.h>
#include <linux/completion.h>
#include <linux/container_of.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/virtio.h>
#include <linux/virtio_balloon.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <linux/vm_event_item.h>
#include <linux/vmstat.h>
#include <linux/xarray.h>

#define FRAMES		(PAGE_SIZE >> VIRTIO_BALLOON_PFN_SHIFT)
#define QUEUES		5
#define RING		128
#define BALLOON_BITS	6
#define SOME		(3 * 256 + 5)	/* pages */
#define PAUSE		20000		/* between two looks, in microseconds */
#define PATIENCE	(10 * 1000000)	/* until it should be there */

struct fake_queue {
	struct virtqueue *vq;
	u16 seen;		/* buffers that were looked at */
	u16 used;
	bool held;		/* nothing is looked at for now */
	unsigned int kicks, buffers;
};

/**
 * struct fake_device - a balloon device
 * @vdev: on the virtio bus
 * @released: nobody has a reference to it
 * @offered: its features
 * @agreed: those that the driver took
 * @status: of the device, as the driver set it
 * @lock: against several workers of the driver
 * @config: configuration space
 * @queues: in the order in which the driver found them
 * @nr_queues: how many there are
 * @book: frames that it has, by number
 * @frames: how many these are
 * @wrong: what the driver should not have done: frames that do not exist, that
 *	it gives twice or asks for in vain, or whose page is not offline
 * @actuals: how often the driver said how large the balloon is
 * @stats: the last statistics, as they were in the buffer
 * @nr_stats: how many, 0 if there are no newer ones
 * @stats_head: their buffer
 */
struct fake_device {
	struct virtio_device vdev;
	struct completion released;
	u64 offered, agreed;
	u8 status;
	struct mutex lock;		/* config, queues, book */
	struct virtio_balloon_config config;
	struct fake_queue queues[QUEUES];
	unsigned int nr_queues;
	struct xarray book;
	unsigned long frames;
	unsigned int wrong, actuals;
	struct virtio_balloon_stat stats[2 * VIRTIO_BALLOON_S_NR];
	unsigned int nr_stats;
	u16 stats_head;
};

static struct fake_device *to_fake(struct virtio_device *vdev)
{
	return container_of(vdev, struct fake_device, vdev);
}

static bool is_modern(const struct fake_device *d)
{
	return d->offered & BIT_ULL(VIRTIO_F_VERSION_1);
}

/* Not by the helpers that the driver has. */
static u16 to_16(const struct fake_device *d, __virtio16 val)
{
	return is_modern(d) ? le16_to_cpu((__force __le16)val) :
			      (__force u16)val;
}

static u32 to_32(const struct fake_device *d, __virtio32 val)
{
	return is_modern(d) ? le32_to_cpu((__force __le32)val) :
			      (__force u32)val;
}

static u64 to_64(const struct fake_device *d, __virtio64 val)
{
	return is_modern(d) ? le64_to_cpu((__force __le64)val) :
			      (__force u64)val;
}

static __virtio16 from_16(const struct fake_device *d, u16 val)
{
	return is_modern(d) ? (__force __virtio16)cpu_to_le16(val) :
			      (__force __virtio16)val;
}

static __virtio32 from_32(const struct fake_device *d, u32 val)
{
	return is_modern(d) ? (__force __virtio32)cpu_to_le32(val) :
			      (__force __virtio32)val;
}

static void one_frame(struct fake_device *d, bool inflate, unsigned long frame)
{
	unsigned long pfn = frame / FRAMES;
	bool had = xa_load(&d->book, frame);

	/* It is offline before the device has it and until it gives it back. */
	if (had == inflate || !pfn_valid(pfn) ||
	    !PageOffline(pfn_to_page(pfn))) {
		d->wrong++;
		return;
	}
	if (inflate)
		xa_store(&d->book, frame, xa_mk_value(1), GFP_KERNEL);
	else
		xa_erase(&d->book, frame);
	d->frames += inflate ? 1 : -1;
}

static void some_frames(struct fake_device *d, bool inflate,
			const __virtio32 *frames, unsigned int nr)
{
	unsigned int i;

	if (!nr || nr > 256 || nr % FRAMES)
		d->wrong++;
	for (i = 0; i < nr; i++)
		one_frame(d, inflate, to_32(d, frames[i]));
}

static void fake_forget(struct fake_device *d)
{
	xa_destroy(&d->book);
	d->frames = 0;
}

static void use_buffer(struct fake_device *d, struct fake_queue *q, u16 head)
{
	const struct vring *ring = virtqueue_get_vring(q->vq);

	ring->used->ring[q->used % RING].id = from_32(d, head);
	ring->used->ring[q->used % RING].len = 0;
	/* The index comes last. */
	virt_wmb();
	ring->used->idx = from_16(d, ++q->used);
}

/* Is the device done with the buffer? */
static bool one_buffer(struct fake_device *d, struct fake_queue *q, u16 head)
{
	const struct vring *ring = virtqueue_get_vring(q->vq);
	const struct vring_desc *desc = &ring->desc[head % RING];
	void *buffer = phys_to_virt(to_64(d, desc->addr));
	unsigned int len = to_32(d, desc->len);

	q->buffers++;
	if (to_16(d, desc->flags) & VRING_DESC_F_NEXT)
		d->wrong++;
	if (q->vq->index < 2) {
		some_frames(d, q->vq->index == 0, buffer, len / sizeof(u32));
	} else if (!strcmp(q->vq->name, "stats")) {
		d->nr_stats = min(len, sizeof(d->stats)) /
			      sizeof(d->stats[0]);
		memcpy(d->stats, buffer, d->nr_stats * sizeof(d->stats[0]));
		d->stats_head = head;
		return false;
	}
	return true;
}

/* Look at what is there; the driver's callback may have work to do. */
static void serve(struct fake_device *d, struct fake_queue *q)
{
	const struct vring *ring = virtqueue_get_vring(q->vq);
	bool used = false;
	u16 head;

	scoped_guard(mutex, &d->lock) {
		while (!q->held && q->seen != to_16(d, ring->avail->idx)) {
			/* The index comes first. */
			virt_rmb();
			head = to_16(d, ring->avail->ring[q->seen++ % RING]);
			if (!one_buffer(d, q, head))
				continue;
			use_buffer(d, q, head);
			used = true;
		}
	}
	if (used)
		vring_interrupt(0, q->vq);
}

static bool fake_notify(struct virtqueue *vq)
{
	struct fake_device *d = to_fake(vq->vdev);
	struct fake_queue *q = &d->queues[vq->index];

	q->kicks++;
	serve(d, q);
	return true;
}

static void fake_get(struct virtio_device *vdev, unsigned int offset, void *buf,
		     unsigned int len)
{
	struct fake_device *d = to_fake(vdev);

	guard(mutex)(&d->lock);
	memcpy(buf, (u8 *)&d->config + offset, len);
}

static void fake_set(struct virtio_device *vdev, unsigned int offset,
		     const void *buf, unsigned int len)
{
	struct fake_device *d = to_fake(vdev);

	guard(mutex)(&d->lock);
	memcpy((u8 *)&d->config + offset, buf, len);
	d->actuals += offset == offsetof(struct virtio_balloon_config, actual);
}

static u8 fake_get_status(struct virtio_device *vdev)
{
	return to_fake(vdev)->status;
}

static void fake_set_status(struct virtio_device *vdev, u8 status)
{
	to_fake(vdev)->status = status;
}

static void fake_reset(struct virtio_device *vdev)
{
	struct fake_device *d = to_fake(vdev);

	guard(mutex)(&d->lock);
	d->status = 0;
	fake_forget(d);
}

static void fake_synchronize(struct virtio_device *vdev)
{
}

static u64 fake_get_features(struct virtio_device *vdev)
{
	return to_fake(vdev)->offered;
}

static int fake_finalize_features(struct virtio_device *vdev)
{
	vring_transport_features(vdev);
	to_fake(vdev)->agreed = vdev->features;
	return 0;
}

static void fake_del_vqs(struct virtio_device *vdev)
{
	struct fake_device *d = to_fake(vdev);

	while (d->nr_queues)
		vring_del_virtqueue(d->queues[--d->nr_queues].vq);
}

static int fake_find_vqs(struct virtio_device *vdev, unsigned int nr,
			 struct virtqueue *vqs[], struct virtqueue_info info[],
			 struct irq_affinity *desc)
{
	struct fake_device *d = to_fake(vdev);
	unsigned int i;

	for (i = 0; i < nr; i++) {
		vqs[i] = NULL;
		if (!info[i].name)
			continue;
		vqs[i] = vring_create_virtqueue(d->nr_queues, RING, PAGE_SIZE,
						vdev, true, false, info[i].ctx,
						fake_notify, info[i].callback,
						info[i].name);
		if (!vqs[i]) {
			fake_del_vqs(vdev);
			return -ENOMEM;
		}
		d->queues[d->nr_queues++] = (struct fake_queue) {
			.vq = vqs[i]
		};
	}
	return 0;
}

static const struct virtio_config_ops fake_ops = {
	.get = fake_get,
	.set = fake_set,
	.get_status = fake_get_status,
	.set_status = fake_set_status,
	.reset = fake_reset,
	.synchronize_cbs = fake_synchronize,
	.get_features = fake_get_features,
	.finalize_features = fake_finalize_features,
	.find_vqs = fake_find_vqs,
	.del_vqs = fake_del_vqs,
};

static void fake_release(struct device *dev)
{
	complete(&to_fake(dev_to_virtio(dev))->released);
}

/* Put the device on the bus, with these features. */
static struct fake_device *plug(struct kunit *test, u64 features)
{
	struct fake_device *d = test->priv;
	struct device_driver *driver;

	memset(&d->vdev, 0, sizeof(d->vdev));
	memset(&d->config, 0, sizeof(d->config));
	init_completion(&d->released);
	d->offered = features;
	d->agreed = 0;
	d->actuals = 0;
	d->nr_stats = 0;
	d->vdev.id.device = VIRTIO_ID_BALLOON;
	d->vdev.config = &fake_ops;
	d->vdev.dev.release = fake_release;
	if (register_virtio_device(&d->vdev)) {
		put_device(&d->vdev.dev);
		d->vdev.config = NULL;
		KUNIT_FAIL_AND_ABORT(test, "no virtio device");
	}
	driver = driver_find("virtio_balloon", d->vdev.dev.bus);
	if (!driver)
		kunit_skip(test, "virtio_balloon is not loaded");
	KUNIT_ASSERT_PTR_EQ(test, d->vdev.dev.driver, driver);
	KUNIT_ASSERT_GE(test, d->nr_queues, 2);
	KUNIT_EXPECT_TRUE(test, d->status & VIRTIO_CONFIG_S_DRIVER_OK);
	return d;
}

static void unplug(struct kunit *test)
{
	struct fake_device *d = test->priv;

	if (!d->vdev.config)
		return;
	unregister_virtio_device(&d->vdev);
	wait_for_completion(&d->released);
	d->vdev.config = NULL;
	KUNIT_EXPECT_EQ(test, d->wrong, 0);
	KUNIT_EXPECT_EQ(test, d->frames, 0);
	KUNIT_EXPECT_EQ(test, d->nr_queues, 0);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(d->config.actual), 0);
	d->wrong = 0;
}

static u32 actual(struct fake_device *d)
{
	guard(mutex)(&d->lock);
	return le32_to_cpu(d->config.actual);
}

static unsigned long has_frames(struct fake_device *d)
{
	guard(mutex)(&d->lock);
	return d->frames;
}

static void set_target(struct fake_device *d, u32 frames)
{
	scoped_guard(mutex, &d->lock)
		d->config.num_pages = cpu_to_le32(frames);
	virtio_config_changed(&d->vdev);
}

/* Until the balloon has so many frames of 4 KiB, and says so. */
static void expect_frames(struct kunit *test, u32 frames)
{
	struct fake_device *d = test->priv;
	unsigned long has;

	read_poll_timeout(has_frames, has, has == frames && actual(d) == frames,
			  PAUSE, PATIENCE, false, d);
	KUNIT_EXPECT_EQ(test, has, frames);
	KUNIT_EXPECT_EQ(test, actual(d), frames);
}

static void follow(struct kunit *test, u32 frames)
{
	set_target(test->priv, frames);
	/* Part of a page cannot be had. */
	expect_frames(test, round_down(frames, FRAMES));
}

static bool has_poison(void)
{
	return want_init_on_free() || page_poisoning_enabled_static();
}

/* Whether there is a queue of this name, where it has to be. */
static unsigned int expect_queue(struct kunit *test, unsigned int index,
				 const char *name)
{
	struct fake_device *d = test->priv;

	KUNIT_ASSERT_LT(test, index, d->nr_queues);
	KUNIT_EXPECT_STREQ(test, d->queues[index].vq->name, name);
	return index + 1;
}

static void with_features(struct kunit *test, u64 offered)
{
	struct fake_device *d = plug(test, offered);
	u64 want = offered & ~BIT_ULL(VIRTIO_F_ACCESS_PLATFORM);
	unsigned int nr = 2;

	if (!has_poison())
		want &= ~BIT_ULL(VIRTIO_BALLOON_F_PAGE_POISON);
	else if (!(want & BIT(VIRTIO_BALLOON_F_PAGE_POISON)))
		want &= ~BIT_ULL(VIRTIO_BALLOON_F_REPORTING);
	want &= GENMASK_ULL(BALLOON_BITS - 1, 0) | BIT_ULL(VIRTIO_F_VERSION_1);
	KUNIT_EXPECT_EQ(test, d->agreed, want);

	expect_queue(test, 0, "inflate");
	expect_queue(test, 1, "deflate");
	if (want & BIT(VIRTIO_BALLOON_F_STATS_VQ))
		nr = expect_queue(test, nr, "stats");
	if (want & BIT(VIRTIO_BALLOON_F_FREE_PAGE_HINT))
		nr = expect_queue(test, nr, "free_page_vq");
	if (want & BIT(VIRTIO_BALLOON_F_REPORTING))
		nr = expect_queue(test, nr, "reporting_vq");
	KUNIT_EXPECT_EQ(test, d->nr_queues, nr);
	if (want & BIT(VIRTIO_BALLOON_F_PAGE_POISON))
		KUNIT_EXPECT_EQ(test, le32_to_cpu(d->config.poison_val),
				want_init_on_free() ? 0 : 0xaaaaaaaa);

	follow(test, 20 * FRAMES);
	follow(test, 0);
	unplug(test);
}

static const bool kinds[] = { false, true };

static void kind_desc(const bool *modern, char *desc)
{
	strscpy(desc, *modern ? "modern" : "legacy", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(kind, kinds, kind_desc);

static u64 kind_features(struct kunit *test)
{
	return *(bool *)test->param_value ? BIT_ULL(VIRTIO_F_VERSION_1) : 0;
}

/* Every feature on and off with all others, MUST_TELL_HOST as well. */
static void features_test(struct kunit *test)
{
	u64 kind = kind_features(test);
	unsigned int bits;

	for (bits = 0; bits < BIT(BALLOON_BITS); bits++)
		with_features(test, kind | bits);
	/* Not balloon's, or not known yet. */
	if (kind)
		kind |= BIT_ULL(VIRTIO_F_ACCESS_PLATFORM);
	with_features(test, kind | BIT(BALLOON_BITS) | BIT(BALLOON_BITS + 1) |
		      BIT(VIRTIO_BALLOON_F_STATS_VQ));
}

/* Frame numbers, one by one, and sizes that are not whole pages. */
static void frames_test(struct kunit *test)
{
	struct fake_device *d = plug(test, kind_features(test));
	unsigned int kicks, actuals;

	follow(test, SOME * FRAMES);
	KUNIT_EXPECT_GE(test, d->queues[0].buffers, SOME * FRAMES / 256);
	follow(test, SOME * FRAMES + 1);
	follow(test, SOME * FRAMES + FRAMES - 1);
	follow(test, 100 * FRAMES - 1);
	follow(test, 0);

	/* In one batch, and several: one word about the size for each. */
	kicks = d->queues[0].kicks;
	actuals = d->actuals;
	follow(test, 3 * 8192);
	kicks = d->queues[0].kicks - kicks;
	KUNIT_EXPECT_GE(test, kicks, 3);
	KUNIT_EXPECT_EQ(test, d->actuals - actuals, kicks);
	follow(test, 0);
}

/* Pages are not used again before the device has answered. */
static void tell_first_test(struct kunit *test)
{
	u64 features = BIT(VIRTIO_BALLOON_F_MUST_TELL_HOST);
	struct fake_device *d = plug(test, kind_features(test) | features);
	struct fake_queue *q = &d->queues[1];
	unsigned long frame;
	unsigned int kicks;
	void *entry;

	KUNIT_EXPECT_TRUE(test, d->agreed & features);
	follow(test, SOME * FRAMES);
	q->held = true;
	set_target(d, 0);
	read_poll_timeout(READ_ONCE, kicks, kicks, PAUSE, PATIENCE, false,
			  q->kicks);
	KUNIT_EXPECT_EQ(test, kicks, 1);
	msleep(50);
	xa_for_each(&d->book, frame, entry)
		KUNIT_EXPECT_TRUE(test,
				  PageOffline(pfn_to_page(frame / FRAMES)));
	KUNIT_EXPECT_EQ(test, has_frames(d), SOME * FRAMES);
	q->held = false;
	serve(d, q);
	expect_frames(test, 0);
}

/* Amounts that only grow, as far as anybody knows: from, and until now. */
static void known_stats(u64 *values)
{
	unsigned long events[NR_VM_EVENT_ITEMS];
	unsigned int i;

	all_vm_events(events);
	values[VIRTIO_BALLOON_S_SWAP_IN] = (u64)events[PSWPIN] << PAGE_SHIFT;
	values[VIRTIO_BALLOON_S_SWAP_OUT] = (u64)events[PSWPOUT] << PAGE_SHIFT;
	values[VIRTIO_BALLOON_S_MAJFLT] = events[PGMAJFAULT];
	values[VIRTIO_BALLOON_S_MINFLT] = events[PGFAULT];
	values[VIRTIO_BALLOON_S_OOM_KILL] = events[OOM_KILL];
	values[VIRTIO_BALLOON_S_ALLOC_STALL] = 0;
	for (i = 0; i < MAX_NR_ZONES; i++)
		values[VIRTIO_BALLOON_S_ALLOC_STALL] +=
			events[ALLOCSTALL_NORMAL - ZONE_NORMAL + i];
#ifdef CONFIG_HUGETLB_PAGE
	values[VIRTIO_BALLOON_S_HTLB_PGALLOC] = events[HTLB_BUDDY_PGALLOC];
	values[VIRTIO_BALLOON_S_HTLB_PGFAIL] = events[HTLB_BUDDY_PGALLOC_FAIL];
#endif
	values[VIRTIO_BALLOON_S_MEMTOT] = (u64)totalram_pages() << PAGE_SHIFT;
	values[VIRTIO_BALLOON_S_ASYNC_SCAN] =
		(u64)global_node_page_state(PGSCAN_KSWAPD) << PAGE_SHIFT;
	values[VIRTIO_BALLOON_S_DIRECT_SCAN] =
		(u64)global_node_page_state(PGSCAN_DIRECT) << PAGE_SHIFT;
	values[VIRTIO_BALLOON_S_ASYNC_RECLAIM] =
		(u64)global_node_page_state(PGSTEAL_KSWAPD) << PAGE_SHIFT;
	values[VIRTIO_BALLOON_S_DIRECT_RECLAIM] =
		(u64)global_node_page_state(PGSTEAL_DIRECT) << PAGE_SHIFT;
}

/* Hardly any of this happened yet: let them differ for a while. */
static void count_events(long times)
{
	static const enum vm_event_item items[] = {
		PSWPIN, PSWPOUT, PGMAJFAULT, PGFAULT, OOM_KILL,
		ALLOCSTALL_NORMAL, ALLOCSTALL_MOVABLE,
#ifdef CONFIG_HUGETLB_PAGE
		HTLB_BUDDY_PGALLOC, HTLB_BUDDY_PGALLOC_FAIL,
#endif
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(items); i++)
		count_vm_events(items[i], times * (100000L << i));
}

static void uncount_events(void *unused)
{
	count_events(-1);
}

static bool is_known(unsigned int tag)
{
	return tag != VIRTIO_BALLOON_S_MEMFREE &&
	       tag != VIRTIO_BALLOON_S_AVAIL &&
	       tag != VIRTIO_BALLOON_S_CACHES;
}

static unsigned int wait_for_stats(struct fake_device *d)
{
	unsigned int nr;

	read_poll_timeout(READ_ONCE, nr, nr, PAUSE, PATIENCE, false,
			  d->nr_stats);
	return nr;
}

static void check_stats(struct kunit *test, const u64 *since)
{
	struct fake_device *d = test->priv;
	u64 until[VIRTIO_BALLOON_S_NR] = {}, value;
	unsigned int i, tag, nr = VIRTIO_BALLOON_S_NR;
	unsigned long seen = 0;

	if (!IS_ENABLED(CONFIG_HUGETLB_PAGE))
		nr -= 2;
	KUNIT_ASSERT_EQ(test, wait_for_stats(d), nr);
	known_stats(until);
	for (i = 0; i < nr; i++) {
		tag = to_16(d, d->stats[i].tag);
		value = to_64(d, d->stats[i].val);
		KUNIT_ASSERT_LT(test, tag, VIRTIO_BALLOON_S_NR);
		KUNIT_EXPECT_FALSE_MSG(test, test_and_set_bit(tag, &seen),
				       "tag %u twice", tag);
		if (is_known(tag)) {
			KUNIT_EXPECT_GE_MSG(test, value, since[tag], "tag %u",
					    tag);
			KUNIT_EXPECT_LE_MSG(test, value, until[tag], "tag %u",
					    tag);
		} else {
			if (tag != VIRTIO_BALLOON_S_CACHES)
				KUNIT_EXPECT_GT_MSG(test, value, 0, "tag %u",
						    tag);
			KUNIT_EXPECT_LT_MSG(test, value,
					    until[VIRTIO_BALLOON_S_MEMTOT],
					    "tag %u", tag);
			KUNIT_EXPECT_TRUE_MSG(test,
					      IS_ALIGNED(value, PAGE_SIZE),
					      "tag %u", tag);
		}
	}
}

/* All tags that there are, whose values are right, again on request. */
static void stats_test(struct kunit *test)
{
	u64 since[VIRTIO_BALLOON_S_NR] = {};
	struct fake_device *d;
	struct fake_queue *q;
	__virtio16 first;

	count_events(1);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, uncount_events,
							   NULL));
	known_stats(since);
	d = plug(test, kind_features(test) | BIT(VIRTIO_BALLOON_F_STATS_VQ));
	q = &d->queues[2];
	check_stats(test, since);
	first = d->stats[0].tag;
	KUNIT_EXPECT_EQ(test, q->buffers, 1);

	known_stats(since);
	scoped_guard(mutex, &d->lock) {
		d->nr_stats = 0;
		use_buffer(d, q, d->stats_head);
	}
	vring_interrupt(0, q->vq);
	check_stats(test, since);
	KUNIT_EXPECT_TRUE(test, first == d->stats[0].tag);
	KUNIT_EXPECT_EQ(test, q->buffers, 2);
}

static int virtio_balloon_init(struct kunit *test)
{
	struct fake_device *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);

	if (!d)
		return -ENOMEM;
	mutex_init(&d->lock);
	xa_init(&d->book);
	test->priv = d;
	return 0;
}

static void virtio_balloon_exit(struct kunit *test)
{
	struct fake_device *d = test->priv;
	unsigned int i;

	if (!d)
		return;
	for (i = 0; i < d->nr_queues; i++) {
		d->queues[i].held = false;
		serve(d, &d->queues[i]);
	}
	unplug(test);
	xa_destroy(&d->book);
}

static struct kunit_case virtio_balloon_cases[] = {
	KUNIT_CASE_PARAM(features_test, kind_gen_params),
	KUNIT_CASE_PARAM(frames_test, kind_gen_params),
	KUNIT_CASE_PARAM(tell_first_test, kind_gen_params),
	KUNIT_CASE_PARAM(stats_test, kind_gen_params),
	{}
};

static struct kunit_suite virtio_balloon_suite = {
	.name = "virtio_balloon",
	.init = virtio_balloon_init,
	.exit = virtio_balloon_exit,
	.test_cases = virtio_balloon_cases,
};

kunit_test_suite(virtio_balloon_suite);

MODULE_DESCRIPTION("KUnit tests of virtio-balloon");
MODULE_LICENSE("GPL");
