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
 *
 * hostile_test has a device that does it all wrong, in generated cases. Built in,
 * the command line says how many, from which seed, and which one is the first:
 *
 *	virtio_balloon_kunit.hostile_cases=10000 virtio_balloon_kunit.hostile_seed=7
 *	virtio_balloon_kunit.hostile_first=0 kunit.timeout=3600
 *
 * A case depends on the seed and its own number only, so that the one that failed
 * can be run alone.
 */
#include <kunit/resource.h>
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <asm/barrier.h>
#include <linux/array_size.h>
#include <linux/atomic.h>
#include <linux/balloon_device.h>
#include <linux/bitmap.h>
#include <linux/completion.h>
#include <linux/container_of.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/jiffies.h>
#include <linux/kstrtox.h>
#include <linux/kthread.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/offline_pages.h>
#include <linux/page_reporting.h>
#include <linux/panic.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/swap.h>
#include <linux/virtio.h>
#include <linux/virtio_balloon.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <linux/vm_event_item.h>
#include <linux/vmstat.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

/* Of hosts that answer wrongly, unless a parameter says how many. */
#define DEFAULT_CASES	126
#include "balloon_hostile.h"

#define FRAMES		(PAGE_SIZE >> VIRTIO_BALLOON_PFN_SHIFT)
#define RING		128
#define BALLOON_BITS	6
#define SOME		(3 * 256 + 5)	/* pages */
#define BATCH		(8192 / FRAMES)	/* pages, at once */
#define PAUSE		20000		/* between two looks, in microseconds */
#define PATIENCE	(10 * 1000000)	/* until it should be there */
#define TRICKLE		(HZ / 2)	/* between buffers of a slow device */
#define SLOW_NOTIFY	300		/* ms, for one that is slow to hear */

/* In the order of the specification. Those that nobody agreed on are left out. */
enum queue_kind {
	QUEUE_INFLATE, QUEUE_DEFLATE, QUEUE_STATS, QUEUE_HINTS, QUEUE_REPORTING,
	QUEUES,
};

/* The beginning of the driver's struct vballoon. */
struct vballoon_head {
	struct page_reporting_dev_info reporting;
	bool report_held;
};

/* What a hostile device does, once in a case or all the time. */
enum fault_kind {
	/* Instead of using the buffers that it was notified of, or after it. */
	FAULT_LENGTH,		/* with a wrong length */
	FAULT_RANGE,		/* an id that there cannot be */
	FAULT_FREE,		/* an id that is not in use */
	FAULT_TWICE,		/* the same one twice */
	FAULT_ORDER,		/* the last one first */
	FAULT_JUMP,		/* more than there are in the ring */
	FAULT_LATE,		/* later, or it breaks */
	FAULT_LOST,		/* later, without an interrupt: takes a second */
	FAULT_QUIET,		/* it does not want to be notified */
	FAULT_BREAK,		/* one queue or all are broken */
	FAULT_NOTIFY,		/* it cannot be notified any more */
	FAULT_SPURIOUS,		/* interrupts of all queues */
	FAULT_RESET,		/* it says that it needs a reset, */
	FAULT_STOPS,		/* ... and is silent: takes a second */
	FAULT_UNPLUG,		/* it is about to be removed */
	NR_BUFFER_FAULTS,
	/* After some of the guest's actions. */
	FAULT_TARGET = NR_BUFFER_FAULTS, /* absurd */
	FAULT_FLIPS,		/* another one each time, and one more meanwhile */
	FAULT_NEEDS_RESET,	/* it says so */
	NR_TIMED_FAULTS,
	/* At the start, or when it is restored. */
	FAULT_FEATURES = NR_TIMED_FAULTS, /* it refuses them */
	FAULT_QUEUES,		/* it has none */
	FAULT_FLOOD,		/* it wants statistics all the time */
	NR_QUICK_FAULTS,
	FAULT_SILENT = NR_QUICK_FAULTS,	/* no answer: takes seconds */
	NR_FAULTS,
};

static const char * const fault_names[NR_FAULTS] = {
	[FAULT_LENGTH] = "length",
	[FAULT_RANGE] = "id out of range",
	[FAULT_FREE] = "id not in use",
	[FAULT_TWICE] = "used twice",
	[FAULT_ORDER] = "out of order",
	[FAULT_JUMP] = "used index jumps",
	[FAULT_LATE] = "late",
	[FAULT_LOST] = "lost interrupt",
	[FAULT_QUIET] = "no notification wanted",
	[FAULT_BREAK] = "queue broken",
	[FAULT_NOTIFY] = "notification fails",
	[FAULT_SPURIOUS] = "spurious interrupts",
	[FAULT_RESET] = "needs reset at a buffer",
	[FAULT_STOPS] = "needs reset and stops",
	[FAULT_UNPLUG] = "unplugged at a buffer",
	[FAULT_TARGET] = "absurd target",
	[FAULT_FLIPS] = "target changes when read",
	[FAULT_NEEDS_RESET] = "needs reset",
	[FAULT_FEATURES] = "features refused",
	[FAULT_QUEUES] = "no queues",
	[FAULT_FLOOD] = "statistics without end",
	[FAULT_SILENT] = "never answers",
};

static const char * const queue_names[QUEUES] = {
	[QUEUE_INFLATE] = "inflate",
	[QUEUE_DEFLATE] = "deflate",
	[QUEUE_STATS] = "statistics",
	[QUEUE_HINTS] = "hints",
	[QUEUE_REPORTING] = "reports",
};

/**
 * struct fault - something that goes wrong in a case
 * @kind: what
 * @queue: which one, for buffers
 * @after: so many buffers of it, actions, or times that it was restored
 * @value: decides on the details
 * @done: it happened
 */
struct fault {
	enum fault_kind kind;
	enum queue_kind queue;
	unsigned int after;
	u32 value;
	bool done;
};

#define MAX_FAULTS	4

struct fake_queue {
	struct virtqueue *vq;
	enum queue_kind which;
	u16 seen;		/* buffers that were looked at */
	u16 used;
	bool held;		/* nothing is looked at for now, */
	unsigned int but;	/* but so many buffers */
	unsigned int kicks, buffers;
	bool slow_notify, notified;	/* it takes a while; at it now */

	/* Of a hostile device. */
	DECLARE_BITMAP(pending, RING);	/* seen, and not used yet */
	DECLARE_BITMAP(late, RING);	/* ... but in some ticks */
	unsigned int ticks;
	const struct fault *why;
	unsigned int quiet;	/* ticks until it wants to be notified again */
};

/**
 * struct fake_device - a balloon device
 * @vdev: on the virtio bus
 * @released: nobody has a reference to it
 * @offered: its features
 * @agreed: those that the driver took
 * @status: of the device, as the driver set it
 * @looks: how often the driver looked at that
 * @lock: against several workers of the driver
 * @config: configuration space
 * @queues: in the order in which the driver found them
 * @nr_queues: how many there are
 * @book: frames that it has, by number
 * @frames: how many these are
 * @wrong: what the driver should not have done: frames that do not exist, that
 *	it gives twice or asks for in vain, or whose page is not offline; or to reset
 *	it in the middle of a notification
 * @actuals: how often the driver said how large the balloon is
 * @resets: how often the driver reset it
 * @balloon: the driver's device in the class, see find_balloon()
 * @trickle: uses a buffer of @slow now and then, until the queues are deleted
 * @slow: a queue that is held
 * @times: how often, at most
 * @stats: the last statistics, as they were in the buffer
 * @nr_stats: how many, 0 if there are no newer ones
 * @stats_head: their buffer
 * @hostile: there is a plan of what goes wrong
 * @faults: the plan
 * @nr_faults: how many these are
 * @ring: sizes of the queues, 0 for the usual one
 * @tick: while there are queues, does what is not done at once
 * @unplug: removes it from the bus
 * @unplugged: that has begun: the test must not ask for anything more
 * @enabled: its queues have been set up since the last reset
 * @down: the driver reset it, and did not start it again
 * @silent: it looks at nothing
 * @stopped: nor does it until it is reset
 * @unheard: it answered when the driver did not wait for that any more
 * @given: some of the pages that it was given
 * @flips: the target is another one each time; what it depends on
 * @flood: so many times it wants statistics at once
 * @hints: so many buffers of free pages it uses
 * @has_stats: @stats_head is there
 * @hinted: what the driver said of free blocks: commands, and the last one to
 *	begin; blocks, and the last one
 * @lives: how often it was restored
 * @ranges: buffers that were memory: of free pages, and of the balloon's
 * @what: the last thing that was wrong
 * @heard: what was said on the console
 */
struct fake_device {
	struct virtio_device vdev;
	struct completion released;
	u64 offered, agreed;
	u8 status;
	atomic_t looks;
	bool enabled;
	struct mutex lock;		/* config, queues, book */
	struct virtio_balloon_config config;
	struct fake_queue queues[QUEUES];
	unsigned int nr_queues;
	struct xarray book;
	unsigned long frames;
	unsigned int wrong, actuals, resets;
	struct balloon_device *balloon;
	struct delayed_work trickle;
	struct fake_queue *slow;
	unsigned int times;
	struct virtio_balloon_stat stats[2 * VIRTIO_BALLOON_S_NR];
	unsigned int nr_stats;
	u16 stats_head;

