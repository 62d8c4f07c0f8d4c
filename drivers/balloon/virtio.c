// SPDX-License-Identifier: GPL-2.0
/*
 * virtio-balloon: a transport of the balloon class.
 *
 * Written from the virtio specification, "Traditional Memory Balloon Device"
 * (section 5.5), with the numbers of the UAPI header. The queues:
 *
 *   inflate, deflate	frame numbers of 4 KiB pages
 *   stats		one buffer, used when the device wants newer statistics
 *   hints		free blocks that a migration may leave out: kept until
 *			the device says DONE, or memory is needed
 *   reporting		free ranges that the host may drop
 *
 * The configuration space is little-endian for legacy devices, too; what is in
 * buffers has the guest's byte order there, hence __virtio16 and so on.
 *
 * Each buffer is one descriptor: many hosts look no further. Many are in flight
 * at a time, for one notification and as few interrupts as can be had. What is
 * not free in a queue is at the host; no wait that was killed is remembered.
 *
 * Locks: the class's host lock for the inflate and deflate queue and @pfns; in
 * it, report_lock for the reporting queue, and for taking the device down. Stats
 * and hints queue belong to one work item each. Whoever isolates a hinted block
 * holds it alone. Waits for report_lock may be long.
 */
#include <linux/balloon_device.h>
#include <linux/module.h>
#include <linux/offline_pages.h>
#include <linux/page_reporting.h>
#include <linux/shrinker.h>
#include <linux/sizes.h>
#include <linux/virtio_balloon.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

/* The device counts in pages of 4 KiB, whatever the guest's are. */
#define VB_PFNS		(PAGE_SIZE >> VIRTIO_BALLOON_PFN_SHIFT)
/* Memory above has frame numbers of more than 32 bits. */
#define VB_MAX_PFN	(U32_MAX / VB_PFNS)
/* Most frame numbers in a request. */
#define VB_MAX_PFNS	8192U

#define VB_HINT_PAGES	BIT(MAX_PAGE_ORDER)
/* Only what is free anyway. */
#define VB_HINT_GFP	(__GFP_NORETRY | __GFP_NOMEMALLOC | __GFP_NOWARN)

enum vb_queue {
	VB_INFLATE, VB_DEFLATE, VB_STATS, VB_HINTS, VB_REPORTING, VB_NR_QUEUES,
};

struct vballoon {
	/* KUnit tests know these two, and that they come first. */
	struct page_reporting_dev_info reporting;
	bool report_held;		/* inflates by reporting */

	struct virtio_device *vdev;
	struct balloon_device *balloon;
	struct virtqueue *vqs[VB_NR_QUEUES];
	wait_queue_head_t used;		/* or the device was taken down */
	unsigned long heard[VB_NR_QUEUES];	/* of it, or asked, then */
	struct mutex report_lock;
	__virtio32 *pfns;		/* what the buffers are slices of */
	struct work_struct stats_work;
	struct virtio_balloon_stat stats[VIRTIO_BALLOON_S_NR];

	struct work_struct hint_work;
	u32 hint_id;			/* the last one that was obeyed */
	bool hint_news, hint_enough;	/* look again; memory is needed */
	__virtio32 hint_start, hint_stop;	/* commands; to stop: 0 */
	struct offline_page_owner hints;
	atomic_long_t nr_hints;		/* blocks */
	struct shrinker *shrinker;
};

static unsigned int pfns_per_buffer = 256;

static int set_pfns_per_buffer(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, VB_PFNS, VB_MAX_PFNS);
}

static const struct kernel_param_ops pfns_per_buffer_ops = {
	.set = set_pfns_per_buffer,
	.get = param_get_uint,
};
module_param_cb(pfns_per_buffer, &pfns_per_buffer_ops, &pfns_per_buffer, 0644);
MODULE_PARM_DESC(pfns_per_buffer,
		 "Most frame numbers of 4 KiB in a buffer (default 256); 512 suits hosts with huge pages; some never return a larger one than 256");

