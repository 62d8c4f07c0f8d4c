// SPDX-License-Identifier: GPL-2.0-only

/* Asks for the largest first. */
static void demo_grow(struct vmballoon *b)
{
	struct vmballoon_ctl ctl = {
		.page_size = b->max_page_size,
	};

	while (demo_wants_more(b)) {
		if (demo_take(b, &ctl))
			continue;
		if (ctl.page_size == VMW_BALLOON_4K_PAGE)
			break;
		ctl.page_size--;
	}
}

static unsigned long demo_shrink(struct vmballoon *b, unsigned long wanted)
{
	unsigned long done = 0;
	struct vmballoon_ctl ctl = {
		.page_size = VMW_BALLOON_4K_PAGE,
	};

	while (done < wanted) {
		unsigned int n = demo_give_back(b, &ctl);

		done += n;
		if (!n) {
			if (ctl.page_size == b->max_page_size)
				break;
			ctl.page_size++;
		}
		cond_resched();
	}

	return done;
}
