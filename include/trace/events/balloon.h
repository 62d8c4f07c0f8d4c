/* SPDX-License-Identifier: GPL-2.0 */
/* What balloon devices do: drivers/balloon/core.c. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM balloon

#if !defined(_TRACE_BALLOON_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_BALLOON_H

#include <linux/tracepoint.h>

/* One request to the host, and its answer. */
TRACE_EVENT(balloon_batch,
	    TP_PROTO(const char *name, bool inflate, unsigned int order,
		     unsigned int nr, unsigned int failed, int error),
	    TP_ARGS(name, inflate, order, nr, failed, error),
	    TP_STRUCT__entry(__string(name, name)
			     __field(bool, inflate)
			     __field(unsigned int, order)
			     __field(unsigned int, nr)
			     __field(unsigned int, failed)
			     __field(int, error)),
	    TP_fast_assign(__assign_str(name);
			   __entry->inflate = inflate;
			   __entry->order = order;
			   __entry->nr = nr;
			   __entry->failed = failed;
			   __entry->error = error;),
	    TP_printk("%s %s order=%u nr=%u failed=%u error=%d",
		      __get_str(name),
		      __entry->inflate ? "inflate" : "deflate",
		      __entry->order, __entry->nr, __entry->failed,
		      __entry->error)
);

/* A change of what the files state and reason say; sizes are in pages. */
TRACE_EVENT(balloon_state,
	    TP_PROTO(const char *name, const char *state, const char *reason,
		     u64 target, u64 actual),
	    TP_ARGS(name, state, reason, target, actual),
	    TP_STRUCT__entry(__string(name, name)
			     __string(state, state)
			     __string(reason, reason)
			     __field(u64, target)
			     __field(u64, actual)),
	    TP_fast_assign(__assign_str(name);
			   __assign_str(state);
			   __assign_str(reason);
			   __entry->target = target;
			   __entry->actual = actual;),
	    TP_printk("%s %s %s target=%llu actual=%llu", __get_str(name),
		      __get_str(state), __get_str(reason), __entry->target,
		      __entry->actual)
);

#endif /* _TRACE_BALLOON_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
