// SPDX-License-Identifier: GPL-2.0-only
///
/// What generates the parameters of a test is not told which test it is.
///
// When: not include/kunit/test.h /_gen_params\(struct kunit \*test,/
// Files: lib/tests/offline_pages_kunit.c

@call@
expression prev;
@@
 mock_kind_gen_params(
-test,
 prev, desc)

@generator@
identifier desc, f, prev, test;
@@
 const void *f(
-struct kunit *test, const void *prev, char *desc
+const void *prev, char *desc
 )
 { ... }
