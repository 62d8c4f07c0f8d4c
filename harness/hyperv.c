// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hyper-V's balloon driver, whole, with a host of the tests in place of a VMBus.
 *
 * QEMU has no such device without KVM. What the driver says to the bus it says
 * to the functions here; what the host wants is written to a file, and what it
 * knows is read from there: hyperv-host in debugfs. The messages are those of
 * the structures at the beginning of the driver. The host keeps a book of the
 * pages that it was given, and looks whether they are offline.
 *
 *	up PAGES			take so many pages
 *	down PAGES			give them back, those it got last first
 *	add PFN PAGES			memory is there that was not before
 *	add PFN PAGES PFN PAGES		... of a range, the last two
 *	refuse ERROR			from now on, the bus does not take pages
 */
#define CONFIG_HYPERV 1		/* for what is declared, none of which is called */

#include <linux/debugfs.h>
#include <linux/hyperv.h>
#include <linux/list.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <asm/mshyperv.h>

static int host_register(struct hv_driver *driver);
static int host_open(struct vmbus_channel *channel, u32 send_size, u32 receive_size,
		     void *data, u32 data_len, void (*callback)(void *context),
		     void *context);
static int host_send(struct vmbus_channel *channel, void *buffer, u32 len, u64 id,
		     enum vmbus_packet_type type, u32 flags);
static int host_receive(struct vmbus_channel *channel, void *buffer, u32 len,
			u32 *actual_len, u64 *id);

static inline void host_close(struct vmbus_channel *channel)
{
}

/* It wants to know of no free pages. */
static inline bool host_can(u64 capability)
{
	return false;
}

#undef vmbus_driver_register
#define vmbus_driver_register host_register
#define vmbus_open host_open
#define vmbus_close host_close
#define vmbus_sendpacket host_send
#define vmbus_recvpacket host_receive
#define hv_query_ext_cap host_can
#define hv_is_hibernation_supported() false

#undef pr_fmt
#include <../drivers/hv/hv_balloon.c>

/* A message for the driver. */
struct host_message {
	struct list_head list;
	u32 len;
	union {
		struct dm_header header;
		u8 data[HV_HYP_PAGE_SIZE];
	};
};

/*
 * @held: by PFN, the pages that it was given
 * @pfns: the same ones, in the order in which it got them
 * @room: how many of them it can remember
 * @busy: what was asked for, and not answered yet
 * @wrong: pages that were given twice, or were not offline
 * @added: pages that the driver says it added
 * @refuses: what the bus answers to the driver that gives pages
 */
static struct {
	struct hv_device device;
	struct vmbus_channel channel;
	void (*callback)(void *context);
	void *context;
	struct work_struct deliver;

	spinlock_t lock;		/* of all but callback and context */
	struct list_head messages;
	struct xarray held;
	unsigned long *pfns, room, nr_held, wrong, added;
	unsigned int busy;
	int refuses;
} host;

/* The driver hears of a message as from a bus: where nobody may sleep. */
static void host_deliver(struct work_struct *work)
{
	bool more;

	do {
		scoped_guard(spinlock_bh, &host.lock)
			more = !list_empty(&host.messages);
		local_bh_disable();
		if (more)
			host.callback(host.context);
		local_bh_enable();
	} while (more);
}

static struct host_message *host_message(u16 type, u16 len)
{
	struct host_message *m = kzalloc(sizeof(*m), GFP_ATOMIC);

	if (!m)
		return NULL;
	m->len = len;
	m->header.type = type;
	m->header.size = len;
	return m;
}

static void host_say(struct host_message *m)
{
	scoped_guard(spinlock_bh, &host.lock)
		list_add_tail(&m->list, &host.messages);
	schedule_work(&host.deliver);
}

static int host_receive(struct vmbus_channel *channel, void *buffer, u32 len,
			u32 *actual_len, u64 *id)
{
	struct host_message *m;

	scoped_guard(spinlock_bh, &host.lock) {
		m = list_first_entry_or_null(&host.messages,
					     struct host_message, list);
		if (m)
			list_del(&m->list);
	}
	*actual_len = m ? m->len : 0;
	if (m)
		memcpy(buffer, m->data, min(m->len, len));
	kfree(m);
	return 0;
}

static void host_busy(int change)
{
	guard(spinlock_bh)(&host.lock);
	host.busy += change;
}

static void host_take(const struct dm_balloon_response *given)
{
	unsigned int i;
	u64 pfn, end;

	guard(spinlock_bh)(&host.lock);
	for (i = 0; i < given->range_count; i++) {
		pfn = given->range_array[i].finfo.start_page;
		end = pfn + given->range_array[i].finfo.page_cnt;
		for (; pfn < end; pfn++) {
			if (PageOffline(pfn_to_page(pfn)) &&
			    host.nr_held < host.room &&
			    !xa_insert(&host.held, pfn, xa_mk_value(1), GFP_ATOMIC))
				host.pfns[host.nr_held++] = pfn;
			else
				host.wrong++;
		}
	}
	host.busy -= !given->more_pages;
}

/* To a question about a version or capabilities, which have the same answer. */
static int host_accept(u16 type)
{
	struct host_message *m = host_message(type, sizeof(struct dm_version_response));

	if (!m)
		return -ENOMEM;
	((struct dm_version_response *)m->data)->is_accepted = 1;
	host_say(m);
	return 0;
}

/* What the driver says. */
static int host_send(struct vmbus_channel *channel, void *buffer, u32 len, u64 id,
		     enum vmbus_packet_type type, u32 flags)
{
	const struct dm_header *header = buffer;

