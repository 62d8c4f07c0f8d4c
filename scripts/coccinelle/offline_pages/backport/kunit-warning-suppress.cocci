// SPDX-License-Identifier: GPL-2.0-only
///
/// A test cannot hide the warning that it provokes: let it be seen, and leave
/// what the test expects as it is.
///
// When: not include/kunit/test.h /\bkunit_warning_suppress\b/
// Files: lib/tests/offline_pages_kunit.c

@suppress@
iterator name kunit_warning_suppress;
@@
-kunit_warning_suppress(...) {
 ...
-}
