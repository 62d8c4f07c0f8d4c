// SPDX-License-Identifier: GPL-2.0-only
///
/// Only the core turns pages offline: modules have no use for the lock that
/// keeps readers of their contents away.
///
// Confidence: High
// Options: --no-includes --include-headers

@unexport@
declarer name EXPORT_SYMBOL, EXPORT_SYMBOL_GPL;
@@
(
-EXPORT_SYMBOL(page_offline_begin);
|
-EXPORT_SYMBOL(page_offline_end);
|
-EXPORT_SYMBOL_GPL(page_offline_begin);
|
-EXPORT_SYMBOL_GPL(page_offline_end);
)