/*
 * Frame by frame, the host drops single pages; what is reported, it drops as a
 * range. To the specification these are free pages, used again without a word,
 * and no part of the balloon: they are not in its queues, though 5.5.6 wants
 * the deflate queue to say what is used again. A host may only count "actual".
 * So it is off by default, and with MUST_TELL_HOST.
 */
static bool report_held;
module_param(report_held, bool, 0444);
MODULE_PARM_DESC(report_held,
		 "Inflate by reporting ranges, where the host can (default off: it may not count them)");

static bool vb_has(const struct vballoon *vb, unsigned int feature)
{
	return virtio_has_feature(vb->vdev, feature);
}

static void vb_used(struct virtqueue *vq)
{
	struct vballoon *vb = vq->vdev->priv;

	wake_up(&vb->used);
}

/*
 * Take back what the device has used. Is there room for so many buffers now? If
 * not, an interrupt comes when most of those that are left were used.
 */
static bool vb_has_room(struct vballoon *vb, enum vb_queue q, unsigned int room)
{
	struct virtqueue *vq = vb->vqs[q];
	unsigned int len;

	do {
		virtqueue_disable_cb(vq);
		while (virtqueue_get_buf(vq, &len))
			WRITE_ONCE(vb->heard[q], jiffies);
		if (vq->num_free >= room || virtqueue_is_broken(vq))
			return true;
	} while (!virtqueue_enable_cb_delayed(vq));
	return false;
}

static bool vb_too_long(struct vballoon *vb, unsigned long since)
{
	return fatal_signal_pending(current) ||
	       balloon_device_impatient(vb->balloon, since);
}

/* Nobody says so when a device breaks, or needs a reset: look every second. */
static int vb_wait(struct vballoon *vb, enum vb_queue q, unsigned int room)
{
	long left;

	do {
		/* Not once more for one that was too silent before. */
		left = vb_too_long(vb, READ_ONCE(vb->heard[q])) ? 0 : HZ;
		left = wait_event_killable_timeout(vb->used,
						   vb_has_room(vb, q, room),
						   left);
		if (!left && (vb->vdev->config->get_status(vb->vdev) &
			      VIRTIO_CONFIG_S_NEEDS_RESET))
			virtio_break_device(vb->vdev);
		else if (!left && vb_too_long(vb, READ_ONCE(vb->heard[q])))
			left = -EINTR;
	} while (!left);
	if (virtqueue_is_broken(vb->vqs[q])) {
		balloon_device_gone(vb->balloon);
		return -EIO;
	}
	return left < 0 ? -EINTR : 0;
}

static int vb_wait_empty(struct vballoon *vb, enum vb_queue q)
{
	return vb_wait(vb, q, virtqueue_get_vring_size(vb->vqs[q]));
}

/* One more buffer, without telling the device, unless it must make room. */
static int vb_add(struct vballoon *vb, enum vb_queue q, struct scatterlist *sg)
{
	struct virtqueue *vq = vb->vqs[q];
	int err;

	if (!vq->num_free) {
		virtqueue_kick(vq);
		err = vb_wait(vb, q, 1);
		if (err)
			return err;
	}
	if (q == VB_REPORTING)
		return virtqueue_add_inbuf(vq, sg, 1, vb, GFP_NOWAIT);
	return virtqueue_add_outbuf(vq, sg, 1, vb, GFP_NOWAIT);
}

/* Afterwards the device knows of no page, and accesses none. */
static void vb_reset(struct vballoon *vb)
{
	lockdep_assert_held(&vb->report_lock);
	virtio_break_device(vb->vdev);
	virtio_synchronize_cbs(vb->vdev);
	/* They must not be about to notify a device that was reset. */
	cancel_work_sync(&vb->stats_work);
	cancel_work_sync(&vb->hint_work);
	virtio_reset_device(vb->vdev);
}

static int vb_stop(struct balloon_device *balloon)
{
	struct vballoon *vb = balloon_device_data(balloon);

	/* All waits end. Who has the lock may be about to notify the device. */
	virtio_break_device(vb->vdev);
	wake_up_all(&vb->used);
	guard(mutex)(&vb->report_lock);
	vb_reset(vb);
	return 0;
}

