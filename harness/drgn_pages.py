# SPDX-License-Identifier: GPL-2.0
"""What drgn sees of offline pages: runs inside it, on a dump, not by itself.

  drgn --no-default-symbols -c DUMP -s TYPES harness/drgn_pages.py VMEMMAP_BASE MAX_PFN

The two are the addresses of the variables of these names; VMEMMAP_BASE is - if the kernel has
no such variable, but one place for it. For each page that is offline by its
type, and for no other, a line: its frame number, references, and whether it is movable (1; 0 on
a kernel that does not know).
"""
# pylint: disable=import-error,undefined-variable
import sys

from drgn import Object

FIXED = 0xffffea0000000000      # Documentation/arch/x86/x86_64/mm.rst, for four levels of tables
vmemmap = Object(prog, "struct page *", value=FIXED) if sys.argv[1] == "-" else \
    Object(prog, "struct page *", address=int(sys.argv[1], 16))
max_pfn = Object(prog, "unsigned long", address=int(sys.argv[2], 16)).value_()


def value_of(enum, name):
    """The value of a name; None on a kernel that does not have it."""
    try:
        return {e.name: e.value for e in prog.type(enum).enumerators}[name]
    except LookupError:
        return None


OFFLINE = value_of("enum pagetype", "PGTY_offline")
MOVABLE = value_of("enum offline_pageflags", "PG_offline_movable")
for pfn in range(max_pfn):
    page = vmemmap[pfn]
    if page.page_type.value_() >> 24 == OFFLINE:
        flags = prog.read_word(page.flags.address_of_().value_())
        print(pfn, page._refcount.counter.value_(), 0 if MOVABLE is None else flags >> MOVABLE & 1)