	bool hostile;
	struct fault faults[MAX_FAULTS];
	unsigned int nr_faults;
	unsigned int ring[QUEUES];
	struct delayed_work tick;
	struct work_struct unplug;
	bool unplugged;
	bool down, silent, stopped, unheard, has_stats;
	struct given given;
	struct {
		unsigned int begun, ended, blocks;
		u32 id;
		struct page *page;
	} hinted;
	u32 flips;
	unsigned int flood, hints;
	unsigned int lives;
	struct {
		unsigned int free, held;
	} ranges;
	const char *what;
	struct heard *heard;
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
	/* It may be asked once more for what it gave unheard. */
	bool again = !inflate && !had && d->unheard;

	/* It is offline before the device has it and until it gives it back. */
	if ((had == inflate && !again) || !pfn_valid(pfn) ||
	    !PageOffline(pfn_to_page(pfn))) {
		d->wrong++;
		return;
	}
	if (again)
		return;
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

static unsigned int ring_size(const struct fake_queue *q)
{
	return virtqueue_get_vring_size(q->vq);
}

static void use_buffer(struct fake_device *d, struct fake_queue *q, u16 head)
{
	const struct vring *ring = virtqueue_get_vring(q->vq);
	unsigned int i = q->used % ring_size(q);

	ring->used->ring[i].id = from_32(d, head);
	ring->used->ring[i].len = 0;
	/* The index comes last. */
	virt_wmb();
	ring->used->idx = from_16(d, ++q->used);
}

/*
 * A command to begin or end, or a block that is free as long as it has it, or
 * until it says that it has done.
 */
static void one_hint(struct fake_device *d, bool writable, void *buffer,
		     unsigned int len)
{
	bool done = le32_to_cpu(d->config.free_page_hint_cmd_id) ==
		    VIRTIO_BALLOON_CMD_ID_DONE;
	u32 id = 0;

	if (writable) {
		d->wrong += len != PAGE_SIZE << MAX_PAGE_ORDER ||
			    (!done && !PageOffline(virt_to_page(buffer)));
		d->hinted.blocks++;
		d->hinted.page = virt_to_page(buffer);
		return;
	}
	if (len == sizeof(u32))
		id = to_32(d, *(__virtio32 *)buffer);
	else
		d->wrong++;
	if (id) {
		d->hinted.begun++;
		d->hinted.id = id;
	} else {
		d->hinted.ended++;
	}
}

/* Is the device done with the buffer? */
static bool one_buffer(struct fake_device *d, struct fake_queue *q, u16 head)
{
	const struct vring *ring = virtqueue_get_vring(q->vq);
	const struct vring_desc *desc = &ring->desc[head % ring_size(q)];
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
	} else if (!strcmp(q->vq->name, "free_page_vq")) {
		one_hint(d, to_16(d, desc->flags) & VRING_DESC_F_WRITE, buffer,
			 len);
	}
	return true;
}

static bool may_look(struct fake_queue *q)
{
	return !q->held || (q->but && q->but--);
}

/* Look at what is there; the driver's callback may have work to do. */
static void serve(struct fake_device *d, struct fake_queue *q)
{
	const struct vring *ring = virtqueue_get_vring(q->vq);
	bool used = false;
	u16 head;

	scoped_guard(mutex, &d->lock) {
		while (q->seen != to_16(d, ring->avail->idx) && may_look(q)) {
			/* The index comes first. */
			virt_rmb();
			head = to_16(d, ring->avail->ring[q->seen++ %
							  ring_size(q)]);
			if (!one_buffer(d, q, head))
				continue;
			use_buffer(d, q, head);
			used = true;
		}
	}
	if (used)
		vring_interrupt(0, q->vq);
}

static void trickle_work(struct work_struct *work)
{
	struct fake_device *d = container_of(to_delayed_work(work),
					     struct fake_device, trickle);

	scoped_guard(mutex, &d->lock)
		d->slow->but = 1;
	serve(d, d->slow);
	if (--d->times)
		schedule_delayed_work(&d->trickle, TRICKLE);
}

/*
 * A hostile device. A page is its own from when it can see it in the inflate
 * queue until it says that it used a buffer of the deflate queue with that page:
 * the guest cannot know more. What goes wrong does so when the driver notifies
 * it, so that a case is the same each time. The tick only does what is late.
 */
#define TICK		1
#define FAR		0x4000	/* from any index that a queue gets to */

static atomic_t fault_count[NR_FAULTS];
static atomic_t buffer_faults[NR_BUFFER_FAULTS][QUEUES];

static void happened(enum fault_kind kind)
{
	atomic_inc(&fault_count[kind]);
}

/* Does this go wrong when it is started this time? */
static bool start_fault(struct fake_device *d, enum fault_kind kind)
{
	struct fault *f;

	for (f = d->faults; f < d->faults + d->nr_faults; f++) {
		if (f->kind != kind || f->done || f->after != d->lives)
			continue;
		f->done = true;
		happened(kind);
		return true;
	}
	return false;
}

/* Does something go wrong with this buffer? */
static struct fault *due_fault(struct fake_device *d, struct fake_queue *q)
{
	struct fault *f;

	for (f = d->faults; f < d->faults + d->nr_faults; f++) {
		if (f->kind >= NR_BUFFER_FAULTS || f->done ||
		    f->queue != q->which || f->after--)
			continue;
		f->done = true;
		/* The test must know that it is in the middle of something. */
		if (f->kind == FAULT_UNPLUG &&
		    (d->unplugged || !kunit_get_current_test()))
			f->kind = FAULT_LATE;
		return f;
	}
	return NULL;
}

static void flip_target(struct fake_device *d)
{
	d->flips = d->flips * 1664525 + 1013904223;
	d->config.num_pages = cpu_to_le32(d->flips >> (d->flips >> 27));
	happened(FAULT_FLIPS);
}

static const struct vring_desc *desc_of(const struct fake_queue *q, u16 head)
{
	return &virtqueue_get_vring(q->vq)->desc[head];
}

static struct page *range_page(const struct fake_device *d,
			       const struct fake_queue *q, u16 head)
{
	return pfn_to_page(PHYS_PFN(to_64(d, desc_of(q, head)->addr)));
}

/*
 * A range is free, or the balloon's, until it is used. The latter are of no queue
 * then, and may be used again without a word.
 */
static void hostile_range(struct fake_device *d, struct fake_queue *q, u16 head,
			  bool used)
{
	const struct vring_desc *desc = desc_of(q, head);
	unsigned long frame, end, len = to_32(d, desc->len);
	struct page *page = range_page(d, q, head);
	unsigned int wrong = d->wrong;

	d->wrong += !len || !PAGE_ALIGNED(len | to_64(d, desc->addr)) ||
		    to_16(d, desc->flags) != VRING_DESC_F_WRITE;
	frame = page_to_pfn(page) * FRAMES;
	end = frame + (len >> VIRTIO_BALLOON_PFN_SHIFT);
	if (used ? !xa_load(&d->book, frame) : !PageOffline(page)) {
		d->wrong += page_count(page) > 0;
		d->ranges.free += !used;
	} else {
		if (!used)
			note_given(&d->given, page_to_pfn(page));
		d->ranges.held += !used;
		while (frame < end)
			one_frame(d, !used, frame++);
	}
	if (d->wrong > wrong)
		d->what = used ? "a range was in use while it was reported" :
				 "a range was reported that should not be";
}

static void hostile_frames(struct fake_device *d, struct fake_queue *q,
			   u16 head, bool used)
{
	const struct vring_desc *desc = desc_of(q, head);
	const __virtio32 *frames = phys_to_virt(to_64(d, desc->addr));
	unsigned int i, nr = to_32(d, desc->len) / sizeof(*frames);
	bool inflate = q->which == QUEUE_INFLATE;
	unsigned int wrong = d->wrong;

	d->wrong += !nr || nr % FRAMES ||
		    to_16(d, desc->flags) & VRING_DESC_F_NEXT;
	if (inflate && !used && nr)
		note_given(&d->given, to_32(d, frames[0]) / FRAMES);
	for (i = 0; i < nr; i++) {
		u32 frame = to_32(d, frames[i]);
		bool had = xa_load(&d->book, frame);

		if (inflate != used)
			one_frame(d, inflate, frame);
		else if (!used && !had)
			d->wrong += !d->unheard ||
				    !PageOffline(pfn_to_page(frame / FRAMES));
	}
	if (d->wrong > wrong)
		d->what = used ? "a page left while it was asked for" :
			  inflate ? "a page was given that should not be" :
				    "a page was asked for that it does not have";
}

/* It sees a buffer, or is about to use it. */
static void hostile_buffer(struct fake_device *d, struct fake_queue *q,
			   u16 head, bool used)
{
	switch (q->which) {
	case QUEUE_INFLATE:
	case QUEUE_DEFLATE:
		hostile_frames(d, q, head, used);
		break;
	case QUEUE_REPORTING:
		hostile_range(d, q, head, used);
		break;
	default:
		break;
	}
}

static void put_used(struct fake_device *d, struct fake_queue *q, u32 id,
		     u32 len)
{
	struct vring_used *used = virtqueue_get_vring(q->vq)->used;
	unsigned int i = q->used++ % ring_size(q);

	used->ring[i].id = from_32(d, id);
	used->ring[i].len = from_32(d, len);
}

static void use_head(struct fake_device *d, struct fake_queue *q, u16 head,
		     u32 len)
{
	clear_bit(head, q->pending);
	hostile_buffer(d, q, head, true);
	put_used(d, q, head, len);
}

static void publish(struct fake_device *d, struct fake_queue *q)
{
	/* The index comes last. */
	virt_wmb();
	virtqueue_get_vring(q->vq)->used->idx = from_16(d, q->used);
}

