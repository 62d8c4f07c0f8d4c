// SPDX-License-Identifier: GPL-2.0-only
///
/// Only mm/offline_pages.c makes pages offline and looks after their state:
/// find who sets or clears PageOffline() and its flags by hand, uses what is
/// for mm only, or relies on refcount, list, private data, dirty flag or
/// managed pages of a page that is offline.
///
// Confidence: High
// Options: --no-includes --include-headers
// Words: PageOffline|PageMovableOffline|offline_page|page_offline|PG_offline|folio_(set|clear)_offline|generic_online_page
// Keywords: PageOffline, __SetPageOffline, offline pages, balloon

virtual report
virtual org

@initialize:python@
@@
import os

CORE = ("mm/offline_pages.c", "include/linux/offline_pages.h",
        "lib/tests/offline_pages_kunit.c", "lib/tests/balloon_kunit.c",
        "lib/tests/vmw_balloon_kunit.c", "lib/tests/balloon_hostile.h")
DUMP = CORE + ("mm/debug.c",)
BITS = CORE + ("kernel/vmcore_info.c",)
KEXEC = CORE + ("arch/x86/coco/sev/core.c",)
MM = CORE + ("mm/mm_init.c", "mm/page_alloc.c", "mm/memory_hotplug.c",
             "mm/compaction.c", "mm/memory-failure.c")

def told(pos, message, allowed):
    """Report it, except in the files that may do it."""
    # With M=, the name is relative to that directory.
    path = os.path.abspath(pos[0].file)
    if not any(path.endswith("/" + name) for name in allowed):
        show(pos, message)

@script:python depends on report@
@@
def show(pos, message):
    coccilib.report.print_report(pos[0], "WARNING: " + message)

@script:python depends on org@
@@
def show(pos, message):
    coccilib.org.print_todo(pos[0], message)

// By hand.

@mark@
expression E;
position p;
@@
(
 __SetPageOffline@p(E)
|
 __ClearPageOffline@p(E)
|
 __folio_set_offline@p(E)
|
 __folio_clear_offline@p(E)
|
 page_offline_begin@p()
|
 page_offline_trybegin@p()
|
 page_offline_end@p()
)

@script:python@
p << mark.p;
@@
told(p, "PageOffline() is set and cleared by the core only, see linux/offline_pages.h", CORE)

@bits@
identifier bit =~ "^PG_offline_(onlined|skippable|movable)$";
expression E;
identifier f;
position p;
@@
 f(bit@p, E)

@script:python@
p << bits.p;
bit << bits.bit;
@@
told(p, bit + " is an alias: use the tests in linux/offline_pages.h, and let the core change it", BITS)

@mm_only@
expression E;
position p;
@@
(
 init_offline_page@p(E)
|
 online_offline_page@p(E)
|
 offline_page_to_memmap@p(E)
|
 __offline_page_leave@p(E)
|
 offline_page_set_canary@p(E)
|
 offline_page_end_canary@p(E)
|
 poison_offline_page@p(E)
|
 soft_offline_movable_page@p(E)
|
 isolate_offline_page_run@p(...)
|
 putback_offline_page_batch@p(...)
|
 migrate_offline_page_batch@p(...)
|
 migrate_offline_page_range@p(...)
)

@script:python@
p << mm_only.p;
@@
told(p, "this is for mm, drivers keep, isolate, put back and free the pages they own", MM)

@kexec@
expression E;
position p;
@@
 mark_kexec_page_offline@p(E)

@script:python@
p << kexec.p;
@@
told(p, "this is for pages that crash on access after kexec: drivers own their pages, see alloc_offline_page()", KEXEC)

// What an offline page does not have.

@known@
expression E, x;
identifier use =~ "^(page_count|page_ref_[a-zA-Z_]*|set_page_count|init_page_count|(try_)?get_page[a-zA-Z_]*|put_page[a-zA-Z_]*|(__)?(Test)?(Set|Clear)?PageDirty|set_page_dirty|page_private|set_page_private|adjust_managed_page_count|(un|try)?lock_page)$";
identifier member =~ "^(lru|mapping|private|memcg_data)$";
position p;
@@
(
 PageOffline(E) && <+... use@p(E, ...) ...+>
|
 x && PageOffline(E) && <+... use@p(E, ...) ...+>
|
 <+... use@p(E, ...) ...+> && PageOffline(E)
|
 !PageOffline(E) || <+... use@p(E, ...) ...+>
|
 x || !PageOffline(E) || <+... use@p(E, ...) ...+>
|
 <+... use@p(E, ...) ...+> || !PageOffline(E)
|
 PageOffline(E) && <+... E->member@p ...+>
|
 x && PageOffline(E) && <+... E->member@p ...+>
|
 <+... E->member@p ...+> && PageOffline(E)
|
 !PageOffline(E) || <+... E->member@p ...+>
|
 x || !PageOffline(E) || <+... E->member@p ...+>
|
 <+... E->member@p ...+> || !PageOffline(E)
)

