// SPDX-License-Identifier: GPL-2.0-only
///
/// The collaborative memory manager is an owner of offline pages as long as
/// the module is there. Pages that are on their way when it wants to have them
/// all come back to it, or are poisoned: it waits for them, but not for ever. A
/// page that the hypervisor does not give back stays loaned.
///
// Confidence: High
// Options: --no-includes --include-headers

@done@
@@
 register_offline_page_owner(...)

@rename@
symbol b_dev_info;
@@
-b_dev_info
+cmm_owner

@declare@
symbol b_dev_info;
@@
-static struct offline_page_owner b_dev_info;
+static struct offline_page_owner cmm_owner;

@leave@
identifier f;
expression count, nb;
@@
 f(void)
 {
 ...
 unregister_memory_notifier(nb);
-cmm_free_pages(count);
+cmm_free_all_pages();
+unregister_offline_page_owner(&cmm_owner);
 ...
 }

@empty@
symbol loaned_pages;
@@
-cmm_free_pages(atomic_long_read(&loaned_pages));
+cmm_free_all_pages();

// What undoes a loan can be refused as well.
@undo_loan depends on !done@
expression rc, more, address;
expression init, step;
@@
 for (init; rc && more; step)
-	plpar_hcall_norets(H_PAGE_INIT, H_PAGE_SET_ACTIVE, address, 0);
+	if (plpar_hcall_norets(H_PAGE_INIT, H_PAGE_SET_ACTIVE, address, 0))
+		rc = 0;

@refused depends on !done@
identifier nr, pg;
symbol cmm_owner;
statement S;
@@
 cmm_free_pages(long nr)
 {
+	unsigned long refused[CMM_MAX_REFUSED];
+	unsigned int nr_refused = 0;
 	struct page *pg;
 	...
 	while (nr) {
 		pg = isolate_offline_page(&cmm_owner);
 		if (!pg) S
-		plpar_page_set_active(pg);
+		if (plpar_page_set_active(pg)) {
+			/* Not before the others, or it is found again. */
+			refused[nr_refused++] = page_to_pfn(pg);
+			if (nr_refused == CMM_MAX_REFUSED)
+				break;
+			continue;
+		}
 		free_isolated_offline_page(&cmm_owner, pg);
 		...
 	}
+	putback_offline_pages_bulk(&cmm_owner, nr_refused, refused);
 	...
 }

@poisoned depends on !done@
identifier f = cmm_free_pages;
@@
 static long f(...) { ... }
+
+static void cmm_poisoned(struct offline_page_owner *owner, struct page *page)
+{
+	/* It stays where it is, loaned for ever. */
+	atomic_long_dec(&loaned_pages);
+}

@free_all depends on !done@
identifier f = cmm_free_pages;
@@
 static long f(...) { ... }
+
+static void cmm_free_all_pages(void)
+{
+	unsigned int tries = 0;
+	long left;
+
+	/* Some may be on their way from one place to another. */
+	while ((left = cmm_free_pages(atomic_long_read(&loaned_pages)))) {
+		if (++tries == CMM_FREE_TRIES)
+			break;
+		fsleep(CMM_FREE_DELAY_US);
+	}
+	if (left)
+		pr_warn("cmm: %ld pages stay loaned, they did not come back\n",
+			left);
+}

@migrate depends on !done@
identifier f = cmm_migratepage;
identifier old, to, from, mode;
@@
-static int f(struct offline_page_owner *old, struct page *to, struct page *from, enum migrate_mode mode)
+static enum offline_page_moved cmm_migratepage(struct page *to, struct page *from)
 {
 	if (plpar_page_set_loaned(to)) {
 		...
-		return -EBUSY;
+		return OFFLINE_PAGE_KEPT;
 	}
-	plpar_page_set_active(from);
-	return 0;
+	if (!plpar_page_set_active(from))
+		return OFFLINE_PAGE_MOVED;
+	if (!plpar_page_set_active(to))
+		return OFFLINE_PAGE_KEPT;
+
+	/* Neither comes back. */
+	atomic_long_inc(&loaned_pages);
+	return OFFLINE_PAGE_ADDED;
 }
+
+static int cmm_migrate(struct offline_page_owner *owner, unsigned int nr,
+		       const unsigned long *dst, const unsigned long *src,
+		       u8 *result, enum migrate_mode mode)
+{
+	int ret = 0;
+
+	while (nr--) {
+		result[nr] = cmm_migratepage(pfn_to_page(dst[nr]),
+					     pfn_to_page(src[nr]));
+		/* There is no use in trying again now. */
+		if (result[nr] != OFFLINE_PAGE_MOVED)
+			ret = -EBUSY;
+	}
+	return ret;
+}

@movable depends on !done@
identifier fn, balloon_ops;
@@
 static const struct offline_page_ops balloon_ops = {
-	.migrate_one = fn,
+	.migrate = cmm_migrate,
+	.poisoned = cmm_poisoned,
 };

@not_movable@
identifier balloon_ops;
@@
-static const struct offline_page_ops balloon_ops;
+static const struct offline_page_ops balloon_ops = {
+	.poisoned = cmm_poisoned,
+};

// The label comes first: without it, nobody sees where the next rule leads.
@undo depends on !done@
expression nb, rc;
@@
 unregister_oom_notifier(nb);
+out_owner:
+unregister_offline_page_owner(&cmm_owner);
 return rc;

@enter@
expression owner, rc, table;
@@
-if (IS_ENABLED(CONFIG_BALLOON_MIGRATION))
 	owner.ops = table;
+
+rc = register_offline_page_owner(&owner);
+if (rc)
+	return rc;
 ...
 rc = register_oom_notifier(...);
 if (rc < 0)
-	return rc;
+	goto out_owner;