/* When does it want to be notified: of the next buffer, or not at all? */
static void want_kick(struct fake_device *d, struct fake_queue *q)
{
	const struct vring *ring = virtqueue_get_vring(q->vq);

	if (d->agreed & BIT_ULL(VIRTIO_RING_F_EVENT_IDX))
		vring_avail_event(ring) =
			from_16(d, q->seen + (q->quiet ? FAR : 0));
	else
		ring->used->flags =
			from_16(d, q->quiet ? VRING_USED_F_NO_NOTIFY : 0);
}

/* Some buffers are kept: the statistics, and free pages but for a few. */
static bool keep_buffer(struct fake_device *d, struct fake_queue *q, u16 head)
{
	if (!strcmp(q->vq->name, "stats")) {
		if (d->flood) {
			d->flood--;
			happened(FAULT_FLOOD);
			return false;
		}
		d->stats_head = head;
		d->has_stats = true;
		return true;
	}
	if (!strcmp(q->vq->name, "free_page_vq"))
		return !d->hints || !d->hints--;
	return false;
}

/* Use these buffers, or do what is wrong. */
static void use_heads(struct fake_device *d, struct fake_queue *q, u16 *heads,
		      unsigned int nr, struct fault *f)
{
	unsigned int i, size = ring_size(q);
	u32 value = f ? f->value : 0;

	switch (f ? f->kind : NR_FAULTS) {
	case FAULT_LATE:
	case FAULT_LOST:
	case FAULT_UNPLUG:
		for (i = 0; i < nr; i++)
			set_bit(heads[i], q->late);
		q->ticks = 1 + value % 3;
		q->why = f;
		nr = 0;
		break;
	case FAULT_NOTIFY:
	case FAULT_JUMP:
	case FAULT_STOPS:
		nr = 0;
		break;
	case FAULT_BREAK:
		nr = value & 1 ? nr : 0;
		break;
	case FAULT_RANGE:
	case FAULT_FREE:
		/* In its place, or besides. */
		nr -= value & 1;
		break;
	case FAULT_ORDER:
		for (i = 0; i < nr / 2; i++)
			swap(heads[i], heads[nr - 1 - i]);
		break;
	case FAULT_QUIET:
		q->quiet = 2 + value % 3;
		break;
	default:
		break;
	}
	for (i = 0; i < nr; i++)
		use_head(d, q, heads[i],
			 f && f->kind == FAULT_LENGTH ? value : 0);

	switch (f ? f->kind : NR_FAULTS) {
	case FAULT_RANGE:
		put_used(d, q, value | RING, 0);
		break;
	case FAULT_FREE:
		put_used(d, q, find_first_zero_bit(q->pending, size), value);
		break;
	case FAULT_TWICE:
		put_used(d, q, heads[0], 0);
		break;
	case FAULT_JUMP:
		for (i = 0; i < size; i++)
			put_used(d, q, value | RING, value);
		q->used += value % FAR;
		break;
	default:
		break;
	}
	publish(d, q);
}

static void need_reset(struct fake_device *d)
{
	scoped_guard(mutex, &d->lock)
		if (!d->down)
			d->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	virtio_config_changed(&d->vdev);
}

/* After it: what must not be done under the lock. */
static void hostile_after(struct fake_device *d, struct fake_queue *q,
			  const struct fault *f)
{
	unsigned int i;

	switch (f ? f->kind : NR_FAULTS) {
	case FAULT_BREAK:
		if (f->value & 2)
			virtio_break_device(&d->vdev);
		else
			__virtqueue_break(q->vq);
		break;
	case FAULT_SPURIOUS:
		for (i = 0; i < d->nr_queues; i++) {
			struct virtqueue *vq = d->queues[i].vq;

			vring_interrupt(0, vq);
			vq->callback(vq);
		}
		break;
	case FAULT_RESET:
	case FAULT_STOPS:
		need_reset(d);
		break;
	case FAULT_UNPLUG:
		schedule_work(&d->unplug);
		break;
	default:
		break;
	}
	vring_interrupt(0, q->vq);
}

/* Look at what is there, and use it. Returns what went wrong. */
static struct fault *serve_once(struct fake_device *d, struct fake_queue *q,
				bool notified)
{
	const struct vring *ring = virtqueue_get_vring(q->vq);
	unsigned int nr = 0, size = ring_size(q);
	struct fault *f = NULL;
	u16 head, heads[RING];

	while (nr < size && q->seen != to_16(d, ring->avail->idx)) {
		/* The index comes first. */
		virt_rmb();
		head = to_16(d, ring->avail->ring[q->seen++ % size]);
		if (head >= size || test_and_set_bit(head, q->pending)) {
			d->what = "a descriptor that cannot be";
			d->wrong++;
			continue;
		}
		q->buffers++;
		hostile_buffer(d, q, head, false);
		if (notified && !f)
			f = due_fault(d, q);
		if (f || !keep_buffer(d, q, head))
			heads[nr++] = head;
	}
	if (f && (f->kind != FAULT_ORDER || nr > 1)) {
		happened(f->kind);
		atomic_inc(&buffer_faults[f->kind][q->which]);
	}
	d->stopped |= f && f->kind == FAULT_STOPS;
	d->unplugged |= f && f->kind == FAULT_UNPLUG;
	use_heads(d, q, heads, nr, f);
	want_kick(d, q);
	return f;
}

/* Under its lock. */
static bool looks_at_nothing(const struct fake_device *d)
{
	return d->down || d->stopped || READ_ONCE(d->silent);
}

static bool hostile_serve(struct fake_device *d, struct fake_queue *q,
			  bool notified)
{
	const struct vring *ring = virtqueue_get_vring(q->vq);
	struct fault *f;

	scoped_guard(mutex, &d->lock) {
		do {
			if (looks_at_nothing(d))
				return true;
			f = serve_once(d, q, notified);
			/* It may have missed one before it wanted to know. */
			virt_mb();
		} while (!f && q->seen != to_16(d, ring->avail->idx));
	}
	hostile_after(d, q, f);
	return !f || f->kind != FAULT_NOTIFY;
}

/* Buffers that are late are used, or the device breaks instead. */
static void serve_late(struct fake_device *d, struct fake_queue *q)
{
	bool breaks, lost;
	unsigned long head;

	scoped_guard(mutex, &d->lock) {
		if (looks_at_nothing(d) || !q->ticks || --q->ticks)
			return;
		lost = q->why->kind == FAULT_LOST;
		breaks = !lost && q->why->value & 4;
		for_each_set_bit(head, q->late, RING)
			if (!breaks)
				use_head(d, q, head, 0);
		bitmap_zero(q->late, RING);
		publish(d, q);
	}
	if (breaks) {
		virtio_break_device(&d->vdev);
		q->vq->callback(q->vq);
	} else if (!lost) {
		vring_interrupt(0, q->vq);
	}
}

/* It is not notified, but has a look. */
static void serve_quiet(struct fake_device *d, struct fake_queue *q)
{
	scoped_guard(mutex, &d->lock) {
		if (looks_at_nothing(d) || !q->quiet)
			return;
		if (!--q->quiet)
			want_kick(d, q);
		/* What is added from now on is told again. */
		virt_mb();
	}
	hostile_serve(d, q, false);
}

static void hostile_tick(struct work_struct *work)
{
	struct fake_device *d = container_of(to_delayed_work(work),
					     struct fake_device, tick);
	unsigned int i;

	for (i = 0; i < d->nr_queues; i++) {
		serve_late(d, &d->queues[i]);
		serve_quiet(d, &d->queues[i]);
	}
	schedule_delayed_work(&d->tick, TICK);
}

static bool fake_notify(struct virtqueue *vq)
{
	struct fake_device *d = to_fake(vq->vdev);
	struct fake_queue *q = &d->queues[vq->index];

	q->kicks++;
	if (d->hostile)
		return hostile_serve(d, q, true);
	if (q->slow_notify) {
		WRITE_ONCE(q->notified, true);
		msleep(SLOW_NOTIFY);
		WRITE_ONCE(q->notified, false);
	}
	serve(d, q);
	return true;
}

static void fake_get(struct virtio_device *vdev, unsigned int offset, void *buf,
		     unsigned int len)
{
	struct fake_device *d = to_fake(vdev);
	bool flips = offset == offsetof(struct virtio_balloon_config,
					num_pages) && d->flips;

	scoped_guard(mutex, &d->lock) {
		if (flips)
			flip_target(d);
		memcpy(buf, (u8 *)&d->config + offset, len);
	}
	if (flips)
		virtio_config_changed(vdev);
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
	struct fake_device *d = to_fake(vdev);

	atomic_inc(&d->looks);
	return d->status;
}

static void fake_set_status(struct virtio_device *vdev, u8 status)
{
	struct fake_device *d = to_fake(vdev);

	guard(mutex)(&d->lock);
	d->status = status;
	if (status & VIRTIO_CONFIG_S_DRIVER_OK)
		d->down = false;
}

static void fake_reset(struct virtio_device *vdev)
{
	struct fake_device *d = to_fake(vdev);
	unsigned int i;

	guard(mutex)(&d->lock);
	for (i = 0; i < d->nr_queues; i++)
		if (READ_ONCE(d->queues[i].notified))
			d->wrong++;
	d->status = 0;
	d->resets++;
	d->down = true;
	d->stopped = false;
	d->enabled = false;
	d->has_stats = false;
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
	struct fake_device *d = to_fake(vdev);

	if (start_fault(d, FAULT_FEATURES))
		return -EINVAL;
	vring_transport_features(vdev);
	d->agreed = vdev->features;
	return 0;
}

