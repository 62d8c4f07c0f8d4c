// SPDX-License-Identifier: GPL-2.0-only
///
/// Memory failures of offline pages have a name of their own.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
 enum mf_action_page_type { ..., MF_MSG_OFFLINE, ... };

@msg depends on !has@
@@
 enum mf_action_page_type {
 	...,
+	MF_MSG_OFFLINE,
 	MF_MSG_UNKNOWN,
 };