	switch (header->type) {
	case DM_VERSION_REQUEST:
		return host_accept(DM_VERSION_RESPONSE);
	case DM_CAPABILITIES_REPORT:
		return host_accept(DM_CAPABILITIES_RESPONSE);
	case DM_BALLOON_RESPONSE:
		/* The driver takes all back, and asks no more. */
		if (host.refuses)
			break;
		host_take(buffer);
		return 0;
	case DM_MEM_HOT_ADD_RESPONSE:
		scoped_guard(spinlock_bh, &host.lock)
			host.added += ((struct dm_hot_add_response *)buffer)->page_count;
		break;
	case DM_UNBALLOON_RESPONSE:
		break;
	default:		/* the driver's view of its memory, now and then */
		return 0;
	}
	host_busy(-1);
	return header->type == DM_BALLOON_RESPONSE ? host.refuses : 0;
}

static int host_open(struct vmbus_channel *channel, u32 send_size, u32 receive_size,
		     void *data, u32 data_len, void (*callback)(void *context),
		     void *context)
{
	host.callback = callback;
	host.context = context;
	return 0;
}

/* What the host wants. */

static int host_up(unsigned long pages)
{
	struct host_message *m = host_message(DM_BALLOON_REQUEST,
					      sizeof(struct dm_balloon));

	if (!m)
		return -ENOMEM;
	((struct dm_balloon *)m->data)->num_pages = pages;
	host_say(m);
	return 0;
}

/* The next run of pages that it gives back. */
static bool host_take_out(unsigned long *most, union dm_mem_page_range *range)
{
	unsigned long first = 0, nr = 0;

	guard(spinlock_bh)(&host.lock);
	while (nr < *most && host.nr_held &&
	       (!nr || host.pfns[host.nr_held - 1] == first - 1)) {
		first = host.pfns[--host.nr_held];
		xa_erase(&host.held, first);
		nr++;
	}
	*most -= nr;
	range->finfo.start_page = first;
	range->finfo.page_cnt = nr;
	return nr;
}

/* As many messages as it takes, all but the last of which say that there are more. */
static int host_down(unsigned long pages)
{
	struct dm_unballoon_request *request;
	struct host_message *m;
	bool more;

	do {
		m = host_message(DM_UNBALLOON_REQUEST, sizeof(*request));
		if (!m)
			return -ENOMEM;
		request = (struct dm_unballoon_request *)m->data;
		while (m->len + sizeof(request->range_array[0]) <= sizeof(m->data) &&
		       host_take_out(&pages, &request->range_array[request->range_count])) {
			request->range_count++;
			m->len += sizeof(request->range_array[0]);
		}
		scoped_guard(spinlock_bh, &host.lock)
			more = pages && host.nr_held;
		request->more_pages = more;
		m->header.size = m->len;
		host_say(m);
	} while (more);
	return 0;
}

static int host_add(unsigned int args, const unsigned long *pfns)
{
	struct host_message *m = host_message(DM_MEM_HOT_ADD_REQUEST,
					      sizeof(struct dm_hot_add));
	union dm_mem_page_range *range;

	if (!m)
		return -ENOMEM;
	range = &((struct dm_hot_add *)m->data)->range;
	range[0].finfo.start_page = pfns[0];
	range[0].finfo.page_cnt = pfns[1];
	if (args > 2) {
		range[1].finfo.start_page = pfns[2];
		range[1].finfo.page_cnt = pfns[3];
		m->len += sizeof(range[1]);
		m->header.size = m->len;
	}
	host_say(m);
	return 0;
}

static int hyperv_host_show(struct seq_file *s, void *unused)
{
	guard(spinlock_bh)(&host.lock);
	seq_printf(s, "busy %u\nheld %lu\nadded %lu\nwrong %lu\n", host.busy,
		   host.nr_held, host.added, host.wrong);
	return 0;
}

static ssize_t hyperv_host_write(struct file *file, const char __user *text,
				 size_t len, loff_t *pos)
{
	unsigned long args[4];
	char line[80], what[8];
	int nr, err = -EINVAL;

	if (len >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, text, len))
		return -EFAULT;
	line[len] = 0;
	nr = sscanf(line, "%7s %li %li %li %li", what, &args[0], &args[1],
		    &args[2], &args[3]) - 1;
	if (nr == 1 && !strcmp(what, "refuse")) {
		host.refuses = args[0];
		return len;
	}
	host_busy(1);
	if (nr == 1 && !strcmp(what, "up"))
		err = host_up(args[0]);
	else if (nr == 1 && !strcmp(what, "down"))
		err = host_down(args[0]);
	else if ((nr == 2 || nr == 4) && !strcmp(what, "add"))
		err = host_add(nr, args);
	if (err)
		host_busy(-1);
	return err ?: len;
}
DEFINE_SHOW_STORE_ATTRIBUTE(hyperv_host);

static int host_register(struct hv_driver *driver)
{
	host.room = totalram_pages();
	host.pfns = vmalloc_array(host.room, sizeof(*host.pfns));
	if (!host.pfns)
		return -ENOMEM;
	spin_lock_init(&host.lock);
	INIT_LIST_HEAD(&host.messages);
	xa_init(&host.held);
	INIT_WORK(&host.deliver, host_deliver);
	host.device.channel = &host.channel;
	debugfs_create_file("hyperv-host", 0600, NULL, NULL, &hyperv_host_fops);
	return driver->probe(&host.device, NULL);
}
