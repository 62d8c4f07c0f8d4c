// SPDX-License-Identifier: GPL-2.0-only
///
/// Port a balloon driver from linux/balloon.h, or linux/balloon_compaction.h,
/// to offline pages. In patch mode it changes the driver: run it once. In
/// report mode it tells what has to be looked at, before or after that.
/// Documentation/driver-api/offline_pages_porting.rst has the whole way.
///
// Confidence: Moderate
// Options: --no-includes --include-headers
// Keywords: balloon_page_alloc, balloon_page_enqueue, balloon_page_dequeue, offline pages, balloon

virtual patch
virtual report

@initialize:python@
@@
PORTING = "see Documentation/driver-api/offline_pages_porting.rst"
first = set()
lines = {}

def is_first(what, pos):
    """True once for each file."""
    key = (what, pos[0].file)
    if key in first:
        return False
    first.add(key)
    return True

def lowest(f, pos):
    key = (f, pos[0].file)
    lines[key] = min(int(pos[0].line), lines.get(key, int(pos[0].line)))

def is_lowest(f, pos):
    return int(pos[0].line) == lines[(f, pos[0].file)]

def note(pos, text):
    coccilib.report.print_report(pos[0], text)

@old depends on patch@
@@
(
#include <linux/balloon.h>
|
#include <linux/balloon_compaction.h>
)

@old_612 depends on patch@
@@
#include <linux/balloon_compaction.h>

// Which balloon a function is about, if it is not said there.

@member depends on old@
identifier S, b;
@@
 struct S {
 ...
 struct balloon_dev_info b;
 ...
 };

@single depends on old@
identifier g;
@@
 static struct balloon_dev_info g;

@about depends on old exists@
identifier f;
expression b;
@@
 f(...)
 {
 ... when any
(
 balloon_page_enqueue(b, ...)
|
 balloon_page_dequeue(b)
|
 balloon_page_list_enqueue(b, ...)
|
 balloon_page_list_dequeue(b, ...)
)
 ... when any
 }

// The first function that takes a page.

@taker depends on old@
identifier f;
position p;
@@
 f@p(...) { <+... balloon_page_alloc() ...+> }

@script:python@
p << taker.p;
@@
if not is_first("alloc", p):
    cocci.include_match(False)

// Linux 6.12: each driver counts the pages that are managed. In the new
// interface, one field of the owner says whether anybody does.

@counted depends on old_612 exists@
expression pg;
@@
 adjust_managed_page_count(pg, -1);

@lent depends on old_612 exists@
expression b, pg, may_use;
@@
 balloon_page_enqueue(b, pg);
 ... when any
 if (!may_use)
 	adjust_managed_page_count(pg, -1);

@opt_count_moved depends on old_612@
expression dst, src;
@@
-if (\(page_zone(src) != page_zone(dst)\|... && page_zone(src) != page_zone(dst)\)) {
-	adjust_managed_page_count(src, 1);
-	adjust_managed_page_count(dst, -1);
-}

@opt_count_if depends on old_612@
expression E, pg;
@@
(
-if (E) adjust_managed_page_count(pg, 1);
|
-if (E) adjust_managed_page_count(pg, -1);
)

@opt_count depends on old_612@
expression pg;
@@
(
-adjust_managed_page_count(pg, 1);
|
-adjust_managed_page_count(pg, -1);
)

// Pages that the host did not take, and that were not in the balloon yet.

@take depends on old exists@
expression b;
identifier f, pg;
position p;
@@
 f(...)
 {
 ... when any
(
 pg = balloon_page_alloc@p();
|
 struct page *pg = balloon_page_alloc@p();
)
 ... when any
 balloon_page_enqueue(b, pg);
 ... when any
 }

@refused exists@
expression take.b;
identifier take.pg;
position take.p;
@@
(
 pg = balloon_page_alloc@p();
|
 struct page *pg = balloon_page_alloc@p();
)
 ... when any
     when != balloon_page_enqueue(b, pg)
     when != pg = balloon_page_alloc()
