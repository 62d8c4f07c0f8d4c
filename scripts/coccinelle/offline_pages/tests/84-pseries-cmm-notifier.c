// SPDX-License-Identifier: GPL-2.0-only

static DEFINE_MUTEX(hotplug_mutex);
static int seen; /* by the thread */

/* Somebody else's use of the mutex is none of our business. */
static void look(void)
{
	mutex_lock(&hotplug_mutex);
	show(seen);
	mutex_unlock(&hotplug_mutex);
}

static int notify(struct notifier_block *self, unsigned long what, void *mem)
{
	switch (what) {
	case MEM_GOING_OFFLINE:
		mutex_lock(&hotplug_mutex);
		seen = 1;
		break;
	case MEM_OFFLINE:
	case MEM_CANCEL_OFFLINE:
		mutex_unlock(&hotplug_mutex);
		break;
	}
	return NOTIFY_OK;
}
