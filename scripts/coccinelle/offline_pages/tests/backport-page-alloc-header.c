// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include "internal.h"
#include "page_alloc.h"

int x;
