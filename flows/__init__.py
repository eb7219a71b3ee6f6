"""Orderdrop: order sheets in, the same workbooks back with an answer beside every row."""
