// SPDX-License-Identifier: GPL-2.0-only
#include <linux/memcontrol.h>

ino_t page_cgroup_ino(struct page *page)
{
	struct mem_cgroup *memcg;
	ino_t ino = 0;

	rcu_read_lock();
	memcg = charged_to(page);
	if (memcg)
		ino = number_of(memcg);
	rcu_read_unlock();
	return ino;
}

/* A folio is no offline page. */
ino_t folio_cgroup_ino(struct folio *folio)
{
	ino_t ino;

	rcu_read_lock();
	ino = number_of(folio_memcg(folio));
	rcu_read_unlock();
	return ino;
}
