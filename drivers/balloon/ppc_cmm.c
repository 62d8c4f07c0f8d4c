// SPDX-License-Identifier: GPL-2.0
/*
 * PowerVM's collaborative memory manager: a transport of the balloon class.
 *
 * A partition with shared memory says which pages it can do without for a
 * while: it sets their state to loaned with H_PAGE_INIT, and to active again
 * when it wants them back. The hypervisor never speaks first. It is asked with
 * H_GET_MPP how much more than now it would like to have, or less; not more often
 * than the parameter delay says, for it may take its time to see what was done.
 * See LoPAR, chapter "Logical Partitioning Option", "CMO Page Usage States" and
 * H_GET_MPP; numbers are in asm/hvcall.h.
 *
 * The hypervisor's pages (CMO pages) may be smaller than the kernel's. What a
 * loaned page had in it is gone, so that a page of which any part is loaned is
 * not the guest's: either all parts change their state or the page stays in the
 * balloon.
 *
 * With the parameter simulate there are no hypercalls, and the target is what
 * is written to simulate_loan_target_kb.
 *
 * Locks: cmm_balloon and cmm_disabled are written to under the lock of the
 * parameters. cmm_wanted and cmm_ask_at are for the target operation alone. All
 * else that is shared are single words, which are read once.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/balloon_device.h>
#include <linux/capability.h>
#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <asm/firmware.h>
#include <asm/hvcall.h>

#define KB_SHIFT		(PAGE_SHIFT - 10)
#define MB_SHIFT		(20 - PAGE_SHIFT)

static struct balloon_device *cmm_balloon;
static unsigned int cmm_disabled;
static unsigned long simulate_loan_target_kb;
static s64 cmm_wanted;
static unsigned long cmm_ask_at;
/* What BALLOON_COUNT_OOM was when oom_freed_kb was reset. */
static u64 cmm_oom_forgotten;

static unsigned int delay = 1;
module_param(delay, uint, 0644);
MODULE_PARM_DESC(delay, "Seconds between questions to the hypervisor [1]");

static unsigned int hotplug_delay = 5;
module_param(hotplug_delay, uint, 0644);
MODULE_PARM_DESC(hotplug_delay, "Seconds of rest after memory went offline [5]");

static unsigned int oom_kb = 1024;
module_param(oom_kb, uint, 0644);
MODULE_PARM_DESC(oom_kb, "KiB to take back each time memory ran out [1024]");

static unsigned long min_mem_mb = 256;
module_param(min_mem_mb, ulong, 0644);
MODULE_PARM_DESC(min_mem_mb, "MiB of memory that stay here in any case [256]");

static unsigned int debug;
module_param(debug, uint, 0644);
MODULE_PARM_DESC(debug, "1: log what is asked for and done [0]");

static bool simulate;
module_param(simulate, bool, 0444);
MODULE_PARM_DESC(simulate, "Pretend to loan, without a hypervisor [N]");

static int cmm_set_disabled(const char *val, const struct kernel_param *kp)
{
	unsigned int before = cmm_disabled;
	int err = param_set_uint_minmax(val, kp, 0, 1);

	if (err || !cmm_balloon || (!cmm_disabled && !before))
		return err;
	if (!cmm_disabled)
		return balloon_device_resume(cmm_balloon);
	/* Disabled even if some stay loaned; written again, asks again. */
	return balloon_device_return_all(cmm_balloon, true);
}

static const struct kernel_param_ops cmm_disabled_ops = {
	.set = cmm_set_disabled,
	.get = param_get_uint,
};

module_param_cb(disable, &cmm_disabled_ops, &cmm_disabled, 0644);
MODULE_PARM_DESC(disable, "1: take everything back, and loan no more [0]");

#define cmm_debug(...)				\
do {						\
	if (READ_ONCE(debug))			\
		pr_info(__VA_ARGS__);		\
} while (0)

static u64 cmm_oom_freed(struct balloon_device *balloon)
{
	return balloon_device_counter(balloon, BALLOON_COUNT_OOM) -
	       READ_ONCE(cmm_oom_forgotten);
}

/* More would be more than a physical address can say. */
static u64 cmm_floor_pages(void)
{
	return (u64)min(READ_ONCE(min_mem_mb), ULONG_MAX >> 20) << MB_SHIFT;
}

static unsigned int cmm_ms(unsigned int seconds)
{
	return min_t(u64, (u64)seconds * MSEC_PER_SEC, UINT_MAX);
}

/* Without a delay, it does not ask all the time. */
static unsigned int cmm_poll_ms(void)
{
	return cmm_ms(READ_ONCE(delay)) ?: 100;
}

