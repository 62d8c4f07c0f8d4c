// SPDX-License-Identifier: GPL-2.0-only
///
/// The readers of /proc/kpage* hold memory hotplug off while they look at
/// pages: until then nothing keeps a page's memory map from being removed
/// between pfn_to_online_page() and the look. They let go of it before they
/// wait for the reader's buffer, which may take as long as user space likes,
/// and now and then for those who wait to take memory on or off: that is
/// kpage_put_entry(), which stands there already.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
 kpage_put_entry(...)

@hold depends on !has@
identifier f =~ "^kpage.*read$";
expression more, pfn;
@@
 f(struct file *file, ...)
 {
 <...
+	get_online_mems();
 	while (more) {
 		<+...
 		pfn_to_online_page(pfn)
 		...+>
 	}
+	put_online_mems();
 ...>
 }

@put depends on hold@
identifier f =~ "^kpage.*read$";
expression entry, out;
@@
 f(struct file *file, ...)
 {
 <...
-	put_user
+	kpage_put_entry
 		(entry, out)
 ...>
 }