static void fake_del_vqs(struct virtio_device *vdev)
{
	struct fake_device *d = to_fake(vdev);

	cancel_delayed_work_sync(&d->trickle);
	cancel_delayed_work_sync(&d->tick);
	while (d->nr_queues)
		vring_del_virtqueue(d->queues[--d->nr_queues].vq);
}

static int fake_find_vqs(struct virtio_device *vdev, unsigned int nr,
			 struct virtqueue *vqs[], struct virtqueue_info info[],
			 struct irq_affinity *desc)
{
	struct fake_device *d = to_fake(vdev);
	unsigned int i, size;

	/* As the PCI transport does: only a reset disables queues. */
	if (d->enabled || start_fault(d, FAULT_QUEUES))
		return -ENOENT;
	for (i = 0; i < nr; i++) {
		vqs[i] = NULL;
		if (!info[i].name)
			continue;
		size = d->ring[i] ?: RING;
		vqs[i] = vring_create_virtqueue(d->nr_queues, size, PAGE_SIZE,
						vdev, true, false, info[i].ctx,
						fake_notify, info[i].callback,
						info[i].name);
		if (!vqs[i]) {
			fake_del_vqs(vdev);
			return -ENOMEM;
		}
		d->queues[d->nr_queues++] = (struct fake_queue) {
			.vq = vqs[i],
			.which = i,
		};
	}
	d->enabled = true;
	if (d->hostile)
		schedule_delayed_work(&d->tick, TICK);
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

/* Put the device on the bus, with these features, whether it is bound or not. */
static void put_on_bus(struct kunit *test, u64 features)
{
	struct fake_device *d = test->priv;

	memset(&d->vdev, 0, sizeof(d->vdev));
	memset(&d->config, 0, sizeof(d->config));
	init_completion(&d->released);
	d->offered = features;
	d->agreed = 0;
	d->unplugged = false;
	d->unheard = false;
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
}

static struct fake_device *plug(struct kunit *test, u64 features)
{
	struct fake_device *d = test->priv;
	struct device_driver *driver;

	put_on_bus(test, features);
	driver = driver_find("virtio_balloon", d->vdev.dev.bus);
	if (!driver)
		kunit_skip(test, "virtio_balloon is not loaded");
	KUNIT_ASSERT_PTR_EQ(test, d->vdev.dev.driver, driver);
	KUNIT_ASSERT_GE(test, d->nr_queues, 2);
	KUNIT_EXPECT_TRUE(test, d->status & VIRTIO_CONFIG_S_DRIVER_OK);
	return d;
}

static void unplug_work(struct work_struct *work)
{
	struct fake_device *d = container_of(work, struct fake_device, unplug);

	unregister_virtio_device(&d->vdev);
}

/* Once, whoever begins with it. */
static void take_off_bus(struct fake_device *d)
{
	if (d->unplugged) {
		flush_work(&d->unplug);
	} else {
		d->unplugged = true;
		unregister_virtio_device(&d->vdev);
	}
	wait_for_completion(&d->released);
	d->vdev.config = NULL;
}

static void unplug(struct kunit *test)
{
	struct fake_device *d = test->priv;

	if (!d->vdev.config)
		return;
	take_off_bus(d);
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
	/* Never: it was never taken, and a buffer is one descriptor. */
	u64 never = BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC);
	struct fake_device *d = plug(test, offered | never);
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

	kunit_info(test, "free pages have %s\n", want_init_on_free() ? "0" :
		   page_poisoning_enabled_static() ? "0xaaaaaaaa" : "no mark");
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

static unsigned int wait_for_kicks(struct fake_queue *q)
{
	unsigned int kicks;

	read_poll_timeout(READ_ONCE, kicks, kicks, PAUSE, PATIENCE, false,
			  q->kicks);
	return kicks;
}

/* Pages are not used again before the device has answered. */
static void tell_first(struct kunit *test, u64 more)
{
	u64 features = BIT(VIRTIO_BALLOON_F_MUST_TELL_HOST) | more;
	struct fake_device *d = plug(test, kind_features(test) | features);
	struct fake_queue *q = &d->queues[1];
	unsigned long frame;
	void *entry;

	KUNIT_EXPECT_TRUE(test, d->agreed &
			  BIT(VIRTIO_BALLOON_F_MUST_TELL_HOST));
	follow(test, SOME * FRAMES);
	q->held = true;
	set_target(d, 0);
	KUNIT_EXPECT_EQ(test, wait_for_kicks(q), 1);
	msleep(50);
	xa_for_each(&d->book, frame, entry)
		KUNIT_EXPECT_TRUE(test,
				  PageOffline(pfn_to_page(frame / FRAMES)));
	KUNIT_EXPECT_EQ(test, has_frames(d), SOME * FRAMES);
	q->held = false;
	serve(d, q);
	expect_frames(test, 0);
}

static void tell_first_test(struct kunit *test)
{
	tell_first(test, 0);
}

/* Also where ranges could be reported, and used again without a word. */
static void tell_reported_test(struct kunit *test)
{
	tell_first(test, BIT(VIRTIO_BALLOON_F_REPORTING));
}

/* A modern device that keeps the first free pages that are reported to it. */
static struct fake_queue *plug_reporting(struct kunit *test)
{
	struct fake_device *d = plug(test, BIT_ULL(VIRTIO_F_VERSION_1) |
					   BIT(VIRTIO_BALLOON_F_REPORTING));
	struct fake_queue *q = &d->queues[2];

	if (!(d->agreed & BIT(VIRTIO_BALLOON_F_REPORTING)))
		kunit_skip(test, "free pages have to keep their mark");
	q->held = true;
	return q;
}

/*
 * Patience is with one queue: the driver leaves a device that does not take
 * pages in time, though it answers something else all the while.
 */
static void patience_test(struct kunit *test)
{
	struct fake_queue *reporting = plug_reporting(test);
	struct fake_device *d = test->priv;
	unsigned long start;

	if (!wait_for_kicks(reporting))
		kunit_skip(test, "no free pages are reported");
	d->queues[0].held = true;
	set_target(d, SOME * FRAMES);
	KUNIT_ASSERT_GT(test, wait_for_kicks(&d->queues[0]), 0);
	d->slow = reporting;
	d->times = 40;
	schedule_delayed_work(&d->trickle, 0);
	start = jiffies;
	unplug(test);
	KUNIT_EXPECT_LT(test, jiffies_to_msecs(jiffies - start),
			3 * BALLOON_PATIENCE_MS);
}

/* In place of balloon_device_kick(). */
static void catch_kick(struct balloon_device *balloon)
{
	struct fake_device *d = kunit_get_current_test()->priv;

	d->balloon = balloon;
}

/* Only the driver knows it. */
static struct balloon_device *find_balloon(struct kunit *test)
{
	struct fake_device *d = test->priv;

	d->balloon = NULL;
	kunit_activate_static_stub(test, balloon_device_kick, catch_kick);
	virtio_config_changed(&d->vdev);
	kunit_deactivate_static_stub(test, balloon_device_kick);
	KUNIT_ASSERT_NOT_NULL(test, d->balloon);
	return d->balloon;
}

/*
 * The device takes its time for a report while the balloon is at rest, as
 * before a suspend that comes to nothing: both go on afterwards.
 */
static void slow_report_test(struct kunit *test)
{
	struct fake_queue *reporting = plug_reporting(test);
	struct fake_device *d = test->priv;
	struct balloon_device *balloon = find_balloon(test);
	unsigned int resets = d->resets;
	int looks;

	if (!wait_for_kicks(reporting))
		kunit_skip(test, "no free pages are reported");
	follow(test, SOME * FRAMES);
	KUNIT_EXPECT_EQ(test, balloon_device_return_all(balloon, true), 0);
	expect_frames(test, 0);
	looks = atomic_read(&d->looks);
	msleep(BALLOON_PATIENCE_MS + 3 * MSEC_PER_SEC);
	/* It waits, and does not look all the time. */
	KUNIT_EXPECT_LT(test, atomic_read(&d->looks) - looks, 100);
	KUNIT_EXPECT_EQ(test, d->resets, resets);
	KUNIT_EXPECT_TRUE(test, d->status & VIRTIO_CONFIG_S_DRIVER_OK);
	reporting->held = false;
	serve(d, reporting);
	KUNIT_EXPECT_EQ(test, balloon_device_resume(balloon), 0);
	expect_frames(test, SOME * FRAMES);
	follow(test, 0);
	KUNIT_EXPECT_EQ(test, d->resets, resets);
}

/*
 * The device is silent, and memory runs out again and again: who is in need
 * waits for it once, and then again as soon as it has answered.
 */
static void silent_in_need_test(struct kunit *test)
{
	struct fake_device *d = plug(test, kind_features(test) |
				     BIT(VIRTIO_BALLOON_F_DEFLATE_ON_OOM));
	struct balloon_device *balloon = find_balloon(test);
	struct fake_queue *q = &d->queues[1];
	unsigned long start;
	unsigned int i;

	follow(test, SOME * FRAMES);
	q->held = true;
	KUNIT_EXPECT_EQ(test, balloon_device_oom(balloon), 0UL);
	KUNIT_EXPECT_EQ(test, q->kicks, 1);
	start = jiffies;
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_EQ(test, balloon_device_oom(balloon), 0UL);
	KUNIT_EXPECT_LT(test, jiffies_to_msecs(jiffies - start),
			5 * MSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, q->kicks, 1);
	d->unheard = true;
	q->held = false;
	serve(d, q);
	KUNIT_EXPECT_GT(test, balloon_device_oom(balloon), 0UL);
	follow(test, 0);
}

struct reporter {
	struct vballoon_head *vb;
	struct page *page;
	struct completion done;
	int err;
};

/* As the kernel's page reporting, but with a page that is in use. */
static int report_page(void *arg)
{
	struct reporter *r = arg;
	struct scatterlist sg;

	sg_init_table(&sg, 1);
	sg_set_page(&sg, r->page, PAGE_SIZE, 0);
	r->err = r->vb->reporting.report(&r->vb->reporting, &sg, 1);
	complete(&r->done);
	return 0;
}

/*
 * The device is silent about a report, and somebody else has one, too: as long
 * as it takes, that is no hung task.
 */
static void silent_report_test(struct kunit *test)
{
	struct fake_queue *reporting = plug_reporting(test);
	struct fake_device *d = test->priv;
	struct reporter reporter = { .vb = d->vdev.priv };
	struct task_struct *task;
	unsigned int state;

	if (!wait_for_kicks(reporting))
		kunit_skip(test, "no free pages are reported");
	reporter.page = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, reporter.page);
	init_completion(&reporter.done);
	task = kthread_create(report_page, &reporter, "reporter");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	get_task_struct(task);
	wake_up_process(task);
	/* Neither still about to run, nor parked as each kthread is first. */
	read_poll_timeout(READ_ONCE, state, state & TASK_NORMAL, PAUSE,
			  PATIENCE, true, task->__state);
	KUNIT_EXPECT_TRUE(test, state & TASK_NORMAL);
	/* As khungtaskd sees it. */
	KUNIT_EXPECT_FALSE(test, (state & TASK_UNINTERRUPTIBLE) &&
			   !(state & (TASK_WAKEKILL | TASK_NOLOAD)));
	reporting->held = false;
	serve(d, reporting);
	/* Not by kthread_stop(): that interrupts it. */
	wait_for_completion(&reporter.done);
	KUNIT_EXPECT_EQ(test, reporter.err, 0);
	put_task_struct(task);
	__free_page(reporter.page);
}

