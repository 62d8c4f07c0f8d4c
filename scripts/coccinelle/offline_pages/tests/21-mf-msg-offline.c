// SPDX-License-Identifier: GPL-2.0-only
enum mf_action_page_type {
	MF_MSG_KERNEL,
	MF_MSG_BUDDY,
	MF_MSG_UNKNOWN,
};

enum other_type {
	OTHER_KERNEL,
	OTHER_UNKNOWN,
};