(
-__free_page(pg);
+free_isolated_offline_page(b, pg);
|
-put_page(pg);
+free_isolated_offline_page(b, pg);
)

@leave depends on old exists@
expression b, E;
identifier pg;
@@
(
 pg = balloon_page_dequeue(b);
|
 struct page *pg = balloon_page_dequeue(b);
)
 ... when any
     when != pg = E
(
-__free_page(pg);
+free_isolated_offline_page(b, pg);
|
-put_page(pg);
+free_isolated_offline_page(b, pg);
)

// Lists of pages become arrays of page frame numbers. An array has an end.

@listed depends on old exists@
identifier f, pages;
declarer name LIST_HEAD;
symbol lru;
expression pg;
@@
 f(...)
 {
 ... when any
 LIST_HEAD(pages);
 ... when any
(
 list_add(&pg->lru, &pages)
|
 list_add_tail(&pg->lru, &pages)
|
 balloon_page_push(&pages, pg)
|
 balloon_page_list_dequeue(..., &pages, ...)
)
 ... when any
 }

@array exists@
identifier listed.f, listed.pages;
declarer name LIST_HEAD;
expression want, most, x;
type T;
statement S;
fresh identifier pfns = pages ## "_pfns";
fresh identifier nr = pages ## "_nr";
@@
 f(...)
 {
 ... when any
-LIST_HEAD(pages);
+unsigned long pfns[64];
+unsigned int nr = 0;
 ... when any
     when != want = x
(
-want = min(want, most);
+want = min3(want, most, ARRAY_SIZE(pfns));
 ... when any
 for (...; <+... want ...+>; ...) S
|
-want = min_t(T, want, most);
+want = min3((size_t)want, (size_t)most, ARRAY_SIZE(pfns));
 ... when any
 for (...; <+... want ...+>; ...) S
|
-want = min(want, most);
+want = min3(want, most, ARRAY_SIZE(pfns));
 ... when any
 while (<+... want ...+>) S
|
-want = min_t(T, want, most);
+want = min3((size_t)want, (size_t)most, ARRAY_SIZE(pfns));
 ... when any
 while (<+... want ...+>) S
|
 balloon_page_list_dequeue(..., &pages, ...)
)
 ... when any
 }

@list_dequeue@
identifier listed.f, listed.pages, array.pfns, array.nr;
expression b, want, got;
@@
 f(...)
 {
 <...
(
-got = balloon_page_list_dequeue(b, &pages, want);
+nr = isolate_offline_pages_bulk(b, min_t(size_t, want, ARRAY_SIZE(pfns)), pfns);
+got = nr;
|
-balloon_page_list_dequeue(b, &pages, want);
+nr = isolate_offline_pages_bulk(b, min_t(size_t, want, ARRAY_SIZE(pfns)), pfns);
|
+nr =
-balloon_page_list_dequeue(b, &pages, want)
+isolate_offline_pages_bulk(b, min_t(size_t, want, ARRAY_SIZE(pfns)), pfns)
)
 ...>
 }

@list_enqueue@
identifier listed.f, listed.pages, array.pfns, array.nr;
expression b;
@@
 f(...)
 {
 <...
-balloon_page_list_enqueue(b, &pages);
+putback_offline_pages_bulk(b, nr, pfns);
 ...>
 }

@add@
identifier listed.f, listed.pages, array.pfns, array.nr;
expression pg;
@@
 f(...)
 {
 <...
(
-list_add(&pg->lru, &pages)
+pfns[nr++] = page_to_pfn(pg)
|
-list_add_tail(&pg->lru, &pages)
+pfns[nr++] = page_to_pfn(pg)
|
-balloon_page_push(&pages, pg)
+pfns[nr++] = page_to_pfn(pg)
)
 ...>
 }

@released@
identifier listed.f, listed.pages, array.pfns, array.nr, pg, next;
expression about.b;
iterator name list_for_each_entry_safe;
@@
 f(...)
 {
 <...
(
-list_for_each_entry_safe(pg, next, &pages, lru) {
-	list_del(&pg->lru);
-	\(put_page(pg);\|__free_page(pg);\)
-}
+free_isolated_offline_pages_bulk(b, nr, pfns);
|
-while ((pg = balloon_page_pop(&pages))) \(put_page(pg);\|__free_page(pg);\)
+free_isolated_offline_pages_bulk(b, nr, pfns);
)
 ...>
 }