/* The device is taken away while somebody notifies it of a report: after that. */
static void notified_in_reset_test(struct kunit *test)
{
	struct fake_queue *reporting = plug_reporting(test);
	bool notified;

	reporting->held = false;
	reporting->slow_notify = true;
	read_poll_timeout(READ_ONCE, notified, notified, PAUSE, PATIENCE, false,
			  reporting->notified);
	if (!notified)
		kunit_skip(test, "no free pages are reported");
	unplug(test);
}

static void expect_gone(struct kunit *test, struct balloon_device *balloon)
{
	enum balloon_state state;

	read_poll_timeout(balloon_device_state, state, state == BALLOON_GONE,
			  PAUSE, PATIENCE, false, balloon);
	KUNIT_EXPECT_EQ(test, state, BALLOON_GONE);
	KUNIT_EXPECT_EQ(test, balloon_device_reason(balloon),
			BALLOON_HOST_GONE);
}

/* The queue for reports breaks while the balloon is at rest: all is over. */
static void broken_report_test(struct kunit *test)
{
	struct fake_queue *reporting = plug_reporting(test);
	struct fake_device *d = test->priv;
	struct balloon_device *balloon = find_balloon(test);

	if (!wait_for_kicks(reporting))
		kunit_skip(test, "no free pages are reported");
	follow(test, SOME * FRAMES);
	__virtqueue_break(reporting->vq);
	expect_gone(test, balloon);
	/* It is not going to hear that all pages are back. */
	scoped_guard(mutex, &d->lock)
		d->config.actual = 0;
}

static u16 buffers_so_far(struct fake_device *d, struct fake_queue *q)
{
	return to_16(d, READ_ONCE(virtqueue_get_vring(q->vq)->avail->idx));
}

/*
 * A device that needs a reset may answer no more: nobody waits for it. What it
 * was told of is not to be had back.
 */
static void needs_reset_test(struct kunit *test)
{
	struct fake_device *d = plug(test, BIT_ULL(VIRTIO_F_VERSION_1));
	struct balloon_device *balloon = find_balloon(test);

	d->queues[0].held = true;
	set_target(d, SOME * FRAMES);
	KUNIT_ASSERT_GT(test, wait_for_kicks(&d->queues[0]), 0);
	scoped_guard(mutex, &d->lock)
		d->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	virtio_config_changed(&d->vdev);
	expect_gone(test, balloon);
	/* All that it was asked to take, and did not answer. */
	KUNIT_EXPECT_EQ(test, balloon_device_actual(balloon),
			min_t(u64, SOME, BATCH));
}

/* The driver has added so many buffers to the queue, and adds no more. */
static void expect_buffers(struct kunit *test, struct fake_queue *q, u16 nr)
{
	struct fake_device *d = test->priv;
	u16 has;

	read_poll_timeout(buffers_so_far, has, has >= nr, PAUSE, PATIENCE,
			  false, d, q);
	msleep(50);
	KUNIT_EXPECT_EQ(test, buffers_so_far(d, q), nr);
}

/* The device wants hints, or no more of them, or has done with them. */
static void ask_for_hints(struct fake_device *d, u32 id)
{
	scoped_guard(mutex, &d->lock)
		d->config.free_page_hint_cmd_id = cpu_to_le32(id);
	virtio_config_changed(&d->vdev);
}

/* It looks at so many more buffers. */
static void look_at(struct fake_device *d, struct fake_queue *q,
		    unsigned int nr)
{
	scoped_guard(mutex, &d->lock)
		q->but = nr;
	serve(d, q);
}

/* The page was hinted at, and is not any more. */
static void expect_no_hint(struct kunit *test, const struct page *page)
{
	bool offline;

	read_poll_timeout(PageOffline, offline, !offline, PAUSE, PATIENCE,
			  false, page);
	KUNIT_EXPECT_FALSE(test, offline);
}

static struct fake_queue *plug_hints(struct kunit *test, unsigned int ring)
{
	struct fake_device *d = test->priv;

	/* Up to 21 at a time, of those that nobody has to be moved for. */
	if (nr_free_pages() >> MAX_PAGE_ORDER < 64)
		kunit_skip(test, "too little memory is free");
	d->ring[QUEUE_HINTS] = ring;
	plug(test, kind_features(test) | BIT(VIRTIO_BALLOON_F_FREE_PAGE_HINT));
	d->queues[2].held = true;
	return &d->queues[2];
}

/* Differs from itself in the other byte order. */
#define HINT_ID		0x01020304

/*
 * A round of hints ends when the device asks for something else. It does not
 * when only its target changes, as it may do all the time of a migration.
 */
static void hints_test(struct kunit *test)
{
	struct fake_queue *q = plug_hints(test, 8);
	struct fake_device *d = test->priv;
	struct page *page;

	/* The command, six blocks, and room for the command to stop. */
	ask_for_hints(d, HINT_ID);
	expect_buffers(test, q, 7);
	follow(test, SOME * FRAMES);
	expect_buffers(test, q, 7);
	look_at(d, q, 7);
	expect_buffers(test, q, 14);
	KUNIT_EXPECT_EQ(test, d->hinted.id, HINT_ID);
	KUNIT_EXPECT_EQ(test, d->hinted.blocks, 6);
	follow(test, 0);
	ask_for_hints(d, HINT_ID);
	expect_buffers(test, q, 14);
	KUNIT_EXPECT_EQ(test, d->hinted.ended, 0);

	/* One round ends, and the next begins when all of it was seen. */
	ask_for_hints(d, HINT_ID + 1);
	expect_buffers(test, q, 15);
	look_at(d, q, 8);
	expect_buffers(test, q, 22);
	KUNIT_EXPECT_EQ(test, d->hinted.ended, 1);
	KUNIT_EXPECT_EQ(test, d->hinted.blocks, 13);
	look_at(d, q, 2);
	KUNIT_EXPECT_EQ(test, d->hinted.begun, 2);
	KUNIT_EXPECT_EQ(test, d->hinted.id, HINT_ID + 1);

	/* What was hinted at stays so until the device has done. */
	page = d->hinted.page;
	KUNIT_ASSERT_NOT_NULL(test, page);
	expect_buffers(test, q, 24);
	ask_for_hints(d, VIRTIO_BALLOON_CMD_ID_STOP);
	expect_buffers(test, q, 25);
	look_at(d, q, 8);
	KUNIT_EXPECT_EQ(test, d->hinted.ended, 2);
	KUNIT_EXPECT_TRUE(test, PageOffline(page));
	ask_for_hints(d, VIRTIO_BALLOON_CMD_ID_DONE);
	expect_no_hint(test, page);
}

/*
 * The device does not hear of the command that ends a round, as QEMU when it is
 * about to sleep. It looks again when the next one is to begin.
 */
static void missed_hint_test(struct kunit *test)
{
	struct fake_queue *q = plug_hints(test, 8);
	struct fake_device *d = test->priv;

	ask_for_hints(d, HINT_ID);
	expect_buffers(test, q, 7);
	ask_for_hints(d, VIRTIO_BALLOON_CMD_ID_STOP);
	expect_buffers(test, q, 8);
	look_at(d, q, 7);
	KUNIT_EXPECT_EQ(test, d->hinted.ended, 0);

	scoped_guard(mutex, &d->lock)
		q->but = 1;
	ask_for_hints(d, HINT_ID + 1);
	expect_buffers(test, q, 15);
	KUNIT_EXPECT_EQ(test, d->hinted.ended, 1);
	look_at(d, q, 1);
	KUNIT_EXPECT_EQ(test, d->hinted.begun, 2);
	ask_for_hints(d, VIRTIO_BALLOON_CMD_ID_DONE);
	expect_no_hint(test, d->hinted.page);
}