static void vb_set_pages(struct scatterlist *sg, struct page *page,
			 unsigned int len)
{
	sg_init_table(sg, 1);
	sg_set_page(sg, page, len, 0);
}

/*
 * Puts as many units into a buffer as fit, and returns their number. Whole
 * blocks of that size begin a buffer: the host may have huge pages.
 */
static unsigned int vb_fill_pfns(struct vballoon *vb,
				 struct balloon_batch *batch,
				 unsigned int first, struct scatterlist *sg)
{
	unsigned int max = READ_ONCE(pfns_per_buffer) / VB_PFNS;
	/* The remainder, where a block can be as large as a buffer. */
	unsigned long mask = is_power_of_2(max) ? max - 1 : ULONG_MAX;
	unsigned long i = first, end = min(batch->nr, first + max);
	bool little_endian = virtio_is_little_endian(vb->vdev);
	__virtio32 *buffer = vb->pfns + first * VB_PFNS, *pos = buffer;
	const unsigned long *pfns = batch->pfns;
	unsigned long pfn = pfns[i], k;

	do {
		if (unlikely(pfn > VB_MAX_PFN))
			balloon_batch_fail(batch, i);
		else
			for (k = 0; k < VB_PFNS; k++)
				*pos++ = __cpu_to_virtio32(little_endian,
							   (u32)pfn * VB_PFNS + k);
	} while (++i < end && (pfn = pfns[i]) & mask);
	sg_init_one(sg, buffer, (pos - buffer) * sizeof(*buffer));
	return i - first;
}

/* Likewise, for a buffer that is the memory itself. */
static unsigned int vb_fill_run(const struct balloon_batch *batch,
				unsigned int first, struct scatterlist *sg)
{
	const unsigned long *pfns = batch->pfns + first;
	unsigned int nr = 1;

	while (first + nr < batch->nr && pfns[nr] == pfns[0] + nr)
		nr++;
	vb_set_pages(sg, pfn_to_page(pfns[0]), nr * PAGE_SIZE);
	return nr;
}

static int vb_tell(struct vballoon *vb, enum vb_queue q,
		   struct balloon_batch *batch)
{
	struct scatterlist sg;
	unsigned int i, nr;
	int err;

	WRITE_ONCE(vb->heard[q], jiffies);
	for (i = 0; i < batch->nr; i += nr) {
		nr = q == VB_REPORTING ? vb_fill_run(batch, i, &sg) :
					 vb_fill_pfns(vb, batch, i, &sg);
		if (sg.length && vb_add(vb, q, &sg))
			break;
	}
	virtqueue_kick(vb->vqs[q]);
	err = vb_wait_empty(vb, q);
	/* The host has not heard of these. */
	for (; i < batch->nr; i++)
		balloon_batch_fail(batch, i);
	return err;
}

/* Its holder may wait for a silent device, or be one after the other. */
static int vb_lock_report(struct vballoon *vb)
{
	unsigned long since = jiffies;

	while (!mutex_trylock(&vb->report_lock)) {
		schedule_timeout_killable(1);
		if (vb_too_long(vb, since))
			return -EINTR;
	}
	return 0;
}

/*
 * Before anything is asked or answered, the device has answered the last
 * request, the wait for which may have been killed.
 */
static int vb_request(struct balloon_device *balloon, enum vb_queue q,
		      struct balloon_batch *batch)
{
	struct vballoon *vb = balloon_device_data(balloon);
	bool held = vb->report_held;
	int err;

	if (held && vb_lock_report(vb))
		return -EAGAIN;
	err = held ? vb_wait_empty(vb, VB_REPORTING) :
		     vb_wait_empty(vb, VB_INFLATE) ?:
		     vb_wait_empty(vb, VB_DEFLATE);
	if (err == -EINTR)
		err = -EAGAIN;
	else if (!err && !held)
		err = vb_tell(vb, q, batch);
	else if (!err && q == VB_INFLATE)
		err = vb_tell(vb, VB_REPORTING, batch);
	if (held)
		mutex_unlock(&vb->report_lock);
	return err;
}

static int vb_inflate(struct balloon_device *balloon,
		      struct balloon_batch *batch)
{
	return vb_request(balloon, VB_INFLATE, batch);
}