@consumed@
identifier listed.f, listed.pages, array.pfns, array.nr, pg, next;
iterator name list_for_each_entry_safe;
@@
 f(...)
 {
 <...
(
-list_for_each_entry_safe(pg, next, &pages, lru)
+while (nr)
 {
-	list_del(&pg->lru);
+	pg = pfn_to_page(pfns[--nr]);
 	...
 }
|
-while ((pg = balloon_page_pop(&pages)))
+while (nr)
 {
+	pg = pfn_to_page(pfns[--nr]);
 	...
 }
)
 ...>
 }

@looked_at@
identifier listed.f, listed.pages, array.pfns, array.nr, pg;
iterator name list_for_each_entry;
statement S;
fresh identifier i = pages ## "_i";
@@
 f(...)
 {
 ... when any
 unsigned int nr = 0;
+unsigned int i;
 <+...
-list_for_each_entry(pg, &pages, lru) S
+i = 0;
+while (i < nr) {
+	pg = pfn_to_page(pfns[i++]);
+	S
+}
 ...+>
 }

@freed exists@
identifier listed.f, array.pfns, array.nr, pg;
expression about.b, E;
@@
 f(...)
 {
 ... when any
 pg = pfn_to_page(pfns[--nr]);
 ... when any
     when != pg = E
     when != balloon_page_enqueue(b, pg)
(
-put_page(pg);
+free_isolated_offline_page(b, pg);
|
-__free_page(pg);
+free_isolated_offline_page(b, pg);
)
 ... when any
 }

// A function that gives the pages of a list back.

@helper depends on old@
identifier g, l, pg, next, x;
identifier member.S, member.b;
fresh identifier pfns = l ## "_pfns";
fresh identifier nr = l ## "_nr";
iterator name list_for_each_entry_safe;
@@
 g(..., struct S *x,
-struct list_head *l
+const unsigned long *pfns, unsigned int nr
 )
 {
 ...
(
-list_for_each_entry_safe(pg, next, l, lru) {
-	list_del(&pg->lru);
-	\(put_page(pg);\|__free_page(pg);\)
-}
+free_isolated_offline_pages_bulk(&x->b, nr, pfns);
|
-while ((pg = balloon_page_pop(l))) \(put_page(pg);\|__free_page(pg);\)
+free_isolated_offline_pages_bulk(&x->b, nr, pfns);
)
 ...
 }

@helped@
identifier helper.g, listed.f, listed.pages, array.pfns, array.nr;
@@
 f(...)
 {
 <...
 g(...,
-&pages
+pfns, nr
 );
 ...>
 }

// An array that is filled again has to be empty.
@opt_again exists@
identifier listed.f, array.pfns, array.nr;
identifier h;
expression E;
@@
 f(...)
 {
 ... when any
(
 free_isolated_offline_pages_bulk(..., nr, pfns);
+nr = 0;
|
 putback_offline_pages_bulk(..., nr, pfns);
+nr = 0;
|
 h(..., pfns, nr);
+nr = 0;
)
 ... when any
 pfns[nr++] = E
 ... when any
 }

@unused depends on old@
identifier pg, f;
@@
 f(...)
 {
 ... when any
-struct page *pg;
 ... when != pg
     when strict
 }

// Take a page. Who has operations has pages that can move.

@take_page@
identifier taker.f;
parameter list P;
type T;
@@
+static struct page *alloc_balloon_page(struct offline_page_owner *owner)
+{
+	const gfp_t gfp = __GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN;
+
+	if (owner->ops && owner->ops->migrate_one)
+		return alloc_offline_page(owner, GFP_HIGHUSER_MOVABLE | gfp,
+					  NUMA_NO_NODE, OFFLINE_PAGE_MOVABLE |
+					  OFFLINE_PAGE_ISOLATED);
+	return alloc_offline_page(owner, GFP_HIGHUSER | gfp, NUMA_NO_NODE,
+				  OFFLINE_PAGE_ISOLATED);
+}
+
 static T f(P) { ... }