@script:python@
p << known.p;
@@
told(p, "an offline page is frozen and only has type and flags: nothing else says anything about it", DUMP)

@branch exists@
expression E;
identifier use =~ "^(page_count|page_ref_[a-zA-Z_]*|set_page_count|init_page_count|(try_)?get_page[a-zA-Z_]*|put_page[a-zA-Z_]*|(__)?(Test)?(Set|Clear)?PageDirty|set_page_dirty|page_private|set_page_private|adjust_managed_page_count|(un|try)?lock_page)$";
position p;
@@
 if (\(PageOffline(E)\|PageMovableOffline(E)\|PageOfflineSkippable(E)\|PageOfflineNeverOnlined(E)\)) {
 	<+...
 	use@p(E, ...)
 	...+>
 }

@script:python@
p << branch.p;
@@
told(p, "an offline page is frozen and only has type and flags: nothing else says anything about it", DUMP)

@member exists@
expression E;
identifier member =~ "^(lru|mapping|private|memcg_data)$";
position p;
@@
 if (\(PageOffline(E)\|PageMovableOffline(E)\|PageOfflineSkippable(E)\|PageOfflineNeverOnlined(E)\)) {
 	<+...
 	E->member@p
 	...+>
 }

@script:python@
p << member.p;
@@
told(p, "an offline page is frozen and only has type and flags: nothing else says anything about it", DUMP)

// Left for pages that are not offline: what follows is for those that are,
// until something ends that.
@early exists@
idexpression E;
expression x;
identifier use =~ "^(page_count|page_ref_[a-zA-Z_]*|set_page_count|init_page_count|(try_)?get_page[a-zA-Z_]*|put_page[a-zA-Z_]*|(__)?(Test)?(Set|Clear)?PageDirty|set_page_dirty|page_private|set_page_private|adjust_managed_page_count|(un|try)?lock_page)$";
identifier ends =~ "^((__)?ClearPageOffline|__offline_page_leave|(online|free|lend)_offline_page|free_isolated_offline_page|offline_page_to_memmap|generic_online_page)$";
identifier l;
position p;
@@
 if (\(!PageOffline(E)\|!PageOffline(E) || x\|x || !PageOffline(E)\))
(
 { ... return ...; }
|
 { ... return; }
|
 { ... continue; }
|
 { ... goto l; }
)
 ... when != E = x
     when != E++
     when != ++E
     when != ends(..., E, ...)
     when != ends(E, ...)
 use@p(E, ...)

@script:python@
p << early.p;
@@
told(p, "an offline page is frozen and only has type and flags: nothing else says anything about it", DUMP)

@early_member exists@
idexpression E;
expression x;
identifier word =~ "^(lru|mapping|private|memcg_data)$";
identifier ends =~ "^((__)?ClearPageOffline|__offline_page_leave|(online|free|lend)_offline_page|free_isolated_offline_page|offline_page_to_memmap|generic_online_page)$";
identifier l;
position p;
@@
 if (\(!PageOffline(E)\|!PageOffline(E) || x\|x || !PageOffline(E)\))
(
 { ... return ...; }
|
 { ... return; }
|
 { ... continue; }
|
 { ... goto l; }
)
 ... when != E = x
     when != E++
     when != ++E
     when != ends(..., E, ...)
     when != ends(E, ...)
 E->word@p

@script:python@
p << early_member.p;
@@
told(p, "an offline page is frozen and only has type and flags: nothing else says anything about it", DUMP)

@dirty@
expression E;
statement S;
position p;
@@
(
 if (PageDirty@p(E)) {
 	<+... generic_online_page(...) ...+>
 }
|
 if (PageDirty@p(E)) {
 	<+... generic_online_page(...) ...+>
 } else S
)

@dirty_then@
expression E;
position p != dirty.p;
@@
 \(SetPageDirty@p(E)\|ClearPageDirty@p(E)\)
 ...
 PageOffline(E)

@script:python@
p << dirty_then.p;
@@
told(p, "PageOfflineNeverOnlined() says that a page has to be onlined, and free_offline_page() does it", CORE)

@script:python@
p << dirty.p;
@@
told(p, "PageOfflineNeverOnlined() says that a page has to be onlined, and free_offline_page() does it", CORE)
