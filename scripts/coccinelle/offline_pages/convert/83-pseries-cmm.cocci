// SPDX-License-Identifier: GPL-2.0-only
///
/// The collaborative memory manager is an owner of offline pages as long as
/// the module is there. Pages that are on their way when it wants to have them
/// all come back to it, or are poisoned: it waits for them.
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
+	/* Some may be on their way from one place to another. */
+	while (cmm_free_pages(atomic_long_read(&loaned_pages)))
+		fsleep(1000);
+}

@migrate@
identifier f = cmm_migratepage;
symbol b_dev_info;
@@
 f(
-struct offline_page_owner *b_dev_info,
+struct offline_page_owner *owner,
 ...) { ... }

@movable depends on !done@
identifier fn, balloon_ops;
@@
 static const struct offline_page_ops balloon_ops = {
 	.migrate_one = fn,
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