@alloc depends on old@
identifier about.f;
expression about.b;
@@
 f(...)
 {
 <...
-balloon_page_alloc()
+alloc_balloon_page(b)
 ...>
 }

@opt_alloc_member depends on old@
identifier f, x;
identifier member.S, member.b;
@@
 f(..., struct S *x, ...)
 {
 <...
-balloon_page_alloc()
+alloc_balloon_page(&x->b)
 ...>
 }

@opt_alloc_global depends on old@
identifier single.g;
@@
-balloon_page_alloc()
+alloc_balloon_page(&g)

@enqueue depends on old@
expression b, pg;
@@
-balloon_page_enqueue(b, pg)
+putback_offline_page(b, pg)

@dequeue depends on old@
expression b;
@@
-balloon_page_dequeue(b)
+isolate_offline_page(b)

// Migration: what the core does now goes. In Linux 6.12, each driver did it.

@assigned depends on old@
expression b;
identifier fn;
@@
 b.migratepage = fn

@opt_moved@
identifier assigned.fn, dst, src, info, mode;
expression E;
@@
 fn(struct balloon_dev_info *info, struct page *dst, struct page *src, enum migrate_mode mode)
 {
 <...
(
-get_page(dst);
|
-put_page(src);
|
-balloon_page_insert(..., dst);
|
-balloon_page_finalize(src);
|
-__count_vm_event(\(BALLOON_MIGRATE\|BALLOON_DEFLATE\));
|
-E->isolated_pages--;
|
-E.isolated_pages--;
|
-spin_lock_irqsave(\(&E->pages_lock\|&E.pages_lock\), ...);
|
-spin_unlock_irqrestore(\(&E->pages_lock\|&E.pages_lock\), ...);
|
-MIGRATEPAGE_SUCCESS
+0
)
 ...>
 }

@opt_no_flags@
identifier assigned.fn, flags;
@@
 fn(...)
 {
 ... when any
-unsigned long flags;
 ... when != flags
     when strict
 }

@has_ops@
identifier assigned.fn, info, dst, src, mode;
@@
 fn(
-struct balloon_dev_info *info,
+struct offline_page_owner *info,
 struct page *dst, struct page *src, enum migrate_mode mode)
 { ... }
+
+static const struct offline_page_ops balloon_page_ops = {
+	.migrate_one = fn,
+};

// Where the function does not exist, its operations are empty.
@opt_no_ops@
identifier assigned.fn;
type T;
@@
-T fn(...);
+static const struct offline_page_ops balloon_page_ops;

@operations@
expression b;
identifier assigned.fn;
@@
-b.migratepage = fn
+b.ops = &balloon_page_ops

// The owner. It is registered before anything that fails after it is set up,
// and leaves before its memory is freed; or else with the module.

@adjusts depends on old@
expression b;
symbol true;
@@
 b.adjust_managed_page_count = true

@opt_never depends on old && !adjusts && !counted@
expression b;
@@
-balloon_devinfo_init(&b);
+init_offline_page_owner(&b, KBUILD_MODNAME);
+b.balloon = true;
+b.stays_managed = true;

@opt_lent depends on old && !adjusts@
expression b, lent.may_use;
@@
-balloon_devinfo_init(&b);
+init_offline_page_owner(&b, KBUILD_MODNAME);
+b.balloon = true;
+b.stays_managed = may_use;

@init depends on old@
expression b;
@@
-balloon_devinfo_init(&b);
+init_offline_page_owner(&b, KBUILD_MODNAME);
+b.balloon = true;

@opt_sometimes depends on old disable paren@
expression b, may_use;
@@
-if (!(may_use))
-	b.adjust_managed_page_count = true;
+b.stays_managed = may_use;

@opt_at_times depends on old@
expression b, may_use;
@@
-if (!may_use)
-	b.adjust_managed_page_count = true;
+b.stays_managed = may_use;

