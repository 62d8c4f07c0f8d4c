// SPDX-License-Identifier: GPL-2.0-only

static void start(struct device *d)
{
	queue_work(system_dfl_wq, &d->work);
	queue_work(d->wq, &d->other_work);
}