static int vb_deflate(struct balloon_device *balloon,
		      struct balloon_batch *batch)
{
	return vb_request(balloon, VB_DEFLATE, batch);
}

/* Part of a page cannot be had. */
static int vb_target(struct balloon_device *balloon, u64 *pages)
{
	struct vballoon *vb = balloon_device_data(balloon);
	u32 num_pages;

	virtio_cread_le(vb->vdev, struct virtio_balloon_config, num_pages,
			&num_pages);
	*pages = num_pages / VB_PFNS;
	return 0;
}

static void vb_report(struct balloon_device *balloon, u64 pages)
{
	struct vballoon *vb = balloon_device_data(balloon);
	u32 actual = min_t(u64, pages * VB_PFNS, U32_MAX);

	virtio_cwrite_le(vb->vdev, struct virtio_balloon_config, actual,
			 &actual);
}

static const struct balloon_ops vb_ops = {
	.target = vb_target,
	.inflate = vb_inflate,
	.deflate = vb_deflate,
	.report = vb_report,
	.stop = vb_stop,
};

/* The pages are in use again soon: the device must be done with them by then. */
static int vb_report_free(struct page_reporting_dev_info *reporting,
			  struct scatterlist *sgl, unsigned int nents)
{
	struct vballoon *vb = container_of(reporting, struct vballoon,
					   reporting);
	struct scatterlist *from, sg;
	unsigned int i;
	int err, left;

	scoped_cond_guard(mutex_intr, return -EINTR, &vb->report_lock) {
		err = vb_wait_empty(vb, VB_REPORTING);
		if (err)
			return err;
		WRITE_ONCE(vb->heard[VB_REPORTING], jiffies);
		for_each_sg(sgl, from, nents, i) {
			vb_set_pages(&sg, sg_page(from), from->length);
			err = vb_add(vb, VB_REPORTING, &sg);
			if (err)
				break;
		}
		virtqueue_kick(vb->vqs[VB_REPORTING]);
		/* Slow is worth no reset: vb_end() makes one, and freezers give up. */
		while ((left = vb_wait_empty(vb, VB_REPORTING)) == -EINTR)
			schedule_timeout_idle(HZ / 10);
		if (left)
			vb_reset(vb);
	}
	return left ?: err;
}