/* One buffer at a time will do, and nothing waits for the device to use it. */
static void small_hints_test(struct kunit *test)
{
	struct fake_queue *q = plug_hints(test, 1);
	struct fake_device *d = test->priv;
	unsigned int i;

	ask_for_hints(d, HINT_ID);
	for (i = 1; i < 5; i++) {
		expect_buffers(test, q, i);
		look_at(d, q, 1);
	}
	expect_buffers(test, q, 5);
	KUNIT_EXPECT_EQ(test, d->hinted.begun, 1);
	KUNIT_EXPECT_EQ(test, d->hinted.blocks, 3);
	KUNIT_ASSERT_NOT_NULL(test, d->hinted.page);
	ask_for_hints(d, VIRTIO_BALLOON_CMD_ID_DONE);
	expect_no_hint(test, d->hinted.page);
	expect_buffers(test, q, 5);
}

static u64 in_bytes(unsigned long pages)
{
	return (u64)pages << PAGE_SHIFT;
}

/* Amounts that only grow, as far as anybody knows: from, and until now. */
static void known_stats(u64 *values)
{
	unsigned long events[NR_VM_EVENT_ITEMS];
	unsigned int i;

	all_vm_events(events);
	values[VIRTIO_BALLOON_S_SWAP_IN] = in_bytes(events[PSWPIN]);
	values[VIRTIO_BALLOON_S_SWAP_OUT] = in_bytes(events[PSWPOUT]);
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
	values[VIRTIO_BALLOON_S_MEMTOT] = in_bytes(totalram_pages());
	values[VIRTIO_BALLOON_S_ASYNC_SCAN] =
		in_bytes(global_node_page_state(PGSCAN_KSWAPD));
	values[VIRTIO_BALLOON_S_DIRECT_SCAN] =
		in_bytes(global_node_page_state(PGSCAN_DIRECT));
	values[VIRTIO_BALLOON_S_ASYNC_RECLAIM] =
		in_bytes(global_node_page_state(PGSTEAL_KSWAPD));
	values[VIRTIO_BALLOON_S_DIRECT_RECLAIM] =
		in_bytes(global_node_page_state(PGSTEAL_DIRECT));
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

/*
 * Hostile devices: generated cases.
 */

/* These take seconds: one in so many cases. */
#define SILENT_EVERY	512
#define LOST_EVERY	16	/* of those that would have it */
/* Until a buffer was there that something goes wrong with, in microseconds. */
#define MEETING		100000

/* Of all cases, for the record. */
struct hostile_record {
	unsigned int cases, faults, actions, most_messages;
	unsigned int moved, free_ranges, held_ranges;
	unsigned long longest;		/* action or removal, in jiffies */
};

/**
 * struct hostile_case - one of them
 * @test: the test
 * @nr: its number
 * @rnd: all that is random in it
 * @most: largest balloon, in pages
 * @now: time for the class
 * @held: it inflates by reports, if the device can
 * @alone: nobody else runs rounds
 * @text: a page, for what is in sysfs
 * @record: of all cases
 */
struct hostile_case {
	struct kunit *test;
	unsigned int nr;
	struct rnd_state rnd;
	u32 most;
	u64 now;
	bool held, alone;
	char *text;
	struct hostile_record *record;
};

static u32 pick(struct hostile_case *c, u32 ceil)
{
	return prandom_u32_state(&c->rnd) % ceil;
}

static bool is_silent(const struct hostile_case *c)
{
	return c->nr % SILENT_EVERY == 20;
}

static enum fault_kind plan_kind(struct hostile_case *c, unsigned int i)
{
	/* Each one comes first in turn, so that none is left out. */
	u32 kind = i ? pick(c, NR_QUICK_FAULTS) : c->nr % NR_QUICK_FAULTS;
	bool slow = !i && (c->nr / NR_QUICK_FAULTS) % LOST_EVERY == 0;

	if (kind == FAULT_LOST && !slow)
		kind = FAULT_LATE;
	if (kind == FAULT_STOPS && !slow)
		kind = FAULT_RESET;
	return kind;
}

/* Likewise of the queues, those that somebody waits for before the others. */
static enum queue_kind plan_queue(struct hostile_case *c, enum fault_kind kind,
				  unsigned int i)
{
	static const enum queue_kind queues[QUEUES] = {
		QUEUE_INFLATE, QUEUE_DEFLATE, QUEUE_REPORTING, QUEUE_HINTS,
		QUEUE_STATS,
	};
	unsigned int turn = c->nr / NR_QUICK_FAULTS;

	if (i)
		return pick(c, 8) % QUEUES;
	switch (kind) {
	case FAULT_ORDER:
		/* Several buffers at a time. */
		return turn % 2 ? QUEUE_REPORTING : QUEUE_INFLATE;
	case FAULT_LOST:
		return QUEUE_INFLATE;
	case FAULT_STOPS:
		return queues[turn / LOST_EVERY % 3];
	case FAULT_UNPLUG:
		return queues[turn % 3];
	default:
		return queues[turn % QUEUES];
	}
}

static void plan_fault(struct hostile_case *c, unsigned int i)
{
	struct fake_device *d = c->test->priv;
	enum fault_kind kind = plan_kind(c, i);
	struct fault *f = &d->faults[i];

	*f = (struct fault) {
		.kind = kind,
		.value = prandom_u32_state(&c->rnd),
	};
	if (kind < NR_BUFFER_FAULTS) {
		f->queue = plan_queue(c, kind, i);
		f->after = i ? pick(c, 6) : 0;
	} else {
		f->after = pick(c, kind < NR_TIMED_FAULTS ? 6 : 2);
	}
	if (kind == FAULT_ORDER && !i) {
		c->most = SOME;
		d->ring[f->queue] = RING;
	}
	/* So rare that nothing else should get in its way. */
	if (kind == FAULT_LOST || kind == FAULT_STOPS)
		d->nr_faults = 1;
	if (kind == FAULT_FLOOD)
		d->flood = 8 + f->value % 64;
}

/* The queue that the case begins with, if it is about a buffer. */
static bool begins_with(const struct hostile_case *c, enum queue_kind queue)
{
	const struct fake_device *d = c->test->priv;

	return d->nr_faults && d->faults[0].kind < NR_BUFFER_FAULTS &&
	       d->faults[0].queue == queue;
}

/* So that all queues are there that it needs, and are used. */
static u64 plan_features(struct hostile_case *c)
{
	u64 reports = BIT(VIRTIO_BALLOON_F_REPORTING) |
		      (has_poison() ? BIT(VIRTIO_BALLOON_F_PAGE_POISON) : 0);
	struct fake_device *d = c->test->priv;
	u64 features = pick(c, BIT(BALLOON_BITS));

	if (d->flood || begins_with(c, QUEUE_STATS))
		features |= BIT(VIRTIO_BALLOON_F_STATS_VQ);
	if (begins_with(c, QUEUE_HINTS))
		features |= BIT(VIRTIO_BALLOON_F_FREE_PAGE_HINT);
	c->held = pick(c, 2) && !begins_with(c, QUEUE_INFLATE) &&
		  !begins_with(c, QUEUE_DEFLATE) && !is_silent(c);
	if (begins_with(c, QUEUE_REPORTING)) {
		features |= reports;
		c->held |= d->faults[0].kind == FAULT_UNPLUG;
		if (c->held)
			features &= ~BIT_ULL(VIRTIO_BALLOON_F_MUST_TELL_HOST);
	}
	if (is_silent(c))
		features |= reports | BIT(VIRTIO_BALLOON_F_DEFLATE_ON_OOM);
	if (pick(c, 2))
		features |= BIT_ULL(VIRTIO_F_VERSION_1);
	if (pick(c, 2))
		features |= BIT_ULL(VIRTIO_RING_F_EVENT_IDX);
	return features;
}

/* What goes wrong, and what the device is like. Returns its features. */
static u64 plan_case(struct hostile_case *c)
{
	struct fake_device *d = c->test->priv;
	unsigned int i;

	for (i = 0; i < QUEUES; i++)
		d->ring[i] = BIT(pick(c, i < 2 ? ilog2(RING) + 1 : 4));
	c->most = 1 + pick(c, pick(c, 4) ? 60 : SOME);
	d->nr_faults = is_silent(c) ? 0 : 1 + pick(c, MAX_FAULTS);
	d->flood = 0;
	for (i = 0; i < d->nr_faults; i++)
		plan_fault(c, i);
	d->flips = 0;
	d->hints = 0;
	d->has_stats = false;
	d->silent = false;
	d->stopped = false;
	d->unheard = false;
	d->given.nr = 0;
	memset(&d->ranges, 0, sizeof(d->ranges));
	d->lives = 0;
	d->wrong = 0;
	d->what = NULL;
	if (is_silent(c)) {
		d->ring[QUEUE_INFLATE] = RING;
		d->ring[QUEUE_DEFLATE] = RING;
	}
	return plan_features(c);
}

/* What the device has, or may have, is not used; the guest knows of all. */
static void check_case(struct hostile_case *c)
{
	struct fake_device *d = c->test->priv;
	unsigned long frame, in_use = 0, frames;
	u64 actual = balloon_device_actual(d->balloon);
	void *entry;

	/* Some of it changes, and will be seen at the end. */
	if (d->unplugged)
		return;
	scoped_guard(mutex, &d->lock) {
		xa_for_each(&d->book, frame, entry)
			in_use += !PageOffline(pfn_to_page(frame / FRAMES));
		frames = d->frames;
	}
	expect_case(c, in_use, EQ, 0UL);
	expect_case(c, d->wrong, EQ, 0U);
	if (d->wrong)
		KUNIT_FAIL(c->test, "%s", d->what);
	if (!c->alone)
		return;
	expect_case(c, frames, LE, actual * FRAMES);
	expect_case(c, said_gone(d->heard, d->balloon), EQ, true);
	expect_case(c, shown_quarantined(c->test, d->balloon, c->text), LE,
		    actual);
}

/* Nobody waits for ever. */
static void check_time(struct hostile_case *c, unsigned long start)
{
	unsigned long time = jiffies - start;

	expect_case(c, jiffies_to_msecs(time), LT, 3U * BALLOON_PATIENCE_MS);
	c->record->longest = max(c->record->longest, time);
}

static void run_steps(struct hostile_case *c, unsigned int nr)
{
	struct fake_device *d = c->test->priv;
	unsigned long delay;

	while (nr-- && !d->unplugged) {
		delay = balloon_device_step(d->balloon, c->now);
		c->now += clamp(delay, 1UL, 20UL * HZ);
	}
}

/* To a suspend and back, which may fail. */
static void freeze_restore(struct hostile_case *c)
{
#ifdef CONFIG_PM_SLEEP
	struct fake_device *d = c->test->priv;

	/* It may be unplugged, but not until then. */
	guard(device)(&d->vdev.dev);
	expect_case(c, virtio_device_freeze(&d->vdev), EQ, 0);
	expect_case(c, balloon_device_actual(d->balloon), EQ, 0ULL);
	expect_case(c, d->nr_queues, EQ, 0U);
	d->lives++;
	if (!virtio_device_restore(&d->vdev))
		atomic_set(&d->heard->gone, 0);
#endif
}

static void return_pages(struct hostile_case *c)
{
	struct fake_device *d = c->test->priv;
	bool pause = pick(c, 2);

	/* Without queues, it is the transport's to wake it up. */
	if (!d->nr_queues)
		return;
	balloon_device_return_all(d->balloon, pause);
	if (!pause)
		return;
	run_steps(c, 1);
	if (d->unplugged)
		return;
	/* It is tried again, and may be gone again. */
	atomic_set(&d->heard->gone, 0);
	expect_case(c, balloon_device_resume(d->balloon), EQ, 0);
	run_steps(c, 1);
}

/* The device wants newer statistics. */
static void want_stats(struct fake_device *d)
{
	struct fake_queue *q = &d->queues[2];

	scoped_guard(mutex, &d->lock) {
		if (d->down || !d->has_stats)
			return;
		d->has_stats = false;
		use_head(d, q, d->stats_head, 0);
		publish(d, q);
	}
	vring_interrupt(0, q->vq);
}

static void want_hints(struct hostile_case *c)
{
	struct fake_device *d = c->test->priv;
	u32 id = pick(c, 2) ? pick(c, 4) : prandom_u32_state(&c->rnd);

	scoped_guard(mutex, &d->lock)
		d->hints = pick(c, 6);
	ask_for_hints(d, id);
}

static struct fake_queue *queue_of(struct fake_device *d, enum queue_kind which)
{
	unsigned int i;

	for (i = 0; i < d->nr_queues; i++)
		if (d->queues[i].which == which)
			return &d->queues[i];
	return NULL;
}

/* Pages that were not reported yet. Mm is about to do so in two seconds, then. */
static void make_free_pages(struct hostile_case *c)
{
	unsigned int i, nr = 2 + pick(c, 2);
	struct page *blocks[3];

	for (i = 0; i < nr; i++)
		blocks[i] = alloc_pages(GFP_NOWAIT | __GFP_HIGHMEM |
					__GFP_MOVABLE | __GFP_NOWARN,
					MAX_PAGE_ORDER);
	while (i--)
		if (blocks[i])
			__free_pages(blocks[i], MAX_PAGE_ORDER);
}

/* Of the driver, as far as it reports free pages: NULL if there is nobody. */
static struct delayed_work *report_work(struct fake_device *d)
{
	struct vballoon_head *vb = d->vdev.priv;

	/* Another device may have been the first to do that. */
	if (d->unplugged || !queue_of(d, QUEUE_REPORTING) ||
	    !vb->reporting.work.work.func)
		return NULL;
	return &vb->reporting.work;
}

/* Let it report in its own time, which is now. */
static void start_report(struct hostile_case *c)
{
	struct delayed_work *work = report_work(c->test->priv);

	if (!work)
		return;
	make_free_pages(c);
	mod_delayed_work(system_freezable_wq, work, 0);
}

/*
 * Let it report. Afterwards the pages are in use again, whatever the device did:
 * it has none, but for those of the balloon.
 */
static void report_pages(struct hostile_case *c)
{
	struct fake_device *d = c->test->priv;
	struct delayed_work *work = report_work(d);
	struct fake_queue *q = queue_of(d, QUEUE_REPORTING);
	unsigned long head, left = 0;

	if (!work)
		return;
	make_free_pages(c);
	flush_delayed_work(work);
	scoped_guard(mutex, &d->lock)
		for_each_set_bit(head, q->pending, RING)
			left += !d->down && !PageOffline(range_page(d, q, head));
	expect_case(c, left, EQ, 0UL);
}

/* What the case is about happens first, if the driver would not do it anyway. */
static void begin_case(struct hostile_case *c)
{
	struct fake_device *d = c->test->priv;
	struct vballoon_head *vb = d->vdev.priv;
	bool done;

	if (begins_with(c, QUEUE_REPORTING) && !vb->report_held)
		report_pages(c);
	if (begins_with(c, QUEUE_HINTS))
		ask_for_hints(d, VIRTIO_BALLOON_CMD_ID_DONE + 1);
	if (begins_with(c, QUEUE_HINTS) || begins_with(c, QUEUE_STATS))
		read_poll_timeout(READ_ONCE, done, done, TICK, MEETING, false,
				  d->faults[0].done);
}

static void hostile_action(struct hostile_case *c)
{
	struct fake_device *d = c->test->priv;
	unsigned long start = jiffies;

	switch (pick(c, 16)) {
	case 0:
		balloon_device_oom(d->balloon);
		break;
	case 1:
		balloon_device_shrink(d->balloon, pick(c, c->most));
		break;
	case 2:
		freeze_restore(c);
		break;
	case 3:
		return_pages(c);
		break;
	case 4:
		want_stats(d);
		break;
	case 5:
		want_hints(c);
		break;
	case 6:
		set_target(d, 0);
		break;
	case 7:
	case 8:
	case 9:
		set_target(d, pick(c, 2 * c->most * FRAMES));
		break;
	case 10:
		report_pages(c);
		break;
	case 11:
	case 12:
		c->record->moved += migrate_given(&d->given,
						  prandom_u32_state(&c->rnd));
		break;
	default:
		run_steps(c, 1 + pick(c, 6));
	}
	check_time(c, start);
	check_case(c);
	c->record->actions++;
}

static void timed_fault(struct hostile_case *c, const struct fault *f)
{
	struct fake_device *d = c->test->priv;

	switch (f->kind) {
	case FAULT_TARGET:
		set_target(d, f->value & 1 ? U32_MAX : f->value | BIT(31));
		break;
	case FAULT_FLIPS:
		d->flips = f->value | 1;
		virtio_config_changed(&d->vdev);
		run_steps(c, 3);
		return;
	case FAULT_NEEDS_RESET:
		need_reset(d);
		break;
	default:
		return;
	}
	happened(f->kind);
	run_steps(c, 2);
}

static void hostile_actions(struct hostile_case *c)
{
	struct fake_device *d = c->test->priv;
	unsigned int i, j, nr = 6 + pick(c, 10);

	begin_case(c);
	/* Something is in it, and more than one request went well or not. */
	set_target(d, c->most * FRAMES);
	run_steps(c, 3);
	check_case(c);
	for (i = 0; i < nr; i++) {
		for (j = 0; j < d->nr_faults && !d->unplugged; j++)
			if (d->faults[j].kind >= NR_BUFFER_FAULTS &&
			    d->faults[j].kind < NR_TIMED_FAULTS &&
			    d->faults[j].after == i)
				timed_fault(c, &d->faults[j]);
		if (d->unplugged)
			return;
		hostile_action(c);
	}
	if (!d->unplugged && !pick(c, 8)) {
		balloon_device_reboot(d->balloon, pick(c, 2));
		run_steps(c, 1);
		check_case(c);
	}
}

static unsigned int requests(struct fake_device *d)
{
	return READ_ONCE(d->queues[0].kicks) + READ_ONCE(d->queues[1].kicks);
}

/*
 * The device answers nothing any more. A worker waits for it, by itself and in
 * real time; then somebody needs memory, or it comes back, or there is a suspend.
 */
static void silent_actions(struct hostile_case *c)
{
	struct fake_device *d = c->test->priv;
	/* The first one is the worst: it never comes back, and memory runs out. */
	u32 how = prandom_u32_state(&c->rnd) | (c->nr < SILENT_EVERY ? 6 : 0);
	bool full = how & 1;
	unsigned int asked, now, i;
	unsigned long start;

	set_target(d, full ? c->most * FRAMES : 0);
	if (full)
		expect_frames(c->test, c->most * FRAMES);
	asked = requests(d);
	WRITE_ONCE(d->silent, true);
	set_target(d, full ? 0 : c->most * FRAMES);
	read_poll_timeout(requests, now, now != asked, PAUSE, PATIENCE, false,
			  d);
	expect_case(c, now, NE, asked);
	happened(FAULT_SILENT);
	start_report(c);
	check_case(c);
	start = jiffies;
	if (how & 2)
		balloon_device_oom(d->balloon);
	check_time(c, start);
	if (!(how & 12)) {
		/* The driver waited for somebody in need, or until now. */
		d->unheard = how & 2;
		WRITE_ONCE(d->silent, false);
		for (i = 0; i < d->nr_queues; i++)
			hostile_serve(d, &d->queues[i], false);
	}
	start = jiffies;
	if ((how & 18) == 16)
		freeze_restore(c);
	check_time(c, start);
	check_case(c);
}

static void hostile_unplug(struct hostile_case *c)
{
	struct fake_device *d = c->test->priv;
	unsigned long start = jiffies;

	/* Maybe in the middle of this. */
	if (!pick(c, 4))
		start_report(c);
	take_off_bus(d);
	if (d->balloon)
		put_device(balloon_device_dev(d->balloon));
	check_time(c, start);
	expect_case(c, d->wrong, EQ, 0U);
	if (d->wrong)
		KUNIT_FAIL(c->test, "%s", d->what);
	expect_case(c, d->frames, EQ, 0UL);
	expect_case(c, d->nr_queues, EQ, 0U);
}

/* Whoever kicks it, only the test runs rounds. */
static void run_by_hand(struct fake_device *d)
{
	struct balloon_limits limits = {
		.orders = BIT(0),
		.batch = UINT_MAX,
		.flags = BALLOON_BY_HAND | BALLOON_WAKEUP,
	};

	if (d->agreed & BIT(VIRTIO_BALLOON_F_DEFLATE_ON_OOM))
		limits.flags |= BALLOON_DEFLATE_ON_OOM | BALLOON_STAYS_MANAGED;
	balloon_device_set_limits(d->balloon, &limits);
}

/* The driver is bound: inflate by reports or not, as the parameter would say. */
static void take_over(struct hostile_case *c)
{
	struct fake_device *d = c->test->priv;
	struct vballoon_head *vb = d->vdev.priv;

	expect_case(c, vb->reporting.order, EQ, (unsigned int)get_order(SZ_2M));
	/* When it is removed, somebody may still be in the class. */
	get_device(balloon_device_dev(d->balloon));
	vb->report_held = c->held &&
			  (d->agreed & BIT(VIRTIO_BALLOON_F_REPORTING)) &&
			  !(d->agreed & BIT(VIRTIO_BALLOON_F_MUST_TELL_HOST)) &&
			  !(d->agreed & BIT(VIRTIO_BALLOON_F_PAGE_POISON));
	if (c->alone)
		run_by_hand(d);
	/* Whatever it wants, and whoever runs the rounds. */
	balloon_device_set_floor(d->balloon, totalram_pages() - c->most);
}

static void run_hostile_case(struct hostile_case *c)
{
	unsigned long misuse = offline_pages_counter(OFFLINE_PAGES_MISUSE);
	unsigned long total = totalram_pages();
	struct fake_device *d = c->test->priv;
	bool warned = test_taint(TAINT_WARN);
	bool bad_page = test_taint(TAINT_BAD_PAGE);
	unsigned int messages;
	u64 features;

	hostile_begin(&c->rnd, c->nr);
	features = plan_case(c);
	d->balloon = NULL;
	c->alone = !is_silent(c);
	c->now = get_jiffies_64();
	hear_anew(d->heard);
	/* The driver's device is known by its first kick, and runs by hand. */
	kunit_activate_static_stub(c->test, balloon_device_kick, catch_kick);
	put_on_bus(c->test, features);
	if (!driver_find("virtio_balloon", d->vdev.dev.bus))
		kunit_skip(c->test, "virtio_balloon is not loaded");
	expect_case(c, !d->balloon, EQ, !d->vdev.dev.driver);
	if (d->balloon) {
		take_over(c);
		if (is_silent(c)) {
			kunit_deactivate_static_stub(c->test,
						     balloon_device_kick);
			silent_actions(c);
		} else {
			hostile_actions(c);
		}
	}
	hostile_unplug(c);
	if (c->alone)
		kunit_deactivate_static_stub(c->test, balloon_device_kick);

	/* No page is lost, and little was said, but not too little. */
	expect_case(c, totalram_pages(), EQ, total);
	expect_case(c, offline_pages_counter(OFFLINE_PAGES_MISUSE), EQ, misuse);
	expect_case(c, test_taint(TAINT_WARN), EQ, (int)warned);
	expect_case(c, test_taint(TAINT_BAD_PAGE), EQ, (int)bad_page);
	messages = atomic_read(&d->heard->messages);
	expect_case(c, messages, LE, MOST_MESSAGES * (1 + d->lives));
	expect_case(c, atomic_read(&d->heard->gone), LE, 1);
	expect_case(c, atomic_read(&d->heard->kept), EQ, 0);
	c->record->most_messages = max(c->record->most_messages, messages);
	c->record->free_ranges += d->ranges.free;
	c->record->held_ranges += d->ranges.held;
	c->record->cases++;
}

/* @all: there has to be each kind, and something with each queue. */
static void count_faults(struct kunit *test, struct hostile_record *record,
			 bool all)
{
	unsigned int i, j, nr, sums[QUEUES] = {};

	for (i = 0; i < NR_FAULTS; i++) {
		char text[QUEUES * 12] = "";
		int len = 0;

		for (j = 0; j < QUEUES && i < NR_BUFFER_FAULTS; j++) {
			nr = atomic_read(&buffer_faults[i][j]);
			sums[j] += nr;
			len += scnprintf(text + len, sizeof(text) - len, " %u",
					 nr);
		}
		nr = atomic_read(&fault_count[i]);
		record->faults += nr;
		kunit_info(test, "%s: %u%s\n", fault_names[i], nr, text);
		if (all)
			KUNIT_EXPECT_GT_MSG(test, nr, 0, "%s", fault_names[i]);
	}
	for (j = 0; j < QUEUES; j++) {
		kunit_info(test, "%s: %u\n", queue_names[j], sums[j]);
		if (all)
			KUNIT_EXPECT_GT_MSG(test, sums[j], 0, "%s",
					    queue_names[j]);
	}
}

/* What there has to be besides. */
static void count_others(struct kunit *test,
			 const struct hostile_record *record)
{
	if (IS_ENABLED(CONFIG_BALLOON_MIGRATION))
		KUNIT_EXPECT_GT(test, record->moved, 0);
	KUNIT_EXPECT_GT(test, record->free_ranges, 0);
	/* Where free pages have a mark, none of the balloon's are reported. */
	if (!has_poison())
		KUNIT_EXPECT_GT(test, record->held_ranges, 0);
}

/*
 * Whatever the device answers, no page that it may have is used, none is lost,
 * nobody waits for long, and what happens is said once.
 */
static void hostile_test(struct kunit *test)
{
	struct hostile_record record = {};
	struct fake_device *d = test->priv;
	struct hostile_case c = { .test = test, .record = &record };
	unsigned int i;
	bool all;

	c.text = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, c.text);
	d->heard = begin_hearing(test);
	memset(fault_count, 0, sizeof(fault_count));
	memset(buffer_faults, 0, sizeof(buffer_faults));
	d->hostile = true;
	for (i = 0; i < hostile_cases; i++) {
		c.nr = hostile_first + i;
		run_hostile_case(&c);
		if (READ_ONCE(test->status) == KUNIT_FAILURE)
			break;
		cond_resched();
	}
	d->hostile = false;
	/* Unless some cases were left out. */
	all = !hostile_first && hostile_cases >= DEFAULT_CASES &&
	      record.cases == hostile_cases;
	count_faults(test, &record, all);
	if (all)
		count_others(test, &record);
	kunit_info(test, "seed %u: %u cases, %u actions, %u faults, %u pages moved, %u free ranges reported and %u of the balloon; longest %u ms, most messages %u\n",
		   hostile_seed, record.cases, record.actions, record.faults,
		   record.moved, record.free_ranges, record.held_ranges,
		   jiffies_to_msecs(record.longest), record.most_messages);
}

