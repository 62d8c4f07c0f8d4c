// SPDX-License-Identifier: GPL-2.0-only
///
/// The readers of /proc/kpage* hold memory hotplug off while they look at a
/// page: until then nothing keeps the page's memory map from being removed
/// between pfn_to_online_page() and the look. They let go of it before they
/// write to the reader's buffer, which may take as long as user space likes.
/// kpage_begin() stands there already.
///
// Confidence: High
// Options: --no-includes --include-headers

@hold@
identifier f =~ "^kpage.*read$";
identifier ret, file;
expression more, page, pfn, entry, out;
@@
 f(struct file *file, ...)
 {
 ...
 while (more) {
 ...
-	page = pfn_to_online_page(pfn);
+	page = kpage_begin(pfn);
+	if (IS_ERR(page)) {
+		ret = PTR_ERR(page);
+		break;
+	}
 ...
+	put_online_mems();
 	if (put_user(entry, out)) {
 		ret = -EFAULT;
 		break;
 	}
 ...
 }
 ...
 }

// The look is part of what is written.
@opt_hold_split@
identifier f =~ "^kpage.*read$";
identifier fn, page, ret, file;
expression more, pfn, out;
@@
 f(struct file *file, ...)
 {
 ...
 while (more) {
 	struct page *page =
-			pfn_to_online_page(pfn);
+			kpage_begin(pfn);
+	u64 entry;
+
+	if (IS_ERR(page)) {
+		ret = PTR_ERR(page);
+		break;
+	}
+	entry = fn(page);
+	put_online_mems();
+	if (put_user(entry, out)) {
-	if (put_user(fn(page), out)) {
 		ret = -EFAULT;
 		break;
 	}
 ...
 }
 ...
 }
