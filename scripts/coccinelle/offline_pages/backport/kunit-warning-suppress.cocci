// SPDX-License-Identifier: GPL-2.0-only
///
/// A test cannot say that a warning is meant to be: leave out what warns.
///
// When: not include/kunit/test.h /\bkunit_warning_suppress\b/
// Files: lib/tests/offline_pages_kunit.c

@suppress@
iterator name kunit_warning_suppress;
statement S;
@@
-kunit_warning_suppress(...) S
