"""Excel in, Excel out: the only package that imports Excel libraries."""
