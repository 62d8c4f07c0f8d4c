/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM offline_pages

#if !defined(_TRACE_OFFLINE_PAGES_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_OFFLINE_PAGES_H

#include <linux/offline_pages.h>
#include <linux/tracepoint.h>

DECLARE_EVENT_CLASS(offline_page_range,
		    TP_PROTO(const struct offline_page_owner *owner,
			     unsigned long pfn, unsigned long nr_pages,
			     unsigned int flags),
		    TP_ARGS(owner, pfn, nr_pages, flags),
		    TP_STRUCT__entry(__string(owner, owner->name)
				     __field(unsigned long, pfn)
				     __field(unsigned long, nr_pages)
				     __field(unsigned int, flags)),
		    TP_fast_assign(__assign_str(owner);
				   __entry->pfn = pfn;
				   __entry->nr_pages = nr_pages;
				   __entry->flags = flags;),
		    TP_printk("owner=%s pfn=0x%lx nr_pages=%lu flags=%s",
			      __get_str(owner), __entry->pfn,
			      __entry->nr_pages,
			      __print_flags(__entry->flags, "|",
					    { OFFLINE_PAGE_SKIPPABLE, "skippable" },
					    { OFFLINE_PAGE_MOVABLE, "movable" },
					    { OFFLINE_PAGE_ISOLATED, "isolated" }))
);

/* Pages taken from the page allocator, or from a lender, for their owner. */
DEFINE_EVENT(offline_page_range, offline_page_alloc,
	     TP_PROTO(const struct offline_page_owner *owner, unsigned long pfn,
		      unsigned long nr_pages, unsigned int flags),
	     TP_ARGS(owner, pfn, nr_pages, flags)
);

/* Never onlined pages that their owner keeps offline. */
DEFINE_EVENT(offline_page_range, offline_page_keep,
	     TP_PROTO(const struct offline_page_owner *owner, unsigned long pfn,
		      unsigned long nr_pages, unsigned int flags),
	     TP_ARGS(owner, pfn, nr_pages, flags)
);

/* Pages given back to the page allocator they came from. */
DEFINE_EVENT(offline_page_range, offline_page_free,
	     TP_PROTO(const struct offline_page_owner *owner, unsigned long pfn,
		      unsigned long nr_pages, unsigned int flags),
	     TP_ARGS(owner, pfn, nr_pages, flags)
);

/* Never onlined pages given to the page allocator for the first time. */
DEFINE_EVENT(offline_page_range, offline_page_online,
	     TP_PROTO(const struct offline_page_owner *owner, unsigned long pfn,
		      unsigned long nr_pages, unsigned int flags),
	     TP_ARGS(owner, pfn, nr_pages, flags)
);

/* A page that its owner lets somebody else use. */
DEFINE_EVENT(offline_page_range, offline_page_lend,
	     TP_PROTO(const struct offline_page_owner *owner, unsigned long pfn,
		      unsigned long nr_pages, unsigned int flags),
	     TP_ARGS(owner, pfn, nr_pages, flags)
);

/* Pages taken out of their owner's set, by the owner or for migration. */
DEFINE_EVENT(offline_page_range, offline_page_isolate,
	     TP_PROTO(const struct offline_page_owner *owner, unsigned long pfn,
		      unsigned long nr_pages, unsigned int flags),
	     TP_ARGS(owner, pfn, nr_pages, flags)
);

/* Isolated pages, the first of which is @pfn, that others may find again. */
DEFINE_EVENT(offline_page_range, offline_page_putback,
	     TP_PROTO(const struct offline_page_owner *owner, unsigned long pfn,
		      unsigned long nr_pages, unsigned int flags),
	     TP_ARGS(owner, pfn, nr_pages, flags)
);

/* A page or block that its owner exchanged for another one. */
TRACE_EVENT(offline_page_migrate,
	    TP_PROTO(const struct offline_page_owner *owner, unsigned long src,
		     unsigned long dst, unsigned long nr_pages),
	    TP_ARGS(owner, src, dst, nr_pages),
	    TP_STRUCT__entry(__string(owner, owner->name)
			     __field(unsigned long, src)
			     __field(unsigned long, dst)
			     __field(unsigned long, nr_pages)),
	    TP_fast_assign(__assign_str(owner);
			   __entry->src = src;
			   __entry->dst = dst;
			   __entry->nr_pages = nr_pages;),
	    TP_printk("owner=%s src=0x%lx dst=0x%lx nr_pages=%lu",
		      __get_str(owner), __entry->src, __entry->dst,
		      __entry->nr_pages)
);

#endif /* _TRACE_OFFLINE_PAGES_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
