// SPDX-License-Identifier: GPL-2.0-only
///
/// Pages from alloc_offline_page() and its relatives are frozen and owned: find
/// who throws the result away, gives such a page back by other means than
/// free_offline_page(), or uses its refcount, list or private data.
///
// Confidence: Moderate
// Options: --no-includes --include-headers
// Words: PageOffline|PageMovableOffline|offline_page|page_offline|PG_offline|folio_(set|clear)_offline
// Keywords: alloc_offline_page, free_offline_page, offline pages, balloon

virtual report
virtual org

@ignored@
identifier f =~ "^((alloc|isolate)_offline_page(s|s_bulk|s_contig|_range)?|(adopt|lend)_offline_page|(reserve_offline_page_range|pass_isolated_offline_pages|register_offline_page_owner))$";
position p;
@@
 f@p(...);

@taken exists@
local idexpression E;
expression x;
identifier alloc =~ "^(alloc_offline_page(s|s_contig)?|(next|isolate)_offline_page)$";
identifier bad =~ "^(__free_pages?|put_page|free_reserved_page|free_frozen_pages|folio_put|get_page|page_ref_[a-zA-Z_]*|page_count|set_page_count|init_page_count|set_page_private|page_private|(Set|Clear)?PageDirty|(un|try)?lock_page|adjust_managed_page_count)$";
identifier member =~ "^(lru|mapping|private)$";
position p;
@@
 E = alloc(...)
 ... when != E = x
     when != lend_offline_page(..., E)
(
 bad@p(E, ...)
|
 E->member@p
)

@taken_pfn exists@
local idexpression E;
expression x;
identifier alloc =~ "^alloc_offline_page(s|s_contig)?$";
identifier bad =~ "^(free_contig_(frozen_)?range)$";
position p;
@@
 E = alloc(...)
 ... when != E = x
     when != lend_offline_page(..., E)
 bad@p(page_to_pfn(E), ...)

@range exists@
expression owner, pfn, nr;
identifier bad =~ "^(free_contig_(frozen_)?range)$";
position p;
@@
 alloc_offline_page_range(owner, pfn, nr, ...)
 ... when any
 bad@p(pfn, ...)

@script:python depends on report@
p << ignored.p;
f << ignored.f;
@@
coccilib.report.print_report(p[0], "ERROR: %s() can fail, and what it returns is needed to give pages back" % f)

@script:python depends on org@
p << ignored.p;
f << ignored.f;
@@
coccilib.org.print_todo(p[0], "%s() can fail, and what it returns is needed to give pages back" % f)

@script:python depends on report@
p << taken.p;
@@
coccilib.report.print_report(p[0], "ERROR: the page is offline, frozen and owned: only free_offline_page() or lend_offline_page() end that")

@script:python depends on org@
p << taken.p;
@@
coccilib.org.print_todo(p[0], "the page is offline, frozen and owned: only free_offline_page() or lend_offline_page() end that")

@script:python depends on report@
p << taken_pfn.p;
@@
coccilib.report.print_report(p[0], "ERROR: offline pages go back with free_offline_page_range()")

@script:python depends on org@
p << taken_pfn.p;
@@
coccilib.org.print_todo(p[0], "offline pages go back with free_offline_page_range()")

@script:python depends on report@
p << range.p;
@@
coccilib.report.print_report(p[0], "ERROR: offline pages go back with free_offline_page_range()")

@script:python depends on org@
p << range.p;
@@
coccilib.org.print_todo(p[0], "offline pages go back with free_offline_page_range()")