static void cmm_get_limits(struct balloon_limits *limits)
{
	unsigned int oom_pages = READ_ONCE(oom_kb) >> KB_SHIFT;

	*limits = (struct balloon_limits) {
		.orders = BIT(0),
		.batch = 256,	/* short enough to be waited for */
		.poll_ms = cmm_poll_ms(),
		.oom_pages = oom_pages,
		.hotplug_delay_ms = cmm_ms(READ_ONCE(hotplug_delay)),
		.flags = BALLOON_RETURN_ON_RESTART |
			 (oom_pages ? BALLOON_DEFLATE_ON_OOM : 0),
	};
}

static void cmm_tune(struct balloon_device *balloon)
{
	struct balloon_limits limits;

	cmm_get_limits(&limits);
	balloon_device_set_limits(balloon, &limits);
	balloon_device_set_floor(balloon, cmm_floor_pages());
}

static int cmm_ask(struct balloon_device *balloon)
{
	s64 loaned = balloon_device_actual(balloon);
	struct hvcall_mpp_data mpp;

	if (simulate) {
		cmm_wanted = READ_ONCE(simulate_loan_target_kb) >> KB_SHIFT;
	} else {
		if (h_get_mpp(&mpp) != H_SUCCESS)
			return -EBUSY;
		/* Bytes, in relation to what is loaned now. */
		cmm_wanted = loaned + mpp.loan_request / (s64)PAGE_SIZE;
	}
	cmm_ask_at = jiffies + msecs_to_jiffies(cmm_poll_ms());
	cmm_debug("%lld pages are wanted, %lld are loaned, %llu were needed in OOM\n",
		  cmm_wanted, loaned, cmm_oom_freed(balloon));
	return 0;
}

static int cmm_target(struct balloon_device *balloon, u64 *pages)
{
	s64 target;
	int err;

	if (time_after_eq(jiffies, cmm_ask_at)) {
		err = cmm_ask(balloon);
		if (err)
			return err;
	}
	target = cmm_wanted - cmm_oom_freed(balloon);
	*pages = READ_ONCE(cmm_disabled) || target < 0 ? 0 : target;
	return 0;
}

/* Set the state of the CMO pages in size bytes. Returns how many bytes have it. */
static unsigned long cmm_page_init(phys_addr_t addr, unsigned long size,
				   unsigned long state)
{
	unsigned long done;
	long rc;

	for (done = 0; done < size; done += CMO_PageSize) {
		rc = plpar_hcall_norets(H_PAGE_INIT, state, addr + done, 0);
		if (rc == H_SUCCESS)
			continue;
		pr_err_ratelimited("page %#llx, state %#lx: refused with %ld\n",
				   addr + done, state, rc);
		break;
	}
	return done;
}

static void cmm_set_state(struct balloon_batch *batch, unsigned long state,
			  unsigned long undo)
{
	unsigned long done, undone;
	phys_addr_t addr;
	unsigned int i;

	for (i = 0; i < batch->nr && !simulate; i++) {
		addr = PFN_PHYS(batch->pfns[i]);
		done = cmm_page_init(addr, PAGE_SIZE, state);
		if (done == PAGE_SIZE)
			continue;
		undone = cmm_page_init(addr, done, undo);
		/* A page that stays loaned in part stays in the balloon. */
		if (state == H_PAGE_SET_ACTIVE || undone == done)
			balloon_batch_fail(batch, i);
	}
	cmm_debug("%s %u of %u pages\n",
		  state == H_PAGE_SET_ACTIVE ? "took back" : "loaned",
		  batch->nr - batch->nr_failed, batch->nr);
}

static int cmm_inflate(struct balloon_device *balloon,
		       struct balloon_batch *batch)
{
	cmm_set_state(batch, H_PAGE_SET_LOANED, H_PAGE_SET_ACTIVE);
	return 0;
}

static int cmm_deflate(struct balloon_device *balloon,
		       struct balloon_batch *batch)
{
	cmm_set_state(batch, H_PAGE_SET_ACTIVE, H_PAGE_SET_LOANED);
	return 0;
}

static const struct balloon_ops cmm_ops = {
	.target = cmm_target,
	.inflate = cmm_inflate,
	.deflate = cmm_deflate,
	.tune = cmm_tune,
};

static ssize_t loaned_kb_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	u64 pages = balloon_device_actual(dev_get_drvdata(dev));

	return sysfs_emit(buf, "%llu\n", pages << KB_SHIFT);
}
static DEVICE_ATTR_RO(loaned_kb);