@opt_always depends on old@
expression b;
@@
-b.adjust_managed_page_count = true;

// Where can setting it up fail first after that?

@setup depends on old exists@
identifier f;
expression b;
identifier err =~ "^(err|error|rc|ret|retval|res|result|status)$";
@@
 f(...)
 {
 ... when any
 int err;
 ... when any
 init_offline_page_owner(b, ...);
 ... when any
 }

@fails exists@
identifier setup.f, L;
expression setup.b, x, E;
position p;
@@
 f(...)
 {
 ... when any
 init_offline_page_owner(b, ...);
 ... when any
 x@p = E;
 if (<+... x ...+>) { ... \(goto L;\|return ...;\) }
 ... when any
 }

@script:python@
p << fails.p;
f << setup.f;
@@
lowest(f, p)

@fails_first exists@
identifier setup.f, L;
expression setup.b, x, E;
position p;
@@
 f(...)
 {
 ... when any
 init_offline_page_owner(b, ...);
 ... when any
 x@p = E;
 if (<+... x ...+>) { ... \(goto L;\|return ...;\) }
 ... when any
 }

@script:python@
p << fails_first.p;
f << setup.f;
@@
if not is_lowest(f, p):
    cocci.include_match(False)

@enter exists@
expression setup.b, x, E;
identifier setup.err, L;
position fails_first.p;
@@
(
+err = register_offline_page_owner(b);
+if (err)
+	goto L;
 x@p = E;
 if (<+... x ...+>) { ... goto L; }
|
+err = register_offline_page_owner(b);
+if (err)
+	return err;
 x@p = E;
 if (<+... x ...+>) { ... return ...; }
)

// A structure that was empty at the start can be unregistered at any time.

@zeroed depends on old exists@
identifier member.S;
struct S *x;
@@
 x = \(kzalloc\|kzalloc_obj\|kvzalloc\|kzalloc_node\)(...)

@opt_gone depends on zeroed@
identifier member.S, member.b;
struct S *x;
@@
(
+unregister_offline_page_owner(&x->b);
 kfree(x);
|
+unregister_offline_page_owner(&x->b);
 kvfree(x);
)

@undone exists@
identifier setup.f, single.g, L;
identifier setup.err;
position p;
@@
 f(...)
 {
 ... when any
 register_offline_page_owner(&g)
 ... when any
 goto L;
 ... when any
 return@p err;
 }

@opt_undo@
identifier single.g;
identifier setup.err;
position undone.p;
@@
+unregister_offline_page_owner(&g);
 return@p err;

@left exists@
identifier setup.f, single.g;
expression e, E;
position p;
@@
 f(...)
 {
 ... when any
 E = register_offline_page_owner(&g);
 if (E) return E;
 ... when any
 if (...) {
 	... when != unregister_offline_page_owner(&g)
(
 	return 0;
|
 	return@p e;
)
 }
 ... when any
 }

@opt_left@
identifier single.g;
expression e;
position left.p;
@@
+unregister_offline_page_owner(&g);
 return@p e;

@exit depends on old@
identifier ex;
declarer name module_exit;
@@
 module_exit(ex);

@opt_leave@
identifier exit.ex, single.g;
statement S;
@@
 ex(...)
 {
 ...
 S
+unregister_offline_page_owner(&g);
 }

@retype depends on old@
@@
-struct balloon_dev_info
+struct offline_page_owner

@opt_include depends on old@
@@
-#include <linux/balloon.h>
+#include <linux/offline_pages.h>

@opt_include_compaction depends on old@
@@
-#include <linux/balloon_compaction.h>
+#include <linux/offline_pages.h>

// What is left to do by hand.

@unported depends on report@
position p;
@@
(
#include <linux/balloon.h>@p
|
#include <linux/balloon_compaction.h>@p
)

@script:python@
p << unported.p;
@@
note(p, "ERROR: balloons own offline pages now: port it, " + PORTING)

@ported depends on report@
position p;
@@
#include <linux/offline_pages.h>@p

// No rule sees what #ifdef is about.

