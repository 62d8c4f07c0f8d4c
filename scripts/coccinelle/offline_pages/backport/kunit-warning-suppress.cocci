// SPDX-License-Identifier: GPL-2.0-only
///
/// A test cannot hide the warning that it provokes: let it be seen, and know
/// that it was meant to be.
///
// When: not include/kunit/test.h /\bkunit_warning_suppress\b/
// Files: lib/tests/offline_pages_kunit.c

@suppress@
iterator name kunit_warning_suppress;
symbol t, TAINT_WARN;
@@
-kunit_warning_suppress(...) {
 ...
-}
+t->warned = test_taint(TAINT_WARN);