static ssize_t loaned_target_kb_show(struct device *dev,
				     struct device_attribute *attr, char *buf)
{
	struct balloon_device *balloon = dev_get_drvdata(dev);
	s64 target = balloon_device_target(balloon), most;

	most = balloon_device_actual(balloon) + totalram_pages() -
	       cmm_floor_pages();
	target = clamp(most, 0, target);
	return sysfs_emit(buf, "%llu\n", target << KB_SHIFT);
}
static DEVICE_ATTR_RO(loaned_target_kb);

static ssize_t oom_freed_kb_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	u64 pages = cmm_oom_freed(dev_get_drvdata(dev));

	return sysfs_emit(buf, "%llu\n", pages << KB_SHIFT);
}

static ssize_t oom_freed_kb_store(struct device *dev,
				  struct device_attribute *attr,
				  const char *buf, size_t count)
{
	unsigned long val;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = kstrtoul(buf, 10, &val);
	if (err)
		return err;
	if (val)
		return -EBADMSG;
	WRITE_ONCE(cmm_oom_forgotten,
		   balloon_device_counter(dev_get_drvdata(dev),
					  BALLOON_COUNT_OOM));
	return count;
}
static DEVICE_ATTR_RW(oom_freed_kb);

static DEVICE_ULONG_ATTR(simulate_loan_target_kb, 0644,
			 simulate_loan_target_kb);

static struct attribute *cmm_attrs[] = {
	&dev_attr_loaned_kb.attr,
	&dev_attr_loaned_target_kb.attr,
	&dev_attr_oom_freed_kb.attr,
	&dev_attr_simulate_loan_target_kb.attr.attr,
	NULL
};

static umode_t cmm_is_visible(struct kobject *kobj, struct attribute *attr,
			      int n)
{
	if (attr == &dev_attr_simulate_loan_target_kb.attr.attr && !simulate)
		return 0;
	return attr->mode;
}

static const struct attribute_group cmm_group = {
	.attrs = cmm_attrs,
	.is_visible = cmm_is_visible,
};
__ATTRIBUTE_GROUPS(cmm);

static const struct bus_type cmm_subsys = {
	.name = "cmm",
	.dev_name = "cmm",
};

static void cmm_release(struct device *dev)
{
	kfree(dev);
}

static struct device *cmm_dev;

static int __init cmm_init(void)
{
	struct balloon_device *balloon;
	struct balloon_limits limits;
	int err;

	if (!simulate && (!firmware_has_feature(FW_FEATURE_CMO) ||
			  CMO_PageSize < SZ_4K || CMO_PageSize > PAGE_SIZE))
		return -EOPNOTSUPP;

	err = subsys_system_register(&cmm_subsys, NULL);
	if (err)
		return err;
	cmm_dev = kzalloc_obj(*cmm_dev);
	if (!cmm_dev) {
		err = -ENOMEM;
		goto unregister_bus;
	}
	cmm_dev->bus = &cmm_subsys;
	cmm_dev->groups = cmm_groups;
	cmm_dev->release = cmm_release;
	device_initialize(cmm_dev);

	cmm_ask_at = jiffies;
	cmm_get_limits(&limits);
	balloon = balloon_device_alloc(cmm_dev, &cmm_ops, &limits, "cmm", NULL);
	if (IS_ERR(balloon)) {
		err = PTR_ERR(balloon);
		goto put_device;
	}
	dev_set_drvdata(cmm_dev, balloon);
	err = device_add(cmm_dev);
	if (err)
		goto put_balloon;

	kernel_param_lock(THIS_MODULE);
	err = balloon_device_register(balloon);
	if (!err) {
		cmm_balloon = balloon;
		/* Nothing was loaned before: the target is 0 while disabled. */
		if (cmm_disabled)
			balloon_device_return_all(balloon, true);
	}
	kernel_param_unlock(THIS_MODULE);
	if (!err)
		return 0;

	device_del(cmm_dev);
put_balloon:
	balloon_device_put(balloon);
put_device:
	put_device(cmm_dev);
unregister_bus:
	bus_unregister(&cmm_subsys);
	return err;
}
module_init(cmm_init);

static void __exit cmm_exit(void)
{
	struct balloon_device *balloon = cmm_balloon;

	kernel_param_lock(THIS_MODULE);
	cmm_balloon = NULL;
	kernel_param_unlock(THIS_MODULE);

	balloon_device_unregister(balloon);
	device_del(cmm_dev);
	balloon_device_put(balloon);
	put_device(cmm_dev);
	bus_unregister(&cmm_subsys);
}
module_exit(cmm_exit);

MODULE_DESCRIPTION("PowerVM collaborative memory manager");
MODULE_LICENSE("GPL");
MODULE_VERSION("2.0.0");