static int virtio_balloon_init(struct kunit *test)
{
	struct fake_device *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);

	if (!d)
		return -ENOMEM;
	mutex_init(&d->lock);
	INIT_DELAYED_WORK(&d->trickle, trickle_work);
	INIT_DELAYED_WORK(&d->tick, hostile_tick);
	INIT_WORK(&d->unplug, unplug_work);
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
	for (i = 0; i < d->nr_queues && !d->hostile; i++) {
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
	KUNIT_CASE_PARAM(tell_reported_test, kind_gen_params),
	KUNIT_CASE_PARAM(hints_test, kind_gen_params),
	KUNIT_CASE_PARAM(missed_hint_test, kind_gen_params),
	KUNIT_CASE_PARAM(small_hints_test, kind_gen_params),
	KUNIT_CASE_PARAM(stats_test, kind_gen_params),
	KUNIT_CASE_SLOW(patience_test),
	KUNIT_CASE_SLOW(slow_report_test),
	KUNIT_CASE_PARAM_SLOW(silent_in_need_test, kind_gen_params),
	KUNIT_CASE(silent_report_test),
	KUNIT_CASE_SLOW(notified_in_reset_test),
	KUNIT_CASE_SLOW(broken_report_test),
	KUNIT_CASE_SLOW(needs_reset_test),
	KUNIT_CASE_SLOW(hostile_test),
	{}
};

static struct kunit_suite virtio_balloon_suite = {
	.name = "virtio_balloon",
	.init = virtio_balloon_init,
	.exit = virtio_balloon_exit,
	.test_cases = virtio_balloon_cases,
};

kunit_test_suite(virtio_balloon_suite);

MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_DESCRIPTION("KUnit tests of virtio-balloon");
MODULE_LICENSE("GPL");
