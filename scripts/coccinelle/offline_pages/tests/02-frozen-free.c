// SPDX-License-Identifier: GPL-2.0-only
void free_unref_page(struct page *page, unsigned int order);
void free_unref_folios(struct folio_batch *folios);

void free_unref_page(struct page *page, unsigned int order)
{
	give(page, order);
}

void __free_pages(struct page *page, unsigned int order)
{
	if (put_page_testzero(page))
		free_unref_page(page, order);
	else
		free_unref_folios(NULL);
}