#define VB_STAT(name, value)						\
	(vb->stats[nr++] = (struct virtio_balloon_stat) {		\
		cpu_to_virtio16(vb->vdev, VIRTIO_BALLOON_S_##name),	\
		cpu_to_virtio64(vb->vdev, value) })
#define VB_BYTES(pages)	((u64)(pages) << PAGE_SHIFT)
#define VB_NODES(item)	VB_BYTES(global_node_page_state(item))

/* The device expects the same ones in each buffer. */
static unsigned int vb_collect_stats(struct vballoon *vb)
{
	unsigned int nr = 0;
	struct sysinfo info;

	if (IS_ENABLED(CONFIG_VM_EVENT_COUNTERS)) {
		unsigned long events[NR_VM_EVENT_ITEMS], stalls = 0;

		balloon_vm_events(events);
		for (int zone = 0; zone < MAX_NR_ZONES; zone++)
			stalls += events[ALLOCSTALL_MOVABLE - ZONE_MOVABLE +
					 zone];
		VB_STAT(SWAP_IN, VB_BYTES(events[PSWPIN]));
		VB_STAT(SWAP_OUT, VB_BYTES(events[PSWPOUT]));
		VB_STAT(MAJFLT, events[PGMAJFAULT]);
		VB_STAT(MINFLT, events[PGFAULT]);
		VB_STAT(OOM_KILL, events[OOM_KILL]);
		VB_STAT(ALLOC_STALL, stalls);
#ifdef CONFIG_HUGETLB_PAGE
		VB_STAT(HTLB_PGALLOC, events[HTLB_BUDDY_PGALLOC]);
		VB_STAT(HTLB_PGFAIL, events[HTLB_BUDDY_PGALLOC_FAIL]);
#endif
	}
	si_meminfo(&info);
	VB_STAT(MEMFREE, VB_BYTES(info.freeram));
	VB_STAT(MEMTOT, VB_BYTES(info.totalram));
	VB_STAT(AVAIL, VB_BYTES(si_mem_available()));
	VB_STAT(CACHES, VB_NODES(NR_FILE_PAGES));
	VB_STAT(ASYNC_SCAN, VB_NODES(PGSCAN_KSWAPD));
	VB_STAT(DIRECT_SCAN, VB_NODES(PGSCAN_DIRECT));
	VB_STAT(ASYNC_RECLAIM, VB_NODES(PGSTEAL_KSWAPD));
	VB_STAT(DIRECT_RECLAIM, VB_NODES(PGSTEAL_DIRECT));
	return nr;
}

/* There is only one buffer: nothing to do while the device still has it. */
static void vb_stats_work(struct work_struct *work)
{
	struct vballoon *vb = container_of(work, struct vballoon, stats_work);
	struct virtqueue *vq = vb->vqs[VB_STATS];
	struct scatterlist sg;
	unsigned int len;

	while (virtqueue_get_buf(vq, &len))
		;
	if (vq->num_free < virtqueue_get_vring_size(vq))
		return;
	sg_init_one(&sg, vb->stats,
		    vb_collect_stats(vb) * sizeof(vb->stats[0]));
	if (!virtqueue_add_outbuf(vq, &sg, 1, vb, GFP_NOWAIT))
		virtqueue_kick(vq);
}

static void vb_stats_used(struct virtqueue *vq)
{
	struct vballoon *vb = vq->vdev->priv;

	queue_work(system_dfl_wq, &vb->stats_work);
}

/* Gives hinted blocks back, for anybody at any time; returns how many. */
static unsigned long vb_drop_hints(struct vballoon *vb, unsigned long max)
{
	struct page *page;
	unsigned long nr;

	for (nr = 0; nr < max && atomic_long_read(&vb->nr_hints); nr++) {
		page = isolate_offline_page(&vb->hints);
		if (!page)
			break;
		atomic_long_dec(&vb->nr_hints);
		free_isolated_offline_page(&vb->hints, page);
	}
	return nr;
}

static u32 vb_hint_asked(struct vballoon *vb)
{
	u32 id;

	smp_store_mb(vb->hint_news, false);	/* pairs with wake_up() */
	virtio_cread_le(vb->vdev, struct virtio_balloon_config,
			free_page_hint_cmd_id, &id);
	return id;
}

/* False if the device asks for something else; the work is queued again then. */
static bool vb_hint_room(struct vballoon *vb, unsigned int room)
{
	do {
		if (READ_ONCE(vb->hint_news) &&
		    vb_hint_asked(vb) != vb->hint_id)
			return false;
	} while (!wait_event_idle_timeout(vb->used, READ_ONCE(vb->hint_news) ||
					  vb_has_room(vb, VB_HINTS, room), HZ) ||
		 READ_ONCE(vb->hint_news));
	return !virtqueue_is_broken(vb->vqs[VB_HINTS]);
}

static void vb_hint_command(struct vballoon *vb, __virtio32 *command)
{
	struct scatterlist sg;

	sg_init_one(&sg, command, sizeof(*command));
	if (!vb_add(vb, VB_HINTS, &sg))
		virtqueue_kick(vb->vqs[VB_HINTS]);
}

/* Until no block is free, somebody needs them, or the device has enough. */
static void vb_hint_round(struct vballoon *vb)
{
	struct virtqueue *vq = vb->vqs[VB_HINTS];
	unsigned int all = virtqueue_get_vring_size(vq);
	struct scatterlist sg;
	struct page *page;

	/* It may have missed that the last round's commands are there. */
	if (!virtqueue_notify(vq) || !vb_hint_room(vb, all))
		return;
	WRITE_ONCE(vb->hint_enough, false);
	vb->hint_start = cpu_to_virtio32(vb->vdev, vb->hint_id);
	vb_hint_command(vb, &vb->hint_start);
	/* Room is kept for the command to stop, but in a queue for one. */
	while (vb_hint_room(vb, min(all, 2)) && !READ_ONCE(vb->hint_enough)) {
		/* Nobody may use it before the device could see the hint. */
		page = alloc_offline_page(&vb->hints, VB_HINT_GFP, NUMA_NO_NODE,
					  OFFLINE_PAGE_ISOLATED);
		if (!page)
			break;
		vb_set_pages(&sg, page, VB_HINT_PAGES * PAGE_SIZE);
		if (virtqueue_add_inbuf(vq, &sg, 1, vb, GFP_NOWAIT)) {
			free_isolated_offline_page(&vb->hints, page);
			break;
		}
		virtqueue_kick(vq);
		atomic_long_inc(&vb->nr_hints);
		putback_offline_page(&vb->hints, page);
	}
	if (vq->num_free)
		vb_hint_command(vb, &vb->hint_stop);
}

static void vb_hint_work(struct work_struct *work)
{
	struct vballoon *vb = container_of(work, struct vballoon, hint_work);
	u32 id = vb_hint_asked(vb);

	if (id == vb->hint_id)
		return;
	vb->hint_id = id;
	if (id > VIRTIO_BALLOON_CMD_ID_DONE)
		vb_hint_round(vb);
	else if (id == VIRTIO_BALLOON_CMD_ID_DONE)
		vb_drop_hints(vb, ULONG_MAX);
}

static unsigned long vb_hints_count(struct shrinker *shrinker,
				    struct shrink_control *sc)
{
	struct vballoon *vb = shrinker->private_data;

	return atomic_long_read(&vb->nr_hints) * VB_HINT_PAGES;
}

static unsigned long vb_hints_scan(struct shrinker *shrinker,
				   struct shrink_control *sc)
{
	unsigned long nr = DIV_ROUND_UP(sc->nr_to_scan, VB_HINT_PAGES);
	struct vballoon *vb = shrinker->private_data;

	WRITE_ONCE(vb->hint_enough, true);
	return vb_drop_hints(vb, nr) * VB_HINT_PAGES ?: SHRINK_STOP;
}

static void vb_exit_hints(void *data)
{
	struct vballoon *vb = data;

	shrinker_free(vb->shrinker);
	vb_drop_hints(vb, ULONG_MAX);
	unregister_offline_page_owner(&vb->hints);
}

/* Reclaim asks the shrinker for all of them before anybody is killed. */
static int vb_init_hints(struct vballoon *vb)
{
	int err;

	init_offline_page_owner(&vb->hints, "virtio-balloon-hints");
	vb->hints.order = MAX_PAGE_ORDER;
	vb->hints.stays_managed = true;
	vb->shrinker = shrinker_alloc(0, "virtio-balloon");
	err = vb->shrinker ? register_offline_page_owner(&vb->hints) : -ENOMEM;
	if (err) {
		shrinker_free(vb->shrinker);
		return err;
	}
	vb->shrinker->count_objects = vb_hints_count;
	vb->shrinker->scan_objects = vb_hints_scan;
	vb->shrinker->private_data = vb;
	shrinker_register(vb->shrinker);
	return devm_add_action_or_reset(&vb->vdev->dev, vb_exit_hints, vb);
}

/* A queue without a name is left out: the next one gets its number. */
static int vb_find_vqs(struct vballoon *vb)
{
	struct virtqueue_info info[VB_NR_QUEUES] = {
		[VB_INFLATE] = { "inflate", vb_used },
		[VB_DEFLATE] = { "deflate", vb_used },
		[VB_STATS] = { NULL, vb_stats_used },
		[VB_HINTS] = { NULL, vb_used },
		[VB_REPORTING] = { NULL, vb_used },
	};

	if (vb_has(vb, VIRTIO_BALLOON_F_STATS_VQ))
		info[VB_STATS].name = "stats";
	if (vb_has(vb, VIRTIO_BALLOON_F_FREE_PAGE_HINT))
		info[VB_HINTS].name = "free_page_vq";
	if (vb_has(vb, VIRTIO_BALLOON_F_REPORTING))
		info[VB_REPORTING].name = "reporting_vq";
	return virtio_find_vqs(vb->vdev, VB_NR_QUEUES, vb->vqs, info, NULL);
}

/* A device that was not reset would not let go of them. */
static void vb_del_vqs(struct vballoon *vb)
{
	struct virtqueue *vq;

	virtio_reset_device(vb->vdev);
	virtio_device_for_each_vq(vb->vdev, vq)
		while (virtqueue_detach_unused_buf(vq))
			;
	vb->vdev->config->del_vqs(vb->vdev);
}

/* All but the class. The queues must not be used before the device is ready. */
static void vb_start(struct vballoon *vb)
{
	u32 poison_val = want_init_on_free() ? 0 : PAGE_POISON * 0x01010101U;

	if (vb_has(vb, VIRTIO_BALLOON_F_PAGE_POISON))
		virtio_cwrite_le(vb->vdev, struct virtio_balloon_config,
				 poison_val, &poison_val);
	virtio_device_ready(vb->vdev);
	/* Somebody before us left his own there, or we did. */
	vb_report(vb->balloon, balloon_device_actual(vb->balloon));
	if (vb_has(vb, VIRTIO_BALLOON_F_STATS_VQ))
		queue_work(system_dfl_wq, &vb->stats_work);
	vb->hint_id = VIRTIO_BALLOON_CMD_ID_STOP;
	if (vb_has(vb, VIRTIO_BALLOON_F_FREE_PAGE_HINT))
		queue_work(system_dfl_wq, &vb->hint_work);
	if (vb_has(vb, VIRTIO_BALLOON_F_REPORTING) &&
	    page_reporting_register(&vb->reporting))
		dev_warn(&vb->vdev->dev, "another device reports free pages\n");
}

/* The opposite. Also for a shutdown: the class rests then, or finds out. */
static void vb_end(struct virtio_device *vdev)
{
	struct vballoon *vb = vdev->priv;

	vb_stop(vb->balloon);
	if (vb_has(vb, VIRTIO_BALLOON_F_REPORTING))
		page_reporting_unregister(&vb->reporting);
	vb_drop_hints(vb, ULONG_MAX);
}

static int vb_probe(struct virtio_device *vdev)
{
	struct balloon_limits limits = {
		.orders = BIT(0),
		.batch = VB_MAX_PFNS / VB_PFNS,
		.flags = BALLOON_WAKEUP,
	};
	struct vballoon *vb;
	int err;

	if (!vdev->config->get)
		return -EINVAL;
	vb = devm_kzalloc(&vdev->dev, sizeof(*vb), GFP_KERNEL);
	if (!vb)
		return -ENOMEM;
	vdev->priv = vb;
	vb->vdev = vdev;
	init_waitqueue_head(&vb->used);
	mutex_init(&vb->report_lock);
	INIT_WORK(&vb->stats_work, vb_stats_work);
	INIT_WORK(&vb->hint_work, vb_hint_work);
	vb->reporting.report = vb_report_free;
	/* The default is hundreds of megabytes where pages are large. */
	vb->reporting.order = get_order(SZ_2M);

	err = vb_find_vqs(vb);
	if (err)
		return err;
	/* Where the host may put the poison into them, it must be there. */
	vb->report_held = report_held &&
			  vb_has(vb, VIRTIO_BALLOON_F_REPORTING) &&
			  !vb_has(vb, VIRTIO_BALLOON_F_MUST_TELL_HOST) &&
			  !vb_has(vb, VIRTIO_BALLOON_F_PAGE_POISON);
	if (vb_has(vb, VIRTIO_BALLOON_F_DEFLATE_ON_OOM))
		limits.flags |= BALLOON_DEFLATE_ON_OOM | BALLOON_STAYS_MANAGED;
	vb->pfns = (void *)devm_get_free_pages(&vdev->dev, GFP_KERNEL,
					       get_order(VB_MAX_PFNS *
							 sizeof(*vb->pfns)));
	err = vb->pfns ? 0 : -ENOMEM;
	if (!err && vb_has(vb, VIRTIO_BALLOON_F_FREE_PAGE_HINT))
		err = vb_init_hints(vb);
	if (err)
		goto out;
	vb->balloon = balloon_device_alloc(&vdev->dev, &vb_ops, &limits,
					   "virtio", vb);
	err = PTR_ERR_OR_ZERO(vb->balloon);
	if (err)
		goto out;
	vb_start(vb);
	err = balloon_device_register(vb->balloon);
	if (!err) {
		device_set_wakeup_capable(&vdev->dev, true);
		return 0;
	}
	vb_end(vdev);
	balloon_device_put(vb->balloon);
out:
	vb_del_vqs(vb);
	return err;
}

/* No change of the configuration is heard of any more; see virtio core. */
static void vb_remove(struct virtio_device *vdev)
{
	struct vballoon *vb = vdev->priv;

	device_init_wakeup(&vdev->dev, false);
	balloon_device_unregister(vb->balloon);
	vb_end(vdev);
	balloon_device_put(vb->balloon);
	vb_del_vqs(vb);
}

static int vb_freeze(struct virtio_device *vdev)
{
	struct vballoon *vb = vdev->priv;

	/* If pages stay offline, it can be taken down all the same. */
	balloon_device_suspend(vb->balloon);
	vb_end(vdev);
	vb_del_vqs(vb);
	return 0;
}

static int vb_restore(struct virtio_device *vdev)
{
	struct vballoon *vb = vdev->priv;
	int err;

	err = vb_find_vqs(vb);
	if (err) {
		balloon_device_gone(vb->balloon);
		return err;
	}
	vb_start(vb);
	return balloon_device_resume(vb->balloon);
}

static void vb_config_changed(struct virtio_device *vdev)
{
	struct vballoon *vb = vdev->priv;

	balloon_device_kick(vb->balloon);
	if (vb_has(vb, VIRTIO_BALLOON_F_FREE_PAGE_HINT)) {
		WRITE_ONCE(vb->hint_news, true);
		queue_work(system_dfl_wq, &vb->hint_work);
		wake_up(&vb->used);
	}
}

/*
 * Who relies on what is in free pages must be able to say so, or the host must
 * not drop them. And it is about physical pages: no IOMMU translates the frame
 * numbers, and it would not help to report a bounce buffer.
 */
static int vb_validate(struct virtio_device *vdev)
{
	if (!want_init_on_free() && !page_poisoning_enabled_static())
		__virtio_clear_bit(vdev, VIRTIO_BALLOON_F_PAGE_POISON);
	else if (!virtio_has_feature(vdev, VIRTIO_BALLOON_F_PAGE_POISON))
		__virtio_clear_bit(vdev, VIRTIO_BALLOON_F_REPORTING);
	__virtio_clear_bit(vdev, VIRTIO_RING_F_INDIRECT_DESC);
	__virtio_clear_bit(vdev, VIRTIO_F_ACCESS_PLATFORM);
	return 0;
}

static const unsigned int vb_features[] = {
	VIRTIO_BALLOON_F_MUST_TELL_HOST, VIRTIO_BALLOON_F_STATS_VQ,
	VIRTIO_BALLOON_F_DEFLATE_ON_OOM, VIRTIO_BALLOON_F_FREE_PAGE_HINT,
	VIRTIO_BALLOON_F_PAGE_POISON, VIRTIO_BALLOON_F_REPORTING,
};

static const struct virtio_device_id vb_ids[] = {
	{ VIRTIO_ID_BALLOON, VIRTIO_DEV_ANY_ID },
	{ }
};
MODULE_DEVICE_TABLE(virtio, vb_ids);

static struct virtio_driver virtio_balloon_driver = {
	.driver.name = "virtio_balloon",
	.id_table = vb_ids,
	.feature_table = vb_features,
	.feature_table_size = ARRAY_SIZE(vb_features),
	.validate = vb_validate,
	.probe = vb_probe,
	.remove = vb_remove,
	.shutdown = vb_end,
	.config_changed = vb_config_changed,
	.freeze = pm_sleep_ptr(vb_freeze),
	.restore = pm_sleep_ptr(vb_restore),
};
module_virtio_driver(virtio_balloon_driver);

MODULE_DESCRIPTION("Virtio balloon driver");
MODULE_LICENSE("GPL");