@script:python@
p << ported.p;
@@
with open(p[0].file, encoding="utf-8", errors="replace") as f:
    for number, line in enumerate(f, 1):
        if "CONFIG_BALLOON_COMPACTION" in line:
            print("%s:%d:1-2: ERROR: there is CONFIG_BALLOON_MIGRATION only, %s" % (p[0].file, number, PORTING))

@gone depends on ported && !unported@
expression E;
identifier old_name =~ "^balloon_(page_[a-z_]+|devinfo_init|mapping_gfp_mask)$";
position p;
@@
(
 old_name@p(...)
|
 E->migratepage@p
|
 E.migratepage@p
|
 E->pages_lock@p
|
 E.pages_lock@p
|
 E->isolated_pages@p
|
 E.isolated_pages@p
|
 MIGRATEPAGE_SUCCESS@p
)

@script:python@
p << gone.p;
@@
note(p, "ERROR: this is not there any more, " + PORTING)

@dead depends on ported@
struct page *pg;
position p;
@@
 \(pg->lru@p\|pg->private@p\|pg->mapping@p\)

@script:python@
p << dead.p;
@@
note(p, "WARNING: if this page is offline, it has no list, mapping or private word: keep page frame numbers")

@registered depends on ported@
expression b;
@@
 register_offline_page_owner(b)

@unregistered depends on ported@
expression b;
@@
 unregister_offline_page_owner(b)

@inited depends on ported@
expression b;
position p;
@@
 init_offline_page_owner@p(b, ...)

@script:python depends on !registered@
p << inited.p;
@@
note(p, "ERROR: register the owner here, before its first page, and let errors after that unregister it")

@script:python depends on !unregistered@
p << inited.p;
@@
note(p, "ERROR: unregister the owner when its last page is back, before its memory is freed")

@one depends on ported@
identifier ops, fn;
position p;
@@
 struct offline_page_ops ops@p = { .migrate_one = fn, };

@poisoned depends on ported@
identifier ops, fn;
@@
 struct offline_page_ops ops = { .poisoned = fn, };

@script:python depends on !poisoned@
p << inited.p;
@@
note(p, "WARNING: give the owner ops with poisoned(), which counts a page less: it never comes back")

@script:python@
p << one.p;
@@
note(p, "WARNING: migrate() can do many pages with one message to the host")

@spins depends on ported@
expression E;
identifier f;
position p;
@@
(
 while@p (E) f(..., E);
|
 while@p (E) { f(..., E); }
)

@script:python@
p << spins.p;
@@
note(p, "WARNING: pages on their way somewhere else are not there for the moment: wait before the next try")

@spins_at_end depends on ported@
expression E, b;
identifier f;
position p != spins.p;
@@
(
 while@p (E) f(...);
|
 while@p (E) { f(...); }
)
 ... when any
 unregister_offline_page_owner(b)

@script:python@
p << spins_at_end.p;
@@
note(p, "WARNING: pages on their way somewhere else are not there for the moment: wait before the next try")

@early depends on ported@
identifier free =~ "^((k|kv|v|__)?free(_pages?|_percpu)?|[a-z_]*(_free|unmap|destroy)[a-z_]*)$";
expression b;
position p;
@@
 free@p(...);
 ... when any
 unregister_offline_page_owner(b)

@script:python@
p << early.p;
@@
note(p, "WARNING: migrate() and poisoned() may be called until the owner is unregistered: do they use this?")

@array_size depends on ported@
identifier a =~ "_pfns$";
position p;
@@
 unsigned long a@p[64];

@script:python@
p << array_size.p;
a << array_size.a;
@@
note(p, "WARNING: %s[] limits what is done at a time; for more, make it a field of the device with a lock" % a)

@single_take depends on ported@
expression b;
position p;
@@
(
 for (...;...;...) { <+... alloc_balloon_page@p(b) ...+> }
|
 while (...) { <+... alloc_balloon_page@p(b) ...+> }
)

@script:python@
p << single_take.p;
@@
note(p, "WARNING: alloc_offline_pages_bulk() takes many pages at once")
